//! Storage's replies. The question is `find`, `put` or `copy`.

use generation_queue::job::{Format, Id, JobId, Kind, ObjectLocation, Target};
use generation_queue::port::{AssetStore, Body};
use generation_queue::service::Storage;
use serde_json::Value;

use crate::failure;
use crate::script::{Script, Service, now};

const BASE: &str = "https://p.example.com/storage/v1";
const JOB: &str = "0b6e2c1e-5a07-4c9f-8d7e-3f1f0a9b8c7d";

/// An asset is found exactly where it is listed, and stored only where storage took it or has it.
pub fn check(input: &[u8]) {
    let script = Script::read(input);
    let service = script.service(BASE);
    let storage = Storage::new(&service, None);
    let scene = Id::new("s1");
    let target = Target { storyboard: Id::new("sb").expect("an id"), scene, character: None };
    let location = ObjectLocation::of(Kind::Image, &target, &JobId::new(JOB).expect("a job id"));
    let outcome = match script.question.trim_end() {
        "find" => now(storage.find(&location)).map(|found| check_found(&service, &location, found)),
        "put" => {
            let stored = now(storage.put(&location, Format::Png, Body::Bytes(b"PNG".to_vec())));
            assert!(!took(&service, is_named) || stored.is_ok());
            // It is sent more than once, and after a conflict storage is asked for the object.
            let is_there = || is_listed(&service, &location, Format::Png);
            stored.inspect(|()| assert!(took(&service, may_be_named) || is_there()))
        }
        _ => {
            let copied = now(storage.copy("b", "sb/scenes/s1/j.jpg", "sb/s1.png", "image/jpeg"));
            assert!(!took(&service, is_named) || copied.is_ok());
            copied.inspect(|()| assert!(took(&service, may_be_named)))
        }
    };
    if let Err(failure) = outcome {
        failure::check(&failure);
    }
    service.check_requests();
}

/// Whether storage took what it was sent, by the body of its answer.
fn took(service: &Service, is_proof: fn(&[u8]) -> bool) -> bool {
    let uploads = service.successes().into_iter().filter(|(url, _)| !url.contains("/object/list/"));
    uploads.map(|(_, body)| body).any(|body| is_proof(&body))
}

/// Whether an answer names the object, as every version of storage does.
fn is_named(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    ["Key", "Id"].iter().any(|name| body[name].is_string())
}

/// The same, where a plain reader cannot say.
fn may_be_named(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    ["Key", "Id", "\\"].iter().any(|name| text.contains(name))
}

/// Whether the last answer lists an object.
fn is_listed(service: &Service, location: &ObjectLocation, format: Format) -> bool {
    let Some(Value::Array(objects)) = service.last_value() else { return false };
    let name = format!("{}.{}", location.stem, format.extension());
    let names = [format!("{}/{name}", location.folder), name];
    objects.iter().any(|object| names.iter().any(|name| object["name"] == name.as_str()))
}

fn check_found(service: &Service, location: &ObjectLocation, found: Option<Format>) {
    let Some(Value::Array(_)) = service.last_value() else { return };
    let is_it = |format: Format| is_listed(service, location, format);
    match found {
        Some(format) => assert!(is_it(format)),
        None => assert!(!Format::ALL.into_iter().any(is_it), "an asset was overlooked"),
    }
}
