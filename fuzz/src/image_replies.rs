//! Gemini's replies. The question is the prompt.

use std::time::Duration;

use generation_queue::job::{Format, ImageJob};
use generation_queue::port::{ImageModel, ImageRequest};
use generation_queue::service::Gemini;
use serde_json::{Value, json};

use crate::script::{Script, now, permit};
use crate::{failure, files};

const BASE: &str = "https://api.example.com/v1beta";
const MODEL: &str = "gemini-2.5-flash-image";

/// An image that is there is never lost, whatever stands around it.
pub fn check(input: &[u8]) {
    let script = Script::read(input);
    let service = script.service(BASE);
    let message = json!({"storyboardId": "sb", "prompt": "p", "seed": 7, "aspectRatio": "21:9"});
    let mut job = ImageJob::parse(&message.clone().into()).expect("a job");
    job.common.prompt.clone_from(&script.question);
    let request = ImageRequest { job: &job, sources: &[] };
    let outcome = now(Gemini::new(&service, &service).generate(
        MODEL,
        request,
        Duration::from_secs(140),
        &permit(),
    ));
    service.check_requests();
    let sent: Value = serde_json::from_slice(&service.sent.borrow()[0].body).expect("JSON");
    assert_eq!(sent["contents"][0]["parts"][0]["text"], script.question.as_str());
    let in_reply = service.last_success().and_then(|body| files::of(&body, Format::is_image));
    match &outcome {
        Ok(image) => {
            assert_eq!(Format::of(&image.bytes), Some(image.format));
            assert!(image.format.is_image());
            let usage = image
                .usage
                .as_ref()
                .map_or(0, |usage| serde_json::Value::from(usage.clone()).to_string().len());
            assert!(usage < 16 * 1024, "{usage} bytes of usage");
        }
        Err(refused) => {
            failure::check(refused);
            assert!(in_reply.unwrap_or_default().is_empty(), "an image was lost: {refused}");
        }
    }
}
