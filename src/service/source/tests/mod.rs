mod hostile;

use super::*;
use futures_util::FutureExt;

use crate::failure::Next;
use crate::large_body::LargeBodies;
use crate::service::testing::{PNG, Recorded, now, permit};

const STORAGE: &str = "http://127.0.0.1:54321/storage/v1";
const PUBLIC: &str = "https://p.example.com/storage/v1";

fn named() -> Vec<String> {
    vec!["uploads".into(), "own".into()]
}

fn fetch(open: &Recorded, storage: &Recorded, url: &str) -> Result<SourceImage, Failure> {
    now(Sources::new(open, storage, Some(PUBLIC.into()), None, named()).fetch(url, 0, &permit()))
}

fn from_open(open: &Recorded, url: &str) -> Result<SourceImage, Failure> {
    fetch(open, &Recorded::at(STORAGE), url)
}

fn refusal(open: &Recorded, url: &str) -> Failure {
    let failure = from_open(open, url).unwrap_err();
    assert_eq!((failure.code, failure.next), (Code::SourceImageUnusable, Next::GiveUp), "{url}");
    failure
}

fn moved(transport: Recorded, location: &str) -> Recorded {
    transport.reply_with(301, &[("location", location)], "")
}

#[test]
fn a_public_image_is_fetched() {
    let open = Recorded::at("").reply(200, PNG);
    let image = from_open(&open, "https://Images.example.com:8443/a b.png?x=1#y").unwrap();
    assert_eq!((image.format, image.bytes.as_slice()), (Format::Png, PNG));
    let sent = open.only();
    assert_eq!(sent.url, "https://images.example.com:8443/a%20b.png?x=1");
    assert!(sent.header("accept").unwrap().starts_with("image/png"));
}

#[test]
fn a_redirect_is_followed_to_another_public_host() {
    let open = moved(Recorded::at(""), "http://cdn.example.net/y.png").reply(200, PNG);
    assert!(from_open(&open, "https://images.example.com/x").is_ok());
    assert_eq!(open.urls()[1], "http://cdn.example.net/y.png");
}

#[test]
fn the_projects_storage_is_asked_through_its_own_adapter_wherever_it_is() {
    for (url, asked) in [
        (format!("{STORAGE}/object/public/b/x.png"), "object/public/b/x.png"),
        (format!("{PUBLIC}/object/authenticated/b/x.png"), "object/public/b/x.png"),
        (format!("{PUBLIC}/object/sign/b/x.png?token=t"), "object/public/b/x.png?token=t"),
        (format!("{PUBLIC}/object/public/own/x.png"), "object/authenticated/own/x.png"),
        (
            format!("{STORAGE}/render/image/public/uploads/x.png?width=9"),
            "render/image/authenticated/uploads/x.png?width=9",
        ),
    ] {
        let (open, storage) = (Recorded::at(""), Recorded::at(STORAGE).reply(200, PNG));
        fetch(&open, &storage, &url).unwrap();
        assert_eq!(storage.urls(), [format!("{STORAGE}/{asked}")]);
        assert!(open.urls().is_empty());
    }
}

#[test]
fn the_operator_names_the_buckets_whose_private_objects_are_sources() {
    let ask = |bucket: &str, status: u16, hint: &str| {
        let storage = Recorded::at(STORAGE).reply(status, "no");
        let open = Recorded::at("");
        let sources = Sources::new(&open, &storage, None, None, named());
        let url = format!("{STORAGE}/object/{bucket}/x.png");
        let message = now(sources.fetch(&url, 0, &permit())).unwrap_err().into_message();
        assert!(message.ends_with(&format!("answered {status}{hint}")), "{message}");
        storage.urls()[0].replace(STORAGE, "")
    };
    for (status, hint) in [(400, IS_MISSING), (404, IS_MISSING), (403, "")] {
        assert_eq!(ask("uploads", status, hint), "/object/authenticated/uploads/x.png");
        for bucket in ["vault", "upload", "uploads2"] {
            assert_eq!(ask(bucket, status, hint), format!("/object/public/{bucket}/x.png"));
        }
    }
}

#[test]
fn a_redirect_into_storage_gets_no_more_than_a_sender() {
    let open = moved(Recorded::at(""), &format!("{PUBLIC}/object/authenticated/vault/x.png"));
    let storage = Recorded::at(STORAGE).reply(400, "no");
    fetch(&open, &storage, "https://images.example.com/x").unwrap_err();
    assert_eq!(storage.urls(), [format!("{STORAGE}/object/public/vault/x.png")]);
}

#[test]
fn the_rest_of_the_project_is_not_asked_through_that_adapter() {
    for path in [
        "/storage/v1/bucket",
        "/storage/v1/object/../bucket",
        "/storage/v1/object/%2e%2e/bucket",
        "/storage/v1/object/..%2fbucket",
        "/storage/v1/object/..\\bucket",
        "/storage/v10/object/public/b/x.png",
        "/rest/v1/generation_jobs",
    ] {
        let storage = Recorded::at(STORAGE);
        let open = Recorded::at("");
        let url = format!("http://127.0.0.1:54321{path}");
        let failure = fetch(&open, &storage, &url).unwrap_err();
        assert_eq!(failure.next, Next::GiveUp, "{path}");
        assert!(storage.urls().is_empty() && open.urls().is_empty(), "{path}");
    }
}

#[test]
fn a_redirect_out_of_storage_is_as_suspicious_as_any() {
    let storage = moved(Recorded::at(STORAGE), "http://127.0.0.1:9000/x.png");
    let open = Recorded::at("");
    let url = format!("{STORAGE}/object/public/b/x.png");
    assert_eq!(fetch(&open, &storage, &url).unwrap_err().next, Next::GiveUp);
    assert!(open.urls().is_empty());
}

#[test]
fn an_allow_list_narrows_the_hosts_and_leaves_storage() {
    let allowed = || Some(vec!["images.example.com".into(), "*.cdn.example".into()]);
    let fetch = |url: &str| {
        let (open, storage) =
            (Recorded::at("").reply(200, PNG), Recorded::at(STORAGE).reply(200, PNG));
        now(Sources::new(&open, &storage, None, allowed(), named()).fetch(url, 0, &permit()))
    };
    assert!(fetch("https://images.example.com/x.png").is_ok());
    assert!(fetch("https://eu.cdn.example/x.png").is_ok());
    assert!(fetch(&format!("{STORAGE}/object/public/b/x.png")).is_ok());
    let failure = fetch("https://other.example.com/x.png").unwrap_err();
    assert!(failure.message.contains("SOURCE_IMAGE_HOSTS"), "{}", failure.message);
    let open = Recorded::at("").reply(200, PNG);
    let storage = Recorded::at(STORAGE);
    let private = Sources::new(&open, &storage, None, Some(vec!["10.0.0.1".into()]), named());
    assert!(now(private.fetch("http://10.0.0.1/", 0, &permit())).is_err(), "a list does not widen");
}

#[test]
fn an_image_is_known_by_its_bytes_and_bounded() {
    let url = "https://images.example.com/x";
    for body in [&b""[..], b"<svg/>", b"GIF89a\x01\0\x01\0\0\0", b"\0\0\0\x20ftypisom\0\0\x02\0"] {
        let open = Recorded::at("").reply_with(200, &[("content-type", "image/png")], body);
        refusal(&open, url);
    }
    let heic = Recorded::at("").reply(200, b"\0\0\0\x18ftypheic\0\0\0\0");
    assert_eq!(from_open(&heic, url).unwrap().format, Format::Heic);
    let announced = Recorded::at("").reply_with(200, &[("content-length", "20971521")], PNG);
    assert!(refusal(&announced, url).message.contains("20 MB"));
    let sent = Recorded::at("").reply(200, vec![0; LARGEST + 1]);
    assert!(refusal(&sent, url).message.contains("20 MB"));
}

#[test]
fn the_images_of_a_job_are_bounded_together() {
    let url = "https://images.example.com/x";
    let ask = |held: usize| {
        let open = Recorded::at("").reply(200, PNG);
        let storage = Recorded::at(STORAGE);
        now(Sources::new(&open, &storage, None, None, named()).fetch(url, held, &permit()))
    };
    assert!(ask(LARGEST - PNG.len()).is_ok());
    for held in [LARGEST - PNG.len() + 1, LARGEST, LARGEST + 1] {
        let failure = ask(held).unwrap_err();
        assert_eq!((failure.code, failure.next), (Code::SourceImageUnusable, Next::GiveUp));
        assert!(failure.message.contains("sent more than 20 MB, all images"));
    }
}

#[test]
fn many_small_images_need_room_like_a_large_one() {
    let large_bodies = LargeBodies::default();
    let first = large_bodies.permit();
    now(first.acquire());
    let open = Recorded::at("").reply(200, PNG).reply(200, PNG);
    let storage = Recorded::at(STORAGE);
    let sources = Sources::new(&open, &storage, None, None, named());
    let permit = large_bodies.permit();
    let ask = |held| {
        sources.fetch("https://images.example.com/x", held, &permit).now_or_never().is_some()
    };
    assert!(ask(SMALL - PNG.len()));
    assert!(!ask(SMALL - PNG.len() + 1), "it waits for the other job");
}

#[test]
fn a_refusal_is_final_and_trouble_is_not() {
    let url = "https://images.example.com/x?token=s3cr3t";
    for status in [400, 401, 403, 404, 410, 304] {
        let failure = refusal(&Recorded::at("").reply(status, "no"), url);
        assert!(failure.message.contains("images.example.com answered"));
        assert!(!failure.message.contains("s3cr3t"));
    }
    let retry =
        |after: Option<u64>| Next::Retry { after: after.map(Duration::from_secs), attempts: None };
    for status in [408, 429, 500, 503] {
        let open = Recorded::at("").reply_with(status, &[("retry-after", "9")], "");
        assert_eq!(from_open(&open, url).unwrap_err().next, retry(Some(9)));
    }
    let messages = [
        TransportError::NotSent("connection refused".into()),
        TransportError::NoReply(format!("GET {url}: reset")),
        TransportError::NoReply("invalid peer certificate".into()),
        TransportError::NoReply("nothing came within 20000 ms".into()),
    ]
    .map(|lost| {
        let failure = from_open(&Recorded::at("").fails(lost), url).unwrap_err();
        assert_eq!((failure.code, failure.next), (Code::SourceImageUnusable, retry(None)));
        failure.into_message()
    });
    // Otherwise a sender could look for open ports.
    let same = "the source image's host images.example.com could not be reached, or broke off";
    assert_eq!(messages, [same; 4]);
}

#[test]
fn a_host_that_wears_out_the_function_is_not_asked_again() {
    // The words of `fair_body.ts`.
    let lost = TransportError::NoReply("the host sent almost nothing in many pieces".into());
    let open = Recorded::at("").fails(lost);
    let failure = from_open(&open, "https://images.example.com/a.png").unwrap_err();
    assert_eq!((failure.code, failure.next), (Code::SourceImageUnusable, Next::GiveUp));
    let same = "the source image's host images.example.com sent almost nothing in many pieces";
    assert_eq!(failure.into_message(), same);
}
