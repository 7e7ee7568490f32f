//! The protocol of Gemini's Omni models: `POST /interactions`, `GET /interactions/{id}`,
//! `POST /interactions/{id}/cancel`.
//!
//! Form of request and reply: the `Interaction` types of `@google/genai` 3.1.

use super::base64::Encoded;
use super::document::Json;
use super::google_error::operation_failure;
use super::redact::shown;
use super::request::JsonBody;
use super::video::Look;
use crate::failure::{Code, Failure};
use crate::port::VideoRequest;

/// How many submissions are worth trying when one ends without a video for no good reason.
const ATTEMPTS: u32 = 3;

/// The body of a submission. Names are in snake case and the duration is a text here.
pub(super) fn submission(model: &str, request: &VideoRequest<'_>) -> Vec<u8> {
    let media = request.source.map_or(0, |source| source.bytes.len());
    let mut body = JsonBody::with_media(media)
        .raw(r#"{"model":"#)
        .text(model)
        .raw(r#","background":true,"input":["#);
    if let Some(source) = request.source {
        body = body
            .raw(r#"{"type":"image","data":"#)
            .base64(&source.bytes)
            .raw(r#","mime_type":"#)
            .text(source.format.content_type())
            .raw("},");
    }
    body = body
        .raw(r#"{"type":"text","text":"#)
        .text(request.prompt)
        .raw(r#"}],"response_format":{"type":"video","delivery":"uri","aspect_ratio":"#)
        .text(request.aspect_ratio.as_str())
        .raw(r#","resolution":"#)
        .text(request.resolution.as_str())
        .raw(r#","duration":"#)
        .text(&format!("{}s", request.seconds))
        .raw("}");
    if request.source.is_some() {
        // Otherwise the model guesses whether the image is the first frame or a reference.
        body = body.raw(r#","generation_config":{"video_config":{"task":"image_to_video"}}"#);
    }
    body.raw("}").finish()
}

/// The id of an interaction, if it is one that a path can be made of.
pub(super) fn interaction(id: &str) -> Option<&str> {
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.=~".contains(&byte);
    let safe = (1..=1024).contains(&id.len()) && !id.starts_with('.') && id.bytes().all(alphabet);
    safe.then_some(id)
}

/// How an interaction stands.
pub(super) fn look(id: &str, document: &Json<'_>, reply: &[u8]) -> Look {
    let status = document.get("status").text().map_or("", |status| status);
    match status {
        "queued" | "in_progress" => Look::Pending,
        "completed" => completed(id, document, reply),
        "failed" => Look::Ended(failed(id, document)),
        "incomplete" => {
            let message = format!("{id} ended before the video was complete");
            Look::Ended(Failure::retry_at_most(Code::NoVideo, ATTEMPTS, message))
        }
        "budget_exceeded" => {
            let message = format!("{id} ended because its budget is used up");
            Look::Ended(Failure::retry_at_most(Code::QuotaExhausted, ATTEMPTS, message))
        }
        "cancelled" | "requires_action" | "requires_continuation" => {
            let message = format!("{id} ended as {status}");
            Look::Ended(Failure::give_up(Code::OperationFailed, message))
        }
        _ => Look::Unreadable,
    }
}

/// Everything that the model put out, the last first.
fn outputs<'d, 'a>(document: &'d Json<'a>) -> impl Iterator<Item = &'d Json<'a>> {
    let steps = document.get("steps").list().iter().rev();
    let model_outputs =
        steps.filter(|step| step.get("type").text().is_some_and(|kind| kind == "model_output"));
    model_outputs
        .flat_map(|step| step.get("content").list().iter().rev())
        .chain(document.get("outputs").list().iter().rev())
        .chain(std::iter::once(document.get("output_video")))
}

fn completed(id: &str, document: &Json<'_>, reply: &[u8]) -> Look {
    let of_type = |kind: &'static str| {
        outputs(document).filter(move |item| item.get("type").text().is_some_and(|t| t == kind))
    };
    let usage = || Some(document.get("usage")).filter(|usage| !usage.is_null()).map(Json::to_value);
    for video in of_type("video") {
        if let Some(uri) = video.get("uri").text() {
            return Look::Remote(uri.to_string(), usage());
        }
        if let Some(data) = video.get("data").text() {
            return Look::Inline(Encoded::locate(data, reply), usage());
        }
    }
    let mut said: Vec<_> = of_type("text").filter_map(|item| item.get("text").text()).collect();
    said.reverse();
    Look::Ended(match said.is_empty() {
        // The model explains in words why it does not show what was asked for.
        false => {
            let said: String = said.into_iter().map(|text| format!("{text} ")).collect();
            let message = format!("{id} was refused: {}", shown(&said));
            Failure::give_up(Code::ContentBlocked, message)
        }
        true => {
            let message = format!("{id} ended without a video and without a reason");
            Failure::retry_at_most(Code::NoVideo, ATTEMPTS, message)
        }
    })
}

fn failed(id: &str, document: &Json<'_>) -> Failure {
    let steps = document.get("steps").list().iter().map(|step| step.get("error"));
    let errors = document.get("errors").list().iter();
    let error = std::iter::once(document.get("error")).chain(steps).chain(errors);
    operation_failure(id, error.into_iter().find(|error| !error.is_null()).unwrap_or(&Json::Null))
}
