//! Gemini's replies. The question is the prompt.

use generation_queue::job::{Format, ImageJob};
use generation_queue::port::{ImageModel, ImageRequest};
use generation_queue::service::Gemini;
use serde_json::{Value, json};

use crate::script::{Script, now, permit};
use crate::{base64, failure};

const BASE: &str = "https://api.example.com/v1beta";
const MODEL: &str = "gemini-2.5-flash-image";

/// An image is the last one of the reply, and one that is there is never lost.
pub fn check(input: &[u8]) {
    let script = Script::read(input);
    let service = script.service(BASE);
    let message = json!({"storyboardId": "sb", "prompt": "p", "seed": 7, "aspectRatio": "21:9"});
    let mut job = ImageJob::parse(&message).expect("a job");
    job.prompt.clone_from(&script.question);
    let request = ImageRequest { job: &job, sources: &[] };
    let outcome = now(Gemini::new(&service, &service).generate(MODEL, request, &permit()));
    service.check_requests();
    let sent: Value = serde_json::from_slice(&service.sent.borrow()[0].body).expect("JSON");
    assert_eq!(sent["contents"][0]["parts"][0]["text"], script.question.as_str());
    let in_reply = service.last_value().as_ref().and_then(image);
    match &outcome {
        Ok(image) => {
            assert_eq!(Format::of(&image.bytes), Some(image.format));
            assert!(image.format.is_image());
            // A plain reader refuses what is nested deeply.
            assert!(in_reply.is_none_or(|it| it == image.bytes), "another image");
        }
        Err(refused) => {
            failure::check(refused);
            assert_eq!(in_reply, None, "an image was lost: {refused}");
        }
    }
}

/// The last image of a reply that is no error.
fn image(reply: &Value) -> Option<Vec<u8>> {
    let pieces = reply.as_array().map_or(std::slice::from_ref(reply), Vec::as_slice);
    let is_error = |piece: &Value| !piece["error"].is_null() || !piece["message"].is_null();
    if pieces.first().is_some_and(is_error) {
        return None;
    }
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let candidates = pieces.iter().flat_map(|piece| list(&piece["candidates"]));
    let parts = candidates.flat_map(|candidate| list(&candidate["content"]["parts"]));
    let image = |part: Value| {
        let inline = &part["inlineData"];
        let media_type = inline["mimeType"].as_str().filter(|it| !it.is_empty());
        let wanted = part["thought"] != true
            && media_type.is_none_or(|media_type| media_type.starts_with("image/"));
        inline["data"].as_str().filter(|data| wanted && !data.is_empty()).map(str::to_owned)
    };
    let bytes = base64::decode(&parts.filter_map(image).next_back()?)?;
    Format::of(&bytes).is_some_and(Format::is_image).then_some(bytes)
}
