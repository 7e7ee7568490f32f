//! The messages of the two queues. The input is one.

use generation_queue::job::{
    Format, Id, ImageJob, Invalid, JobId, Kind, ObjectLocation, Slot, Target, VideoImages, VideoJob,
};
use generation_queue::service::Storage;
use serde_json::Value;

use crate::script::Script;

const JOB: &str = "0b6e2c1e-5a07-4c9f-8d7e-3f1f0a9b8c7d";
const BASE: &str = "https://p.example.com/storage/v1";

/// What is taken as a job stays within its storyboard; what is not is explained.
pub fn check(input: &[u8]) {
    let Ok(message) = serde_json::from_slice::<Value>(input) else { return };
    match ImageJob::parse(&message.clone().into()) {
        Ok(job) => {
            check_target(Kind::Image, &job.common.target, &message);
            assert_eq!(message["prompt"].as_str(), Some(job.common.prompt.as_str()));
            check_urls(job.common.sources(), &message, &["sourceImageUrl", "sourceImageUrls"]);
            check_wishes(job.common.seed, job.common.priority);
        }
        Err(invalid) => check_invalid(&invalid),
    }
    match VideoJob::parse(&message.clone().into()) {
        Ok(job) => {
            check_target(Kind::Video, &job.common.target, &message);
            assert!(!job.common.prompt.trim().is_empty());
            let fields = match job.images() {
                VideoImages::Frames => &["sourceImageUrl", "sourceImageUrls", "lastFrameUrl"][..],
                VideoImages::References => &["referenceImageUrls"],
            };
            check_urls(&job.image_urls(), &message, fields);
            check_wishes(job.common.seed, job.common.priority);
        }
        Err(invalid) => check_invalid(&invalid),
    }
}

/// Images come from the fields that are for them, and in so many as a model could take.
fn check_urls(urls: &[String], message: &Value, fields: &[&str]) {
    assert!(urls.len() <= 14);
    for url in urls {
        let is_url = |value: &Value| value.as_str() == Some(url);
        let named = fields.iter().any(|field| match &message[field] {
            Value::Array(list) => list.iter().any(is_url),
            value => is_url(value),
        });
        assert!(named, "{url}");
    }
}

fn check_wishes(seed: Option<i64>, priority: Option<i64>) {
    assert!(seed.is_none_or(|seed| (0..=i64::from(i32::MAX)).contains(&seed)));
    assert!(priority.is_none_or(|priority| (-100..=100).contains(&priority)));
}

fn check_target(kind: Kind, target: &Target, message: &Value) {
    for (field, id) in [
        ("storyboardId", Some(&target.storyboard)),
        ("sceneId", target.scene.as_ref()),
        ("characterId", target.character.as_ref()),
    ] {
        assert_eq!(message[field].as_str(), id.map(Id::as_str), "{field}");
    }
    let job = JobId::new(JOB).expect("a job id");
    let location = ObjectLocation::of(kind, target, &job);
    let format = if kind == Kind::Image { Format::Png } else { Format::Mp4 };
    let slots = [Slot::Scene, Slot::Character].map(|slot| target.current_path(slot, kind));
    let service = Script::read(b"").service(BASE);
    let storage = Storage::new(&service, None);
    for path in slots.into_iter().flatten().chain([location.path(format)]) {
        assert!(path.starts_with(&format!("{}/", target.storyboard)), "{path}");
        let text = generation_queue::port::AssetStore::public_url(&storage, location.bucket, &path);
        let url = url::Url::parse(&text).expect("a URL");
        assert_eq!(url.as_str(), text);
        assert_eq!(url.path(), format!("/storage/v1/object/public/{}/{path}", location.bucket));
        assert!(url.query().is_none() && url.fragment().is_none());
    }
}

fn check_invalid(invalid: &Invalid) {
    assert!(!invalid.issues.is_empty());
    let text = invalid.to_string();
    assert!(text.chars().count() <= 2000, "{text}");
}
