use super::*;

#[test]
fn the_edges_of_the_ranges_are_public() {
    for spelling in [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "134744072",
    ] {
        assert!(Host::parse(spelling).unwrap().is_public(), "{spelling}");
    }
}

#[test]
fn ordinary_names_are_public() {
    for (spelling, name) in [
        ("example.com", "example.com"),
        ("Images.Example.COM.", "images.example.com"),
        ("a_b.example.com", "a_b.example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("notlocalhost.com", "notlocalhost.com"),
        ("my-internal.example.com", "my-internal.example.com"),
        ("10.0.0.1.example.com", "10.0.0.1.example.com"),
        ("0x7f.example", "0x7f.example"),
        ("nip.io.example.com", "nip.io.example.com"),
    ] {
        let host = Host::parse(spelling).unwrap();
        assert!(host.is_public(), "{spelling}");
        assert_eq!(host, Host::Name(name.into()));
    }
}

#[test]
fn what_is_no_host_is_none() {
    let long_label = format!("{}.com", "a".repeat(64));
    let long_name = format!("{}com", "abcdefg.".repeat(32));
    for text in
        ["", ".", "..", "a..b", ".a", "a b", "a/b", "a@b", "a:1", "a%2eb", "ä.de", "a\\b", "[x]"]
            .into_iter()
            .chain([long_label.as_str(), long_name.as_str()])
    {
        assert_eq!(Host::parse(text), None, "{text:?}");
    }
}

#[test]
fn an_allow_list_names_hosts_and_what_is_below_them() {
    let host = |text| Host::parse(text).unwrap();
    assert!(host("images.example.com").matches(" Images.Example.com. "));
    assert!(host("images.example.com").matches("*.example.com"));
    assert!(host("8.8.8.8").matches("134744072"));
    for entry in ["example.com", "*.images.example.com", "*.ample.com", "*", "*.", "", "*.com.x"] {
        assert!(!host("images.example.com").matches(entry), "{entry}");
    }
    assert!(!host("example.com").matches("*.example.com"));
}
