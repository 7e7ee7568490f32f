use serde_json::{Value, json};

use super::*;
use crate::failure::{Next, Standing};
use crate::http::TransportError;
use crate::service::testing::{MP4, Recorded, now};

const BASE: &str = "https://api.example.com/v1beta";
const FILE: &str = "https://api.example.com/v1beta/files/x:download?alt=media";

fn downloaded(transport: &Recorded, uri: &str) -> Result<Vec<u8>, Failure> {
    match now(download(&transport, uri))? {
        Body::Stream(bytes) | Body::Bytes(bytes) => Ok(bytes),
    }
}

fn moved(transport: Recorded, location: &str) -> Recorded {
    transport.reply_with(302, &[("location", location)], "")
}

/// What follows from an odd answer about a video that is paid for.
const THRICE: Next = Next::Retry { after: None, attempts: Some(ATTEMPTS) };

#[test]
fn a_video_is_passed_on_from_its_first_byte() {
    let transport = Recorded::at(BASE).reply(200, MP4);
    assert_eq!(downloaded(&transport, FILE).unwrap(), MP4);
    assert_eq!(transport.urls(), [FILE]);
}

/// A server that gives a part of a body where it is asked for one.
fn with_part(part: impl AsRef<[u8]>) -> Recorded {
    Recorded::at(BASE).reply(206, part)
}

#[test]
fn the_first_bytes_are_asked_for_by_themselves() {
    let transport = with_part(&MP4[..12]).reply(200, MP4);
    assert_eq!(downloaded(&transport, FILE).unwrap(), MP4);
    assert_eq!(transport.urls(), [FILE, FILE]);
    let sent = transport.sent.borrow();
    let ranges = sent.iter().map(|sent| sent.header("range"));
    assert_eq!(ranges.collect::<Vec<_>>(), [Some("bytes=0-11"), Some("bytes=0-")]);
}

#[test]
fn a_part_decides_nothing_but_that_there_is_a_video() {
    // What is no video, is longer than a part or cannot be had in parts is asked for as a whole.
    let document = json!({"downloadUri": "https://store.example.net/x"});
    let transport = with_part("{\"downloadUri").json(200, document).reply(200, MP4);
    assert_eq!(downloaded(&transport, FILE).unwrap(), MP4);
    assert_eq!(transport.urls(), [FILE, FILE, "https://store.example.net/x"]);
    for transport in [with_part([0; 5000]), Recorded::at(BASE).reply(416, "")] {
        assert_eq!(downloaded(&transport.reply(200, MP4), FILE).unwrap(), MP4);
    }
    let failure = downloaded(&with_part("<html>").reply(200, "<html>"), FILE).unwrap_err();
    assert_eq!(failure.next, Next::Retry { after: None, attempts: Some(3) });
}

#[test]
fn a_video_that_is_gone_behind_its_first_bytes_is_refused() {
    let transport = with_part(MP4).reply(410, "");
    let failure = downloaded(&transport, FILE).unwrap_err();
    assert_eq!(failure.next, Next::Retry { after: Some(KNOWN_SOON), attempts: Some(3) });
    let length = (LARGEST + 1).to_string();
    let transport = with_part(MP4).reply_with(200, &[("content-length", &length)], MP4);
    assert_eq!(downloaded(&transport, FILE).unwrap_err().next, THRICE);
}

#[test]
fn redirects_are_followed_by_hand() {
    let transport = moved(Recorded::at(BASE), "/files/y");
    let transport = moved(transport, "https://store.example.net/z?sig=1").reply(200, MP4);
    downloaded(&transport, FILE).unwrap();
    let way = [FILE, "https://api.example.com/files/y", "https://store.example.net/z?sig=1"];
    assert_eq!(transport.urls(), way);
}

#[test]
fn redirects_come_to_an_end() {
    let transport = (0..6).fold(Recorded::at(BASE), |transport, _| moved(transport, "/again"));
    let failure = downloaded(&transport, FILE).unwrap_err();
    assert_eq!((failure.code, failure.next), (Code::DownloadFailed, THRICE));
    for status in [302, 304] {
        let nowhere = Recorded::at(BASE).reply(status, "");
        assert_eq!(downloaded(&nowhere, FILE).unwrap_err().next, THRICE);
    }
}

#[test]
fn the_provider_cannot_lead_into_the_private_network() {
    for uri in [
        "http://store.example.net/x",
        "http://169.254.169.254/latest",
        "https://169.254.169.254/latest",
        "https://localhost/x",
        "file:///etc/passwd",
        "https://user:pass@store.example.net/x",
        "x",
    ] {
        let transport = Recorded::at(BASE);
        let failure = downloaded(&transport, uri).unwrap_err();
        assert_eq!((failure.code, failure.next), (Code::DownloadFailed, THRICE), "{uri}");
        assert!(transport.urls().is_empty(), "{uri}");
        let transport = moved(transport, uri);
        if uri != "x" {
            assert_eq!(downloaded(&transport, FILE).unwrap_err().next, THRICE, "{uri}");
            assert_eq!(transport.urls(), [FILE], "{uri}");
        }
    }
}

#[test]
fn a_simulator_on_this_machine_may_redirect_to_another() {
    let transport = moved(Recorded::at("http://127.0.0.1:9000/v1beta"), "http://127.0.0.1:9001/z");
    assert!(downloaded(&transport.reply(200, MP4), "http://127.0.0.1:9000/v1beta/files/x").is_ok());
}

#[test]
fn every_address_of_a_file_leads_to_its_bytes() {
    let files = "https://api.example.com/v1beta/files/x";
    let unknown = || Recorded::at(BASE).json(404, json!({"error": {"code": 404, "message": "m"}}));
    let named = |answer: Value| Recorded::at(BASE).json(200, answer);
    let rest = ":download?alt=media";
    for (address, transport, asked) in [
        (FILE, Recorded::at(BASE), vec![FILE.to_owned()]),
        // The file says where its bytes are, or what it is called, or nothing of use.
        (
            files,
            named(json!({"name": "files/x", "downloadUri": FILE})),
            vec![files.into(), FILE.into()],
        ),
        (files, named(json!({"file": {"uri": files}})), vec![files.into(), FILE.into()]),
        (
            files,
            named(json!([{"download_uri": "files/x:download?alt=media"}])),
            vec![files.into(), FILE.into()],
        ),
        (files, named(json!({})), vec![files.into(), FILE.into()]),
        (files, unknown(), vec![files.into(), FILE.into()]),
        ("files/x", unknown(), vec![files.into(), FILE.into()]),
        ("/v1beta/files/x", unknown(), vec![files.into(), FILE.into()]),
        ("files/x:download", unknown(), vec![format!("{files}:download"), FILE.into()]),
        ("files/x?alt=media", unknown(), vec![format!("{files}?alt=media"), FILE.into()]),
        (
            "files/x?a=b",
            unknown(),
            vec![format!("{files}?a=b"), format!("{files}:download?a=b&alt=media")],
        ),
        (&format!("files/x{rest}"), Recorded::at(BASE), vec![FILE.into()]),
        // A store elsewhere, which gets no key.
        (
            files,
            named(json!({"downloadUri": "https://store.example.net/x?sig=1"})),
            vec![files.into(), "https://store.example.net/x?sig=1".into()],
        ),
        (
            "https://store.example.net/x",
            named(json!({"downloadUri": "https://store.example.net/y"})),
            vec!["https://store.example.net/x".into(), "https://store.example.net/y".into()],
        ),
    ] {
        let transport = transport.reply(200, MP4);
        assert_eq!(downloaded(&transport, address).as_deref(), Ok(MP4), "{address}");
        assert_eq!(transport.urls(), asked, "{address}");
    }
}

#[test]
fn an_answer_that_leads_nowhere_comes_to_an_end() {
    for answer in [json!({}), json!({"downloadUri": FILE}), json!({"downloadUri": "x"})] {
        let failure = downloaded(&Recorded::at(BASE).json(200, answer), FILE).unwrap_err();
        assert_eq!(failure.next, Next::Retry { after: None, attempts: Some(3) });
    }
    let inside = json!({"downloadUri": "http://169.254.169.254/latest"});
    let transport = Recorded::at(BASE).json(200, inside);
    assert_eq!(downloaded(&transport, FILE).unwrap_err().next, THRICE);
    assert_eq!(transport.urls(), [FILE]);
}

#[test]
fn a_file_that_is_not_active_yet_is_asked_for_again() {
    let not_active = json!({"error": {"code": 400, "status": "FAILED_PRECONDITION",
        "message": "The File x is not in an ACTIVE state and usage is not allowed."}});
    let said = |status, message: &str| {
        let error = json!({"code": status, "status": "INVALID_ARGUMENT", "message": message});
        Recorded::at(BASE).json(status, json!({"error": error}))
    };
    let soon = Some(Duration::from_secs(10));
    for transport in [
        Recorded::at(BASE).json(400, not_active),
        said(400, "The File files/x is not in an ACTIVE state and usage is not allowed."),
        said(400, "File files/x is still being processed."),
        said(404, "The video is not ready yet."),
        said(403, "The video is still being generated."),
        Recorded::at(BASE).json(400, json!({"name": "files/x", "state": "PROCESSING"})),
        Recorded::at(BASE).reply(400, "The file is still being processed"),
        Recorded::at(BASE).json(200, json!({"name": "files/x", "state": "PROCESSING"})),
        Recorded::at(BASE).reply(200, "\u{feff}{\"state\": \"PROCESSING\"}"),
        Recorded::at(BASE).json(200, json!({"file": {"state": "processing", "downloadUri": FILE}})),
    ] {
        let failure = downloaded(&transport, FILE).unwrap_err();
        assert_eq!(failure.code, Code::DownloadFailed);
        assert_eq!(failure.next, Next::Retry { after: soon, attempts: None });
    }
}

#[test]
fn a_file_that_failed_is_the_end_of_its_operation_in_the_providers_words() {
    let failed = json!({"name": "files/x", "state": "FAILED",
        "error": {"code": 13, "message": "Transcoding failed."}});
    for status in [200, 400] {
        let failure =
            downloaded(&Recorded::at(BASE).json(status, failed.clone()), FILE).unwrap_err();
        assert_eq!(failure.code, Code::OperationFailed);
        assert_eq!(failure.next, Next::Retry { after: None, attempts: Some(3) });
        assert!(failure.message.ends_with("Transcoding failed."), "{}", failure.message);
    }
}

#[test]
fn a_redirect_to_bytes_of_no_ascii_is_followed() {
    let transport = moved(Recorded::at(BASE), "/caf\u{c3}\u{a9}.mp4").reply(200, MP4);
    downloaded(&transport, FILE).unwrap();
    assert_eq!(transport.urls()[1], "https://api.example.com/caf%C3%A9.mp4");
}

#[test]
fn googles_own_addresses_are_asked_for_at_the_proxy_that_has_the_key() {
    let google = "https://generativelanguage.googleapis.com/v1beta/files/x:download?alt=media";
    let proxy = Recorded::at(BASE).reply(200, MP4);
    downloaded(&proxy, google).unwrap();
    assert_eq!(proxy.urls(), [FILE]);
    let direct = Recorded::at(GOOGLE).reply(200, MP4);
    downloaded(&direct, google).unwrap();
    assert_eq!(direct.urls(), [google]);
}

#[test]
fn what_is_no_video_is_not_stored() {
    for body in [
        &b""[..],
        b"\0\0\0",
        b"<!doctype html><html>",
        b"{\"error\": {}}",
        b"\x89PNG\r\n\x1a\n1234",
    ] {
        let failure = downloaded(&Recorded::at(BASE).reply(200, body), FILE).unwrap_err();
        assert_eq!(failure.code, Code::DownloadFailed);
        assert_eq!(failure.next, Next::Retry { after: None, attempts: Some(3) });
    }
    let large = Recorded::at(BASE).reply_with(200, &[("content-length", "536870913")], MP4);
    assert_eq!(downloaded(&large, FILE).unwrap_err().next, THRICE);
}

#[test]
fn a_refusal_depends_on_who_refuses() {
    let own = |status| downloaded(&Recorded::at(BASE).reply(status, ""), FILE).unwrap_err();
    assert_eq!(
        (own(401).code, own(401).next),
        (Code::ApiKeyInvalid, Next::Rest { standing: Standing::Refused, after: None })
    );
    // What Google says of a file that is gone, while the key is as good as ever.
    let gone = json!({"error": {"code": 403, "status": "PERMISSION_DENIED",
        "message": "You do not have permission to access the File or it may not exist."}});
    let failure = downloaded(&Recorded::at(BASE).json(403, gone), FILE).unwrap_err();
    assert_eq!(failure.code, Code::DownloadFailed);
    let soon = Next::Retry { after: Some(KNOWN_SOON), attempts: Some(3) };
    assert_eq!(failure.next, soon);
    let key = json!({"error": {"code": 403, "details": [{"reason": "API_KEY_SERVICE_BLOCKED"}]}});
    let failure = downloaded(&Recorded::at(BASE).json(403, key), FILE).unwrap_err();
    assert_eq!(failure.code, Code::ApiKeyInvalid);
    assert_eq!((own(400).code, own(400).next), (Code::DownloadFailed, Next::GiveUp));
    assert_eq!(own(429).next, Next::Rest { standing: Standing::Resting, after: None });
    assert_eq!(
        (own(503).code, own(503).next),
        (Code::ProviderUnavailable, Next::Rest { standing: Standing::Resting, after: None })
    );
    assert_eq!(own(404).next, soon);

    let store = |status| {
        let transport = moved(Recorded::at(BASE), "https://store.example.net/z?sig=s3cr3t");
        downloaded(&transport.reply(status, "denied"), FILE).unwrap_err()
    };
    assert_eq!(store(403).next, Next::Retry { after: None, attempts: Some(3) });
    assert_eq!(store(503).next, Next::Rest { standing: Standing::Resting, after: None });
    assert!(!store(403).message.contains("s3cr3t"));
}

#[test]
fn a_broken_connection_is_tried_again() {
    let lost = Recorded::at(BASE).fails(TransportError::NoReply("reset".into()));
    let failure = downloaded(&lost, FILE).unwrap_err();
    assert_eq!(failure.code, Code::DownloadFailed);
    assert_eq!(failure.next, Next::Rest { standing: Standing::Resting, after: None });
}
