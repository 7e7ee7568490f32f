//! Images by the Gemini API: `POST /models/{model}:generateContent`.
//!
//! Form of request and reply: <https://ai.google.dev/api/generate-content>.

use std::time::Duration;

use serde_json::Value;

use super::error::{error_of, failure, unreachable};
use super::model::{is_of_vertex, model_name, total_bytes};
use super::vertex::vertex_path;
use crate::failure::{Code, Failure};
use crate::http::{BodyLimit, Transport, TransportError, post_json, send};
use crate::job::Format;
use crate::json::{Encoded, Json, object_with_media};
use crate::large_body::{LargeBodyPermit, SMALL};
use crate::port::{GeneratedImage, ImageModel, ImageRequest};
use crate::service::redact::redacted;

/// An image takes 5 to 15 s, a slow one up to 100 s. What takes longer will not come, and a run
/// on the free plan has 150 s in all.
const TIMEOUT: Duration = Duration::from_secs(110);

/// A 4K PNG is 20 to 25 MB, as base64 a third more: room for 30 MB.
const LONGEST_REPLY: usize = 40 * 1024 * 1024;

/// The most attempts when a reply has no image: each is paid for.
const ATTEMPTS_WITHOUT_IMAGE: u32 = 3;

/// Reasons to end that no further attempt changes (`FinishReason` in the API's reference).
const BLOCKED: [&str; 8] = [
    "SAFETY",
    "IMAGE_SAFETY",
    "PROHIBITED_CONTENT",
    "IMAGE_PROHIBITED_CONTENT",
    "BLOCKLIST",
    "SPII",
    "RECITATION",
    "IMAGE_RECITATION",
];

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
        permit: &LargeBodyPermit,
    ) -> Result<GeneratedImage, Failure> {
        let name = model_name(model)?;
        let (transport, path) = match is_of_vertex(model) {
            true => (&self.vertex, vertex_path(name, "generateContent")),
            false => (&self.gemini, format!("models/{name}:generateContent")),
        };
        let url = format!("{}/{path}", transport.base_url());
        let lost = |error: TransportError| unreachable(model, &error);
        let request = post_json(&url, body(request)).map_err(lost)?;
        let limit = BodyLimit::WithPermit(LONGEST_REPLY, SMALL, permit);
        let reply = send(transport, request, TIMEOUT, limit).await.map_err(lost)?;
        if !reply.status.is_success() {
            return Err(failure(model, &reply));
        }
        let found = match Json::read(&reply.body) {
            Ok(document) if !error_of(&document).is_null() => Err(failure(model, &reply)),
            Ok(document) => look(model, &document, &reply.body),
            Err(_) => Err(unreadable(model, "it is no JSON")),
        };
        let (encoded, usage) = found?;
        let bytes = encoded.decode(reply.body).unwrap_or_default();
        match Format::of(&bytes) {
            Some(format) if format.is_image() => Ok(GeneratedImage { format, bytes, usage }),
            _ => Err(unreadable(model, "its image is of no known format")),
        }
    }
}

/// The body of a request. Gemini answers with text too unless it is told not to.
fn body(ImageRequest { job, sources }: ImageRequest<'_>) -> Vec<u8> {
    object_with_media(total_bytes(sources), |it| {
        it.list("contents", |contents| {
            contents.object(|content| {
                content.text("role", "user").list("parts", |parts| {
                    parts.object(|part| {
                        part.text("text", &job.prompt);
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
            config.optional_integer("seed", job.seed);
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

/// Finds the image in a reply, or the reason why there is none. An image is success whatever
/// else the reply says. A reply that was made for streaming comes as a list of pieces.
fn look(
    model: &str,
    document: &Json<'_>,
    reply: &[u8],
) -> Result<(Encoded, Option<Value>), Failure> {
    let pieces = match document {
        Json::List(pieces) => pieces.as_slice(),
        piece => std::slice::from_ref(piece),
    };
    let candidates = || pieces.iter().flat_map(|piece| piece.get("candidates").list());
    let parts = || {
        candidates()
            .flat_map(|candidate| candidate.get("content").get("parts").list())
            // Interim images and the model's thinking about them.
            .filter(|part| !part.get("thought").is_true())
    };
    let images = parts().map(|part| part.get("inlineData")).filter(|inline| {
        inline.get("mimeType").text().is_none_or(|media_type| media_type.starts_with("image/"))
    });
    let image = images.filter_map(|inline| inline.get("data").text()).next_back();
    if let Some(image) = image {
        let usage = pieces.iter().rev().map(|piece| piece.get("usageMetadata"));
        let usage = usage.into_iter().find(|usage| !usage.is_null()).map(Json::to_value);
        return Ok((Encoded::locate(image, reply), usage));
    }

    let feedback = pieces.iter().map(|piece| piece.get("promptFeedback"));
    let block = feedback.into_iter().find(|feedback| feedback.get("blockReason").text().is_some());
    if let Some(feedback) = block {
        let reason = words(feedback, "blockReason", "blockReasonMessage");
        return Err(blocked(format!("{model} refused the prompt: {reason}")));
    }
    let ends = || candidates().filter(|candidate| candidate.get("finishReason").text().is_some());
    let is_block = |candidate: &&Json<'_>| {
        candidate.get("finishReason").text().is_some_and(|reason| BLOCKED.contains(&&**reason))
    };
    if let Some(candidate) = ends().find(is_block) {
        let reason = words(candidate, "finishReason", "finishMessage");
        return Err(blocked(format!("{model} refused to show the image: {reason}")));
    }

    let mut said = String::new();
    for end in ends() {
        said = said + ": " + &words(end, "finishReason", "finishMessage");
    }
    for text in parts().filter_map(|part| part.get("text").text()) {
        said = said + ": " + &redacted(text);
    }
    let message = redacted(&format!("{model} made no image{said}"));
    Err(Failure::retry_at_most(Code::NoImage, ATTEMPTS_WITHOUT_IMAGE, message))
}

/// A reason and, where there is one, the sentence that explains it.
fn words(object: &Json<'_>, reason: &str, sentence: &str) -> String {
    let reason = object.get(reason).text().map_or("?".into(), |reason| redacted(reason));
    match object.get(sentence).text() {
        Some(sentence) => format!("{reason}, {}", redacted(sentence)),
        None => reason,
    }
}

fn blocked(message: String) -> Failure {
    Failure::give_up(Code::ContentBlocked, message)
}

fn unreadable(model: &str, why: &str) -> Failure {
    let message = format!("{model} sent a reply that cannot be read: {}", redacted(why));
    Failure::retry_at_most(Code::ProviderReplyUnreadable, ATTEMPTS_WITHOUT_IMAGE, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests;
