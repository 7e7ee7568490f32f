//! Images by the Gemini API: `POST /models/{model}:generateContent`.
//!
//! Form of request and reply: <https://ai.google.dev/api/generate-content>.

use std::time::Duration;

use super::code::status_of;
use super::document::{beginning, is_foreign, read_document};
use super::error::{error_of, failure, unreachable};
use super::media::take_image;
use super::model::{is_of_vertex, model_name};
use super::refusal::{refusal, words};
use super::usage::usage_of;
use super::vertex::vertex_path;
use crate::failure::{Code, Failure, Next};
use crate::http::{BodyLimit, Reply, Transport, TransportError, post_json, send};
use crate::job::Format;
use crate::json::{Json, Pieces, object};
use crate::large_body::{LargeBodyPermit, SMALL};
use crate::port::{GeneratedImage, ImageModel, ImageRequest};
use crate::service::redact::{redacted, say_more};

/// A 4K PNG is 20 to 25 MB, as base64 a third more: room for 30 MB.
const LONGEST_REPLY: usize = 40 * 1024 * 1024;

/// The most attempts when a reply has no image: each is paid for.
const ATTEMPTS_WITHOUT_IMAGE: u32 = 3;

/// The most attempts when the reply to what was probably paid for is lost.
const ATTEMPTS_WITHOUT_REPLY: u32 = 2;

/// What follows from a request without a reply.
const LOST: &str = ". It may have been made and billed: it is asked for twice at most";

/// Gemini's image models.
pub struct Gemini<T> {
    gemini: T,
    vertex: T,
}

impl<T: Transport> Gemini<T> {
    /// The models behind two transports: to the Gemini API, whose address includes the version, and
    /// to Vertex AI, whose address does not.
    pub fn new(gemini: T, vertex: T) -> Self {
        Self { gemini, vertex }
    }
}

impl<T: Transport> ImageModel for Gemini<T> {
    async fn generate(
        &self,
        model: &str,
        request: ImageRequest<'_>,
        within: Duration,
        permit: &LargeBodyPermit,
    ) -> Result<GeneratedImage, Failure> {
        let name = model_name(model)?;
        let (transport, path) = match is_of_vertex(model) {
            true => (&self.vertex, vertex_path(name, "generateContent")),
            false => (&self.gemini, format!("models/{name}:generateContent")),
        };
        let url = format!("{}/{path}", transport.base_url());
        let silent = |error: TransportError| unanswered(model, &error);
        let limit = BodyLimit::Paid(LONGEST_REPLY, SMALL, permit);
        let request = post_json(&url, body(request)).map_err(silent)?;
        let mut reply = send(transport, request, within, limit).await.map_err(silent)?;
        let usage = usage_of(&read_document(&reply.body));
        // A body that is no JSON says nothing of its end.
        let is_alone = Format::of(&reply.body).is_some() || !reply.body.contains(&b'{');
        let is_broken = is_alone && reply.broken.is_some();
        let is_empty = reply.body.is_empty();
        if !is_broken && let Some(format) = take_image(&mut reply.body, &mut reply.files) {
            return Ok(GeneratedImage { format, bytes: reply.body, usage });
        }
        if reply.body.is_empty() && !is_empty {
            return Err(lost(unreadable(model, "its image is cut")));
        }
        Err(without_image(model, &reply))
    }
}

/// The body of a request. Gemini answers with text too unless it is told not to.
fn body(ImageRequest { job, sources }: ImageRequest<'_>) -> Pieces {
    object(|it| {
        it.list("contents", |contents| {
            contents.object(|content| {
                content.text("role", "user").list("parts", |parts| {
                    parts.object(|part| {
                        part.text("text", &job.common.prompt);
                    });
                    for source in sources {
                        parts.object(|part| {
                            part.object("inlineData", |inline| {
                                inline.text("mimeType", source.format.content_type());
                                inline.base64("data", &source.bytes);
                            });
                        });
                    }
                });
            });
        });
        it.object("generationConfig", |config| {
            config.list("responseModalities", |list| {
                list.text("IMAGE");
            });
            config.optional_integer("seed", job.common.seed);
            // Models without sizes refuse even to be asked for none.
            if job.aspect_ratio.is_some() || job.image_size.is_some() {
                config.object("imageConfig", |image| {
                    image.optional_text("aspectRatio", job.aspect_ratio);
                    image.optional_text("imageSize", job.image_size);
                });
            }
        });
    })
}

/// What follows when not even the head of a reply came.
fn unanswered(model: &str, error: &TransportError) -> Failure {
    let failure = unreachable(model, error);
    match error {
        TransportError::TimedOut(_) => lost(failure),
        // How long it was under way shows what this means, and only the flow knows.
        TransportError::NoReply(_) => failure.as_code(Code::ReplyLost),
        _ => failure,
    }
}

/// What follows from a reply without an image. A success that broke off was made and billed.
fn without_image(model: &str, reply: &Reply) -> Failure {
    match &reply.broken {
        _ if !reply.status.is_success() => {
            let failure = failure(model, reply);
            if is_of_gateway(reply) { lost(failure) } else { failure }
        }
        Some(error) => {
            let failure = unreachable(model, error);
            if failure.is_rest() { lost(failure) } else { failure }
        }
        None if reply.may_be_lost => lost(unreadable(model, "it has no body")),
        None => no_image(model, reply),
    }
}

/// A failure after which the image may have been made and billed, so there is a bound to it.
fn lost(failure: Failure) -> Failure {
    Failure::retry_at_most(Code::ReplyLost, ATTEMPTS_WITHOUT_REPLY, failure.into_message() + LOST)
}

/// Whether a proxy's own wait was over: the API goes on behind it. (524 is Cloudflare's.) The API's
/// own error names its code or status.
fn is_of_gateway(reply: &Reply) -> bool {
    matches!(reply.status.as_u16(), 408 | 504 | 524)
        && status_of(error_of(&read_document(&reply.body))).is_none()
}

/// Why there is no image in a reply.
fn no_image(model: &str, reply: &Reply) -> Failure {
    let document = read_document(&reply.body);
    if let Some(refused) = refusal(&document) {
        return Failure::give_up(Code::ContentBlocked, format!("{model} {refused}"));
    }
    if !error_of(&document).is_null() || is_foreign(&reply.body) {
        let failure = failure(model, reply);
        // Of a text that is no JSON only its words count.
        if failure.is_rest() || document.text().is_none() {
            return failure;
        }
    }
    if let Some(part) = document.find(&|part| !part.get("inlineData").get("data").is_null()) {
        let kind = part.get("inlineData").get("mimeType").text().map_or("", |kind| kind);
        let failure = unreadable(model, &format!("its image is of no known format: {kind}"));
        // Another one would be of the same type, and be billed.
        let is_other = ["image/gif", "image/avif"].contains(&kind);
        return if is_other { failure.and_then(Next::GiveUp) } else { failure };
    }
    if let Some(address) = address_of(&document) {
        // Every other reply would do the same and be billed.
        let failure = unreadable(model, &format!("its image is not inside but at {address}"));
        return failure.and_then(Next::GiveUp);
    }
    let mut said = String::new();
    document.each_object(&mut |it| {
        if it.get("finishReason").text().is_some() {
            say_more(&mut said, &|| format!(": {}", words(it, "finishReason", "finishMessage")));
        }
    });
    document.each_object(&mut |it| {
        if let Some(text) = it.get("text").text() {
            say_more(&mut said, &|| format!(": {}", redacted(text)));
        }
    });
    if said.is_empty() && Json::read(&reply.body).is_err() {
        return unreadable(model, &format!("it is no JSON: {}", beginning(&reply.body)));
    }
    let message = redacted(&format!("{model} made no image{said}"));
    Failure::retry_at_most(Code::NoImage, ATTEMPTS_WITHOUT_IMAGE, message)
}

/// Where an image is that a reply gives only the address of.
fn address_of<'d>(document: &'d Json<'_>) -> Option<&'d str> {
    let mut found = None;
    document.each_object(&mut |it| {
        let first = it.get("data").list().first().unwrap_or(&Json::Null);
        for (holder, name) in
            [(it.get("fileData"), "fileUri"), (it.get("image_url"), "url"), (first, "url")]
        {
            found = holder.get(name).text().map(|text| &**text).or(found);
        }
    });
    found
}

fn unreadable(model: &str, why: &str) -> Failure {
    let message = format!("{model} sent a reply that cannot be read: {}", redacted(why));
    Failure::retry_at_most(Code::ProviderReplyUnreadable, ATTEMPTS_WITHOUT_IMAGE, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests;
