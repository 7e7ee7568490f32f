use super::*;

/// Every way to say "here", "next door" or "the cloud's metadata" that is known to have worked
/// somewhere, and some that should not.
const HOSTILE: &[&str] = &[
    // Loopback as the inet_aton of every C library reads it.
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "2130706433.",
    "0x7f000001",
    "0X7F000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "0x7F.0.0.1",
    "0177.0.0.1",
    "0177.0.0.01",
    "00000177.1",
    "017700000001",
    "0177.0x0.0.1",
    "127.0x000001",
    "0x000000007f.1",
    "0",
    "0.0.0.0",
    "0x0",
    "0x",
    "00",
    "0.1",
    "0.255.255.255",
    // Private networks.
    "10.0.0.1",
    "10.1",
    "012.0.0.1",
    "0xa.0.0.1",
    "167772161",
    "172.16.0.1",
    "172.31.255.255",
    "0xac100001",
    "192.168.0.1",
    "192.168.257",
    "0300.0250.0.1",
    "3232235521",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "100.64.0.1",
    "100.127.255.255",
    "100.100.100.200",
    // Link-local, and the metadata services of the clouds.
    "169.254.169.254",
    "169.254.169.254.",
    "169.254.170.2",
    "169.254.43518",
    "2852039166",
    "0xa9fea9fe",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "0251.254.169.254",
    "025177524776",
    "168.63.129.16",
    // Multicast, reserved, broadcast.
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "0xffffffff",
    "4294967295",
    // Numbers that are no address.
    "256.0.0.1",
    "127.0.0.256",
    "1.2.3.4.5",
    "4294967296",
    "0x1ffffffff",
    "1.16777216",
    "08.8.8.8",
    "0x7g.0.0.1",
    "127..0.1",
    "127.0.0.1..",
    "example.com.0x7f",
    "foo.127",
    // IPv6.
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:a9fe:a9fe]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a00:1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[2001:0:53aa:64c:0:0:80ff:fffe]",
    "[2001:db8::1]",
    "[2001:2::1]",
    "[2001:20::1]",
    "[3fff::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[febf::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[100::1]",
    "[::1",
    "::1",
    "[127.0.0.1]",
    "[2606:4700:4700::1111]",
    // Names.
    "localhost",
    "LOCALHOST.",
    "a.localhost",
    "printer.local",
    "db",
    "kubernetes.default.svc.cluster.local",
    "host.docker.internal",
    "metadata.google.internal",
    "METADATA.GOOGLE.INTERNAL.",
    "metadata.goog",
    "router.home.arpa",
    "1.0.0.127.in-addr.arpa",
    "127.0.0.1.nip.io",
    "a9fea9fe.sslip.io",
    "localtest.me",
    "app.lvh.me",
    // What is no host in ASCII, whatever others make of it.
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "ⓛocalhost",
    "127.0.0.1%00.example.com",
];

#[test]
fn no_spelling_of_a_private_address_is_public() {
    for spelling in HOSTILE {
        let host = Host::parse(spelling);
        assert!(!host.as_ref().is_some_and(Host::is_public), "{spelling} is {host:?}");
    }
}

#[test]
fn no_private_address_gets_past_what_fetch_makes_of_its_spelling() {
    for spelling in HOSTILE {
        let Ok(url) = url::Url::parse(&format!("http://{spelling}/")) else { continue };
        let seen = Host::parse(url.host_str().unwrap());
        assert!(!seen.as_ref().is_some_and(Host::is_public), "{spelling} is {seen:?} to fetch");
    }
}

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
