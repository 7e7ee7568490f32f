use super::*;

/// The functions' tests read the same table.
const ADDRESSES: &str = include_str!("../../../../tests/support/public_addresses.json");

#[test]
fn addresses_are_public_outside_of_the_special_ranges() {
    let table: Vec<(String, bool, String)> = serde_json::from_str(ADDRESSES).unwrap();
    let mut checked = 0;
    for (address, is_public, what) in table.iter().filter(|(address, ..)| !address.contains(':')) {
        assert_eq!(Host::parse(address).unwrap().is_public(), *is_public, "{address}: {what}");
        checked += 1;
    }
    assert!(checked > 40, "{checked}");
    assert!(Host::parse("134744072").unwrap().is_public());
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
