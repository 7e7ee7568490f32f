//! What is out on the internet, by the standard library's and the `url` crate's lights.

use std::net::Ipv4Addr;

use url::{Host, Url};

/// Names that lead into a network, or the machine itself.
const PRIVATE: [&str; 7] =
    ["localhost", "local", "internal", "home.arpa", "metadata.goog", "nip.io", "localtest.me"];

/// An address that is asked for on a stranger's word leads out to the internet and carries no
/// credentials.
pub fn check(url: &Url) {
    assert!(matches!(url.scheme(), "http" | "https"), "{url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    match url.host() {
        Some(Host::Ipv4(address)) => assert!(is_public(address), "{url}"),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let labels: Vec<_> = name.split('.').collect();
            assert!(labels.len() > 1, "{url}");
            let below = |parent: &&str| name == *parent || name.ends_with(&format!(".{parent}"));
            assert!(!PRIVATE.iter().any(below), "{url}");
        }
        Some(Host::Ipv6(_)) | None => panic!("{url}"),
    }
}

fn is_public(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_unspecified()
        || address.is_multicast()
        // What the standard library does not say on a stable compiler.
        || a == 0
        || a >= 240
        || (a, b & 0xc0) == (100, 64)
        || (a, b, c) == (192, 0, 0)
        || (a, b & 0xfe) == (198, 18))
}
