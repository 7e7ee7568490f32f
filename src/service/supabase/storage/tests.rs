use serde_json::{Value, json};

use super::*;
use crate::failure::Next;
use crate::job::{Id, JobId, Kind, Target};
use crate::service::testing::{PNG, Recorded, now};

const BASE: &str = "http://127.0.0.1:54321/storage/v1";
const JOB: &str = "0b6e2c1e-5a07-4c9f-8d7e-3f1f0a9b8c7d";

fn location() -> ObjectLocation {
    let target =
        Target { storyboard: Id::new("sb").unwrap(), scene: Id::new("s1"), character: None };
    ObjectLocation::of(Kind::Image, &target, &JobId::new(JOB).unwrap())
}

fn find(reply: Value) -> Option<Format> {
    let transport = Recorded::at(BASE).json(200, reply);
    now(Storage::new(&transport, None).find(&location())).unwrap()
}

fn put(transport: &Recorded) -> Result<(), Failure> {
    now(Storage::new(transport, None).put(&location(), Format::Png, Body::Bytes(PNG.to_vec())))
}

fn copy(transport: &Recorded) -> Result<(), Failure> {
    now(Storage::new(transport, None).copy("b", "sb/scenes/s1/j.jpg", "sb/s1.png", "image/jpeg"))
}

#[test]
fn an_asset_is_looked_for_by_its_stem() {
    let transport = Recorded::at(BASE).json(200, json!([]));
    assert_eq!(now(Storage::new(&transport, None).find(&location())).unwrap(), None);
    let sent = transport.only();
    assert_eq!(sent.url, format!("{BASE}/object/list/storyboard-images"));
    assert_eq!(sent.json(), json!({"prefix": "sb/scenes/s1", "search": JOB, "limit": 12}));
}

#[test]
fn an_asset_is_found_under_a_relative_or_a_whole_name() {
    assert_eq!(find(json!([{"name": format!("{JOB}.jpg"), "id": "x"}])), Some(Format::Jpeg));
    let whole = format!("sb/scenes/s1/{JOB}.png");
    assert_eq!(find(json!([{"name": "a"}, {"name": whole}])), Some(Format::Png));
}

#[test]
fn a_neighbour_is_not_taken_for_the_asset() {
    for name in [
        format!("{JOB}.gif"),
        format!("x{JOB}.png"),
        format!("{JOB}.png.bak"),
        format!("sb/scenes/s10/{JOB}.png"),
        JOB.to_owned(),
    ] {
        assert_eq!(find(json!([{"name": name}])), None, "{name}");
    }
    assert_eq!(find(json!([null, {}, {"name": 1}])), None);
}

#[test]
fn an_asset_is_stored_once_and_kept_for_a_year() {
    let transport = Recorded::at(BASE).json(200, json!({"Key": "k"}));
    put(&transport).unwrap();
    let sent = transport.only();
    let url = format!("{BASE}/object/storyboard-images/sb/scenes/s1/{JOB}.png");
    assert_eq!((sent.method, sent.url.clone()), ("POST", url));
    assert_eq!(sent.body, PNG);
    let header = |name: &str| sent.header(name).unwrap();
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("cache-control"), "max-age=31536000");
    assert_eq!(header("x-upsert"), "false");
}

#[test]
fn an_asset_that_is_there_already_is_as_good() {
    for (status, body) in [
        (400, json!({"statusCode": "409", "error": "Duplicate", "message": "exists"})),
        (400, json!({"statusCode": 409, "message": "exists"})),
        (400, json!({"code": "KeyAlreadyExists", "message": "exists"})),
        (409, json!({"message": "exists"})),
    ] {
        let answered = || Recorded::at(BASE).json(status, body.clone());
        let (there, not_there) = (json!([{"name": format!("{JOB}.png")}]), json!([]));
        put(&answered().json(200, there)).unwrap();
        // A conflict of another kind, or one with an object that is gone by now.
        let mut conflicts = Recorded::at(BASE);
        for _ in 0..3 {
            conflicts = conflicts.json(status, body.clone()).json(200, not_there.clone());
        }
        put(&conflicts).unwrap_err();
    }
}

#[test]
fn what_was_paid_for_is_sent_three_times() {
    let lost = || TransportError::NoReply("x".into());
    let transport = Recorded::at(BASE).fails(lost()).reply(503, "").json(200, json!({"Id": "i"}));
    put(&transport).unwrap();
    assert!(transport.sent.borrow().iter().all(|sent| sent.body == PNG));
    assert_eq!(*transport.pauses.borrow(), [PAUSE, PAUSE]);

    let transport = Recorded::at(BASE).fails(lost()).fails(lost()).fails(lost());
    put(&transport).unwrap_err();
    // What passes by can be sent once.
    let body = || Body::Stream(b"stream".to_vec());
    let transport = Recorded::at(BASE).fails(lost());
    now(Storage::new(&transport, None).put(&location(), Format::Mp4, body())).unwrap_err();
    assert_eq!(transport.urls().len(), 1);
}

#[test]
fn an_answer_that_names_no_object_stores_nothing() {
    let (there, not_there) = (json!([{"name": format!("{JOB}.png")}]), json!([]));
    for page in ["<html>Sign in</html>", "", r#"{"statusCode":"500","message":"down"}"#, "[]"] {
        let transport = Recorded::at(BASE).reply(200, page).json(200, not_there.clone());
        put(&transport.json(200, json!({"Key": "k"}))).unwrap();
        put(&Recorded::at(BASE).reply(200, page).json(200, there.clone())).unwrap();
        copy(&Recorded::at(BASE).reply(200, page)).unwrap_err();
        let pages = (0..6).fold(Recorded::at(BASE), |it, _| it.reply(200, page));
        let failure = put(&pages).unwrap_err();
        assert_eq!(failure.next, Next::Retry { after: None, attempts: None }, "{page}");
    }
}

#[test]
fn a_body_that_passes_by_is_passed_on() {
    let transport = Recorded::at(BASE).json(200, json!({"Key": "k"}));
    let body = Body::Stream(b"stream".to_vec());
    now(Storage::new(&transport, None).put(&location(), Format::Mp4, body)).unwrap();
    let sent = transport.only();
    assert_eq!(sent.body, b"stream");
    assert_eq!(sent.header("content-type"), Some("video/mp4"));
}

#[test]
fn a_current_object_is_a_copy_that_is_kept_briefly() {
    let transport = Recorded::at(BASE).json(200, json!({"Key": "k"}));
    copy(&transport).unwrap();
    let sent = transport.only();
    assert_eq!(sent.url, format!("{BASE}/object/copy"));
    assert_eq!(sent.header("x-upsert"), Some("true"));
    assert_eq!(
        sent.json(),
        json!({
            "bucketId": "b",
            "sourceKey": "sb/scenes/s1/j.jpg",
            "destinationKey": "sb/s1.png",
            "copyMetadata": false,
            "metadata": {"cacheControl": "max-age=60", "mimetype": "image/jpeg"},
        })
    );
}

#[test]
fn trouble_is_tried_again_and_a_refusal_is_final() {
    let body = |status: &str| json!({"statusCode": status, "error": "e", "message": "m"});
    let retry = Next::Retry { after: None, attempts: None };
    let hour = Next::Retry { after: Some(Duration::from_secs(3600)), attempts: None };
    for (status, inner, next) in [
        (400, "404", hour),
        (400, "403", hour),
        (402, "402", hour),
        (401, "401", hour),
        (400, "400", Next::GiveUp),
        (413, "413", Next::GiveUp),
        (400, "415", Next::GiveUp),
        (400, "503", retry),
        (423, "423", retry),
        (429, "429", retry),
        (500, "500", retry),
        (544, "544", retry),
        (302, "x", retry),
    ] {
        for call in [put, copy] {
            let replies = (0..6).fold(Recorded::at(BASE), |it, _| it.json(status, body(inner)));
            let failure = call(&replies).unwrap_err();
            assert_eq!((failure.code, failure.next), (Code::StorageFailed, next), "{inner}");
        }
    }
    for status in [400, 401, 402, 403, 500] {
        let refuses = Recorded::at(BASE).json(status, json!({}));
        assert!(now(Storage::new(&refuses, None).find(&location())).unwrap_err().is_rest());
    }
    let garbage = Recorded::at(BASE).reply(200, "<html>");
    let failure = now(Storage::new(&garbage, None).find(&location())).unwrap_err();
    assert_eq!(failure.next, retry);
}

#[test]
fn a_public_url_is_the_one_that_users_see() {
    let transport = Recorded::at(BASE);
    let url = |base: Option<&str>| {
        Storage::new(&transport, base.map(str::to_owned)).public_url("b", "sb/s1.png")
    };
    assert_eq!(url(None), format!("{BASE}/object/public/b/sb/s1.png"));
    let seen = Some("https://p.test/storage/v1/");
    assert_eq!(url(seen), "https://p.test/storage/v1/object/public/b/sb/s1.png");
}
