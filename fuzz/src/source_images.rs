//! Source images, wherever a stranger's URL and its redirects lead. The question is the URL.

use generation_queue::job::Format;
use generation_queue::port::SourceImages;
use generation_queue::service::Sources;
use generation_queue::service::fuzzing::Address;
use url::{Host, ParseError, Url};

use crate::script::{Script, now, permit};
use crate::{failure, internet};

const STORAGE: &str = "http://127.0.0.1:54321/storage/v1";
const PUBLIC: &str = "https://p.example.com/storage/v1";

/// What is asked for is out on the internet, or an object of the project's storage.
pub fn check(input: &[u8]) {
    let script = Script::read(input);
    check_reading(&script.question);
    for (head, _) in script.replies.borrow().iter().flatten() {
        check_joining(&script.question, head.location.as_deref().unwrap_or_default());
    }
    let (open, storage) = (script.service(""), script.service(STORAGE));
    let sources = Sources::new(&open, &storage, Some(PUBLIC.into()), None, vec!["own".into()]);
    match now(sources.fetch(&script.question, 0, &permit())) {
        Ok(image) => {
            assert_eq!(Format::of(&image.bytes), Some(image.format));
            assert!(image.format.is_image());
        }
        Err(failure) => failure::check(&failure),
    }
    for url in open.urls().iter().filter_map(|text| Url::parse(text).ok()) {
        internet::check(&url);
    }
    for text in storage.urls() {
        let url = Url::parse(&text).expect("a URL");
        let below = ["object/", "render/image/"].map(|path| format!("{STORAGE}/{path}"));
        assert!(below.iter().any(|below| url.as_str().starts_with(below)), "{url}");
        for climb in ["..", "%2f", "%5c"] {
            assert!(!url.path().to_ascii_lowercase().split('/').any(|it| it == climb), "{url}");
        }
    }
}

/// What is read of a URL is what `fetch` reads, before and after it is written back.
fn check_reading(text: &str) {
    let Some(address) = Address::parse(text) else { return };
    let form = address.to_string();
    for text in [text, &form] {
        match Url::parse(text) {
            Ok(url) => check_same(&address, &url),
            Err(error) => check_refused(&address, error),
        }
    }
    assert_eq!(Address::parse(&form).expect("the plain form").to_string(), form);
}

/// A redirect leads where `fetch` would follow it to. What has backslashes may lead elsewhere: it
/// is asked for as it is written back.
fn check_joining(base: &str, location: &str) {
    let Some(base) = Address::parse(base) else { return };
    let Some(address) = base.join(location) else { return };
    check_reading(&address.to_string());
    let Ok(base) = Url::parse(&base.to_string()) else { return };
    match base.join(location) {
        _ if location.contains('\\') => {}
        Ok(url) => check_same(&address, &url),
        Err(error) => check_refused(&address, error),
    }
}

/// What `fetch` refuses leads nowhere. What is behind an `xn--` or in brackets is not read here.
fn check_refused(address: &Address, error: ParseError) {
    let host = address.host();
    let expected = match error {
        ParseError::IdnaError => host.contains("xn--"),
        ParseError::InvalidIpv6Address => host.starts_with('['),
        _ => false,
    };
    assert!(expected, "{address}: {error}");
}

fn check_same(address: &Address, url: &Url) {
    let (ours, theirs) = (address.host(), url.host_str().unwrap_or_default());
    // A dot at the end of a name is left out here, and an IPv6 address is not written anew.
    match url.host() {
        Some(Host::Ipv6(seen)) => assert_eq!(ours.trim_matches(['[', ']']).parse(), Ok(seen)),
        _ => assert_eq!(ours, theirs.strip_suffix('.').unwrap_or(theirs), "{address} {url}"),
    }
    let origin = url.origin().ascii_serialization().replace(theirs, &ours);
    let form = address.to_string();
    let rest = form.strip_prefix(&origin);
    assert!(rest.is_some_and(|rest| rest.starts_with('/')), "{address} {url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    if address.is_public() {
        internet::check(url);
    }
}
