//! URLs that the functions must not open, each with the reason that its sender gets.

use super::*;

const PRIVATE: &str = "is not a host on the public internet";
const NO_HOST: &str = "has a host that is no name or address in ASCII";
const CREDENTIALS: &str = "has credentials";
const SCHEME: &str = "is neither http nor https";
const RELATIVE: &str = "is not absolute";
const CONTROL: &str = "has control characters";
const PORT: &str = "has a port that is none";

/// Every way to say "here", "beside" or "the cloud's metadata" that is known to have worked
/// somewhere, and some that should not.
const HOSTILE: &[(&str, &str)] = &[
    // Loopback as the inet_aton of every C library reads it.
    ("http://127.0.0.1/", PRIVATE),
    ("http://127.0.0.1./", PRIVATE),
    ("http://127.1/", PRIVATE),
    ("http://127.0.1/", PRIVATE),
    ("http://127.255.255.254/", PRIVATE),
    ("http://2130706433/", PRIVATE),
    ("http://2130706433./", PRIVATE),
    ("http://0x7f000001/", PRIVATE),
    ("http://0X7F000001/", PRIVATE),
    ("http://0x7f.1/", PRIVATE),
    ("http://0x7f.0x0.0x0.0x1/", PRIVATE),
    ("http://0x7F.0.0.1/", PRIVATE),
    ("http://0177.0.0.1/", PRIVATE),
    ("http://0177.0.0.01/", PRIVATE),
    ("http://00000177.1/", PRIVATE),
    ("http://017700000001/", PRIVATE),
    ("http://0177.0x0.0.1/", PRIVATE),
    ("http://127.0x000001/", PRIVATE),
    ("http://0x000000007f.1/", PRIVATE),
    ("http://0/", PRIVATE),
    ("http://0.0.0.0/", PRIVATE),
    ("http://0x0/", PRIVATE),
    ("http://0x/", PRIVATE),
    ("http://00/", PRIVATE),
    ("http://0.1/", PRIVATE),
    ("http://0.255.255.255/", PRIVATE),
    // Private networks.
    ("http://10.0.0.1/", PRIVATE),
    ("http://10.1/", PRIVATE),
    ("http://012.0.0.1/", PRIVATE),
    ("http://0xa.0.0.1/", PRIVATE),
    ("http://167772161/", PRIVATE),
    ("http://172.16.0.1/", PRIVATE),
    ("http://172.31.255.255/", PRIVATE),
    ("http://0xac100001/", PRIVATE),
    ("http://192.168.0.1/", PRIVATE),
    ("http://192.168.257/", PRIVATE),
    ("http://0300.0250.0.1/", PRIVATE),
    ("http://3232235521/", PRIVATE),
    ("http://192.0.0.1/", PRIVATE),
    ("http://192.0.0.192/", PRIVATE),
    ("http://192.0.2.1/", PRIVATE),
    ("http://192.88.99.1/", PRIVATE),
    ("http://198.18.0.1/", PRIVATE),
    ("http://198.19.255.255/", PRIVATE),
    ("http://198.51.100.7/", PRIVATE),
    ("http://203.0.113.9/", PRIVATE),
    ("http://100.64.0.1/", PRIVATE),
    ("http://100.127.255.255/", PRIVATE),
    ("http://100.100.100.200/", PRIVATE),
    // Link-local, and the metadata services of the clouds.
    ("http://169.254.169.254/", PRIVATE),
    ("http://169.254.169.254./", PRIVATE),
    ("http://169.254.170.2/", PRIVATE),
    ("http://169.254.43518/", PRIVATE),
    ("http://2852039166/", PRIVATE),
    ("http://0xa9fea9fe/", PRIVATE),
    ("http://0xa9.0xfe.0xa9.0xfe/", PRIVATE),
    ("http://0251.0376.0251.0376/", PRIVATE),
    ("http://0251.254.169.254/", PRIVATE),
    ("http://025177524776/", PRIVATE),
    ("http://168.63.129.16/", PRIVATE),
    // Multicast, reserved, broadcast.
    ("http://224.0.0.1/", PRIVATE),
    ("http://239.255.255.250/", PRIVATE),
    ("http://240.0.0.1/", PRIVATE),
    ("http://255.255.255.255/", PRIVATE),
    ("http://0xffffffff/", PRIVATE),
    ("http://4294967295/", PRIVATE),
    // Numbers that are no address.
    ("http://256.0.0.1/", NO_HOST),
    ("http://127.0.0.256/", NO_HOST),
    ("http://1.2.3.4.5/", NO_HOST),
    ("http://4294967296/", NO_HOST),
    ("http://0x1ffffffff/", NO_HOST),
    ("http://1.16777216/", NO_HOST),
    ("http://08.8.8.8/", NO_HOST),
    ("http://0x7g.0.0.1/", NO_HOST),
    ("http://127..0.1/", NO_HOST),
    ("http://127.0.0.1../", NO_HOST),
    ("http://example.com.0x7f/", NO_HOST),
    ("http://foo.127/", NO_HOST),
    // IPv6.
    ("http://[::1]/", PRIVATE),
    ("http://[::]/", PRIVATE),
    ("http://[0:0:0:0:0:0:0:1]/", PRIVATE),
    ("http://[0000:0000:0000:0000:0000:0000:0000:0001]/", PRIVATE),
    ("http://[::127.0.0.1]/", PRIVATE),
    ("http://[::ffff:127.0.0.1]/", PRIVATE),
    ("http://[::ffff:7f00:1]/", PRIVATE),
    ("http://[0:0:0:0:0:ffff:a9fe:a9fe]/", PRIVATE),
    ("http://[::ffff:0:127.0.0.1]/", PRIVATE),
    ("http://[64:ff9b::127.0.0.1]/", PRIVATE),
    ("http://[64:ff9b::a9fe:a9fe]/", PRIVATE),
    ("http://[64:ff9b:1::a00:1]/", PRIVATE),
    ("http://[2002:7f00:1::]/", PRIVATE),
    ("http://[2002:a9fe:a9fe::1]/", PRIVATE),
    ("http://[2001:0:53aa:64c:0:0:80ff:fffe]/", PRIVATE),
    ("http://[2001:db8::1]/", PRIVATE),
    ("http://[2001:2::1]/", PRIVATE),
    ("http://[2001:20::1]/", PRIVATE),
    ("http://[3fff::1]/", PRIVATE),
    ("http://[fc00::1]/", PRIVATE),
    ("http://[fd00:ec2::254]/", PRIVATE),
    ("http://[fe80::1]/", PRIVATE),
    ("http://[fe80::1%25eth0]/", NO_HOST),
    ("http://[fe80::1%eth0]/", NO_HOST),
    ("http://[febf::1]/", PRIVATE),
    ("http://[fec0::1]/", PRIVATE),
    ("http://[ff02::1]/", PRIVATE),
    ("http://[100::1]/", PRIVATE),
    ("http://[::1/", NO_HOST),
    ("http://::1/", NO_HOST),
    ("http://[127.0.0.1]/", PRIVATE),
    ("http://[2606:4700:4700::1111]/", PRIVATE),
    // Names.
    ("http://localhost/", PRIVATE),
    ("http://LOCALHOST./", PRIVATE),
    ("http://a.localhost/", PRIVATE),
    ("http://printer.local/", PRIVATE),
    ("http://db/", PRIVATE),
    ("http://kubernetes.default.svc.cluster.local/", PRIVATE),
    ("http://host.docker.internal/", PRIVATE),
    ("http://metadata.google.internal/", PRIVATE),
    ("http://METADATA.GOOGLE.INTERNAL./", PRIVATE),
    ("http://metadata.goog/", PRIVATE),
    ("http://router.home.arpa/", PRIVATE),
    ("http://1.0.0.127.in-addr.arpa/", PRIVATE),
    ("http://127.0.0.1.nip.io/", PRIVATE),
    ("http://a9fea9fe.sslip.io/", PRIVATE),
    ("http://localtest.me/", PRIVATE),
    ("http://app.lvh.me/", PRIVATE),
    // What is no host in ASCII, whatever others make of it.
    ("http://127。0。0。1/", NO_HOST),
    ("http://①②⑦.⓪.⓪.①/", NO_HOST),
    ("http://ⓛocalhost/", NO_HOST),
    ("http://127.0.0.1%00.example.com/", NO_HOST),
    ("http://１２７.0.0.1/", NO_HOST),
    ("http://127．0．0．1/", NO_HOST),
    ("http://127｡0｡0｡1/", NO_HOST),
    ("http://𝟙𝟚𝟟.0.0.1/", NO_HOST),
    ("http://localhos\u{17f}/", NO_HOST),
    ("http://loc\u{ad}alhost/", NO_HOST),
    ("http://127.0.0.1\u{200b}/", NO_HOST),
    ("http://%31%32%37.0.0.1/", NO_HOST),
    ("http://%6c%6f%63%61%6c%68%6f%73%74/", NO_HOST),
    ("http://127%2e0%2e0%2e1/", NO_HOST),
    ("http://example.com%2f@127.0.0.1/", CREDENTIALS),
    ("http://example.com%23.127.0.0.1/", NO_HOST),
    // With a path, a query, a fragment, a port: the host is what counts.
    ("http://127.0.0.1:80/x.png", PRIVATE),
    ("https://127.0.0.1:443/x.png", PRIVATE),
    ("http://127.0.0.1:5432/", PRIVATE),
    ("http://localhost:8000/rest/v1/secrets", PRIVATE),
    ("http://kong:8000/auth/v1/admin/users", PRIVATE),
    ("http://127.0.0.1?x=.example.com", PRIVATE),
    ("http://127.0.0.1#.example.com", PRIVATE),
    ("http://169.254.169.254/latest/meta-data/iam/security-credentials/", PRIVATE),
    ("http://metadata.google.internal/computeMetadata/v1/instance/", PRIVATE),
    ("http://100.100.100.200/latest/meta-data/", PRIVATE),
    ("http://[fd00:ec2::254]/latest/meta-data/", PRIVATE),
    ("HTTP://LOCALHOST/", PRIVATE),
    // Another host's name in front.
    ("http://example.com@127.0.0.1/", CREDENTIALS),
    ("http://example.com:80@127.0.0.1/", CREDENTIALS),
    ("http://user:password@example.com/", CREDENTIALS),
    ("http://user@example.com/", CREDENTIALS),
    ("http://:password@example.com/", CREDENTIALS),
    ("http://@example.com/", CREDENTIALS),
    ("http://127.0.0.1\\@example.com/", CREDENTIALS),
    ("http://example.com\\@127.0.0.1/", CREDENTIALS),
    ("http://example.com\\.127.0.0.1/", NO_HOST),
    ("http://127.0.0.1\\.example.com/", NO_HOST),
    ("http:\\\\127.0.0.1\\", RELATIVE),
    ("http://example.com,127.0.0.1/", NO_HOST),
    ("http://example.com 127.0.0.1/", NO_HOST),
    ("http://example.com;127.0.0.1/", NO_HOST),
    ("http://example.com&@127.0.0.1/", CREDENTIALS),
    // Ports that are none.
    ("http://example.com:0/", PORT),
    ("http://example.com:65536/", PORT),
    ("http://example.com:-1/", PORT),
    ("http://example.com:80x/", PORT),
    ("http://example.com:８０/", PORT),
    ("http://example.com: 80/", PORT),
    ("http://example.com:80:80/", NO_HOST),
    // What `fetch` would quietly drop.
    ("http://127.0.0.1\t/", CONTROL),
    ("http://exam\tple.com/", CONTROL),
    ("http://example.com/\r\nHost: 127.0.0.1", CONTROL),
    ("ht\ntp://127.0.0.1/", CONTROL),
    ("http:/\n/127.0.0.1/", CONTROL),
    ("http://127.0.0.1\0.example.com/", CONTROL),
    ("\u{1}http://127.0.0.1/", CONTROL),
    ("http://example.com/\u{7f}", CONTROL),
    // What is no web address.
    ("file:///etc/passwd", SCHEME),
    ("file://localhost/etc/passwd", SCHEME),
    ("ftp://example.com/x.png", SCHEME),
    ("gopher://127.0.0.1:6379/_INFO", SCHEME),
    ("dict://127.0.0.1:11211/stat", SCHEME),
    ("ldap://127.0.0.1/", SCHEME),
    ("ws://example.com/", SCHEME),
    ("jar:http://127.0.0.1!/", SCHEME),
    ("view-source:http://127.0.0.1/", SCHEME),
    ("blob:http://127.0.0.1/0b6e2c1e", SCHEME),
    ("javascript://example.com/%0aalert(1)", SCHEME),
    (" http://127.0.0.1/", SCHEME),
    ("data:image/png;base64,iVBORw0KGgo=", RELATIVE),
    ("javascript:alert(1)", RELATIVE),
    ("http:127.0.0.1", RELATIVE),
    ("http:/127.0.0.1/", RELATIVE),
    ("//127.0.0.1/x.png", RELATIVE),
    ("/etc/passwd", RELATIVE),
    ("127.0.0.1", RELATIVE),
    ("", RELATIVE),
    ("http:///127.0.0.1/", NO_HOST),
    ("http://", NO_HOST),
    ("http://?x", NO_HOST),
    ("http://./", NO_HOST),
    ("http://../", NO_HOST),
];

/// The whole table, and what would be tedious to write out.
fn hostile() -> Vec<(String, &'static str)> {
    let long = [
        (format!("http://{}.com/", "a".repeat(64)), NO_HOST),
        (format!("http://{}com/", "abcdefg.".repeat(32)), NO_HOST),
        (format!("http://{}@127.0.0.1/", "a".repeat(100_000)), CREDENTIALS),
        (format!("http://127.0.0.1/{}", "a".repeat(100_000)), PRIVATE),
        (format!("http://{}7f000001/", "0".repeat(100_000)), NO_HOST),
    ];
    let rows = HOSTILE.iter().map(|(url, reason)| (url.to_string(), *reason));
    rows.chain(long).collect()
}

fn refused(url: &str, reason: &str) {
    let open = Recorded::at("");
    let message = refusal(&open, url).into_message();
    let shown: String = url.chars().take(100).collect();
    assert!(message.ends_with(reason), "{shown:?}: {message}");
    assert!(open.urls().is_empty(), "{shown:?}");
}

#[test]
fn a_hostile_url_is_refused_with_the_reason_and_not_asked_for() {
    for (url, reason) in hostile() {
        refused(&url, reason);
    }
}

#[test]
fn what_fetch_makes_of_a_hostile_url_is_refused_as_well() {
    for (url, _) in hostile() {
        let Ok(seen) = ::url::Url::parse(&url) else { continue };
        // Of some, what is hostile is no longer in there.
        let bare = seen.username().is_empty() && seen.password().is_none();
        if seen.host_str() != Some("example.com") || !bare {
            refusal(&Recorded::at(""), seen.as_str());
        }
    }
}

#[test]
fn a_hostile_url_is_no_redirect_either() {
    let base = WebUrl::parse("https://images.example.com/x").unwrap();
    // On the way to it lies no other hop, or as many as are followed.
    for hops in [0, MOST_REDIRECTS - 1] {
        for (url, _) in hostile() {
            // No header can hold it.
            if http::HeaderValue::from_str(&url).is_err() {
                continue;
            }
            // Relative to a public host, it is a path there.
            if base.join(&url).is_ok_and(|target| target.host == base.host) {
                continue;
            }
            let open = (0..hops).fold(Recorded::at(""), |open, _| moved(open, "/next"));
            let open = moved(open, &url);
            let message = refusal(&open, "https://images.example.com/x").into_message();
            assert_eq!(open.urls().len(), hops + 1, "{url}: {message}");
        }
    }
}

#[test]
fn every_redirect_is_refused_with_its_reason() {
    for (location, reason) in [
        ("http://169.254.169.254/latest/meta-data/", PRIVATE),
        ("//10.0.0.1/", PRIVATE),
        ("http://0x7f.1/", PRIVATE),
        ("http://[::ffff:7f00:1]/", PRIVATE),
        ("http://metadata.google.internal./", PRIVATE),
        ("http://images.example.com.localhost/", PRIVATE),
        ("file:///etc/passwd", SCHEME),
        ("data:image/png;base64,iVBORw0KGgo=", RELATIVE),
        ("javascript:alert(1)", RELATIVE),
        ("ftp://images.example.com/x", SCHEME),
        ("https://user:password@images.example.com/", CREDENTIALS),
        ("//images.example.com@10.0.0.1/", CREDENTIALS),
        ("http://127.0.0.1\\@images.example.com/", CREDENTIALS),
        ("https://images.example.com:0/", PORT),
        ("http://127%2e0.0.1/", NO_HOST),
    ] {
        for hops in 0..MOST_REDIRECTS {
            let open = (0..hops).fold(Recorded::at(""), |open, hop| {
                moved(open, &format!("https://hop-{hop}.example.net/"))
            });
            let open = moved(open, location);
            let message = refusal(&open, "https://images.example.com/x").into_message();
            assert!(message.ends_with(reason), "{location} after {hops}: {message}");
            assert_eq!(open.urls().len(), hops + 1, "{location} after {hops}");
        }
    }
}

#[test]
fn a_circle_of_redirects_ends() {
    let open = (0..=MOST_REDIRECTS).fold(Recorded::at(""), |open, hop| {
        moved(open, if hop % 2 == 0 { "https://b.example.com/" } else { "https://a.example.com/" })
    });
    let message = refusal(&open, "https://a.example.com/").into_message();
    let reason = format!("is behind more than {MOST_REDIRECTS} redirects");
    assert!(message.ends_with(&reason), "{message}");
    assert_eq!(open.urls().len(), MOST_REDIRECTS + 1);
}

#[test]
fn a_name_that_leads_inside_is_refused_as_a_private_host() {
    // The adapter has resolved the name, and answers instead of the host.
    let open = Recorded::at("").reply(421, "");
    let message = refusal(&open, "https://rebound.example.com/x.png").into_message();
    assert_eq!(message, format!("the source image's host rebound.example.com {PRIVATE}"));
    let open = moved(Recorded::at(""), "https://rebound.example.com/").reply(421, "");
    assert!(refusal(&open, "https://images.example.com/").message.contains("rebound.example.com"));
}

#[test]
fn an_honest_url_is_fetched_as_it_is() {
    for (url, asked) in [
        ("https://images.example.com/x.png", "https://images.example.com/x.png"),
        ("http://images.example.com/x.png", "http://images.example.com/x.png"),
        ("https://images.example.com:8443/x.png", "https://images.example.com:8443/x.png"),
        ("http://images.example.com:3000", "http://images.example.com:3000/"),
        ("https://xn--bcher-kva.example/x.png", "https://xn--bcher-kva.example/x.png"),
        ("https://IMAGES.Example.Com./X.png", "https://images.example.com/X.png"),
        ("https://8.8.8.8/x.png", "https://8.8.8.8/x.png"),
        ("https://a_b.example.com/x.png?a=b&c=%20#top", "https://a_b.example.com/x.png?a=b&c=%20"),
        ("https://images.example.com/a@b.png", "https://images.example.com/a@b.png"),
        (
            "https://images.example.com/?url=http://10.0.0.1/",
            "https://images.example.com/?url=http://10.0.0.1/",
        ),
        ("https://localhost.example.com/x.png", "https://localhost.example.com/x.png"),
        ("https://10.0.0.1.example.com/x.png", "https://10.0.0.1.example.com/x.png"),
    ] {
        let open = Recorded::at("").reply(200, PNG);
        assert!(from_open(&open, url).is_ok(), "{url}");
        assert_eq!(open.urls(), [asked]);
    }
}
