//! Veo's protocol: `POST /models/{model}:predictLongRunning`, `GET /{operation}`. An operation cannot
//! be cancelled.
//!
//! Form of request and reply: <https://ai.google.dev/gemini-api/docs/video>.

use super::error::operation_failure;
use super::model::total_bytes;
use super::operation_state::OperationState;
use super::protocol::{Ask, VideoProtocol};
use crate::failure::{Code, Failure};
use crate::job::VideoImages;
use crate::json::{Encoded, Json, Object, object_with_media};
use crate::port::{SourceImage, VideoRequest};
use crate::service::redact::redacted;

/// The most submissions when one ends without a video and without a good reason.
const ATTEMPTS: u32 = 3;

/// Veo's protocol.
pub(super) struct Veo;

impl VideoProtocol for Veo {
    fn submit(&self, model: &str, request: &VideoRequest<'_>) -> Ask {
        Ask::Post(format!("models/{model}:predictLongRunning"), submission(request))
    }

    fn name_key(&self) -> &'static str {
        "name"
    }

    /// A name is `models/…/operations/…`.
    fn is_name(&self, name: &str) -> bool {
        let segment = |segment: &str| {
            !segment.is_empty()
                && !segment.starts_with('.')
                && segment
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"._-~=".contains(&byte))
        };
        name.len() <= 512 && name.split('/').all(segment) && name.contains("operations/")
    }

    fn poll(&self, name: &str) -> Ask {
        Ask::Get(name.to_owned())
    }

    /// The state of an operation. While it works, its reply has neither `done` nor anything else.
    fn state(&self, name: &str, document: &Json<'_>, reply: &[u8]) -> OperationState {
        let error = document.get("error");
        if !error.is_null() {
            return OperationState::Ended(operation_failure(name, error));
        }
        match document {
            Json::Object(_) if !document.get("done").is_true() => return OperationState::Pending,
            Json::Object(_) => {}
            _ => return OperationState::Unreadable,
        }
        // Some versions of the API leave the inner object out.
        let response = document.get("response");
        let response = match response.get("generateVideoResponse") {
            Json::Null => response,
            inner => inner,
        };
        let samples = ["generatedSamples", "generatedVideos", "videos"];
        let videos = samples.iter().flat_map(|list| response.get(list).list());
        for sample in videos {
            let video = if sample.get("video").is_null() { sample } else { sample.get("video") };
            let uri = video.get("uri").text().or_else(|| video.get("gcsUri").text());
            if let Some(uri) = uri {
                return OperationState::Remote(uri.to_string(), None);
            }
            let inline = ["encodedVideo", "bytesBase64Encoded", "videoBytes"];
            if let Some(data) = inline.iter().find_map(|key| video.get(key).text()) {
                return OperationState::Inline(Encoded::locate(data, reply), None);
            }
        }
        OperationState::Ended(filtered(name, response).unwrap_or_else(|| {
            let message = format!("{name} ended without a video and without a reason");
            Failure::retry_at_most(Code::NoVideo, ATTEMPTS, message)
        }))
    }
}

/// The body of a submission. The duration is a number here, an image is not `inlineData`, and
/// nothing is said about audio, which the API refuses, or about what it has defaults for.
pub(super) fn submission(&VideoRequest { job, images }: &VideoRequest<'_>) -> Vec<u8> {
    object_with_media(total_bytes(images), |it| {
        it.list("instances", |instances| {
            instances.object(|instance| {
                instance.text("prompt", &job.prompt);
                match job.images() {
                    VideoImages::Frames => {
                        for (name, frame) in ["image", "lastFrame"].into_iter().zip(images) {
                            instance.object(name, |image| write_image(image, frame));
                        }
                    }
                    VideoImages::References => {
                        instance.list("referenceImages", |list| {
                            for reference in images {
                                list.object(|it| {
                                    it.object("image", |image| write_image(image, reference));
                                    it.text("referenceType", "asset");
                                });
                            }
                        });
                    }
                }
            });
        });
        it.object("parameters", |parameters| {
            parameters
                .text("aspectRatio", job.aspect_ratio)
                .integer("durationSeconds", job.seconds().into())
                .text("resolution", job.resolution)
                .optional_text("negativePrompt", job.negative_prompt.as_deref())
                .optional_text("personGeneration", job.person_generation)
                .optional_integer("seed", job.seed);
        });
    })
}

fn write_image(it: &mut Object<'_>, image: &SourceImage) {
    it.base64("bytesBase64Encoded", &image.bytes).text("mimeType", image.format.content_type());
}

/// What follows when a filter took the video away. What is filtered is not billed.
fn filtered(name: &str, response: &Json<'_>) -> Option<Failure> {
    let reasons = response.get("raiMediaFilteredReasons").list().iter();
    let reason = reasons.filter_map(Json::text).fold(String::new(), |all, text| all + text + " ");
    let count = response.get("raiMediaFilteredCount").integer().unwrap_or(0);
    if reason.is_empty() && count < 1 {
        return None;
    }
    let message = format!("{name} was filtered by the provider: {}", redacted(&reason));
    // The filter for audio is random: the same prompt often passes the next time. It has no code
    // of its own, so its sentence is the only sign.
    Some(if reason.to_ascii_lowercase().contains("audio") {
        Failure::retry_at_most(Code::ContentBlocked, ATTEMPTS, message)
    } else {
        Failure::give_up(Code::ContentBlocked, message)
    })
}
