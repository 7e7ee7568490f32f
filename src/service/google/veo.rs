//! Veo's protocol: `POST /models/{model}:predictLongRunning`, `GET /{operation}`. An operation cannot
//! be cancelled.
//!
//! Form of request and reply: <https://ai.google.dev/gemini-api/docs/video>.

use super::error::{error_in, operation_failure};
use super::operation_state::OperationState;
use super::protocol::{Ask, OperationProtocol, says_something, shows_something};
use super::refusal::refusal;
use crate::failure::{Code, Failure};
use crate::job::VideoImages;
use crate::json::{Json, Object, Pieces, object};
use crate::port::{SourceImage, VideoRequest};
use crate::search::{Search, is_made_of};
use crate::service::redact::{redacted, say_more};

/// The most submissions when one ends without a video and without a good reason.
const ATTEMPTS: u32 = 3;

/// Veo's protocol.
pub(super) struct Veo;

impl OperationProtocol for Veo {
    fn submit(&self, model: &str, request: &VideoRequest<'_>) -> Ask {
        Ask::Post(format!("models/{model}:predictLongRunning"), submission(request))
    }

    fn name_key(&self) -> &'static str {
        "name"
    }

    fn folders(&self) -> &'static [&'static str] {
        &["projects/", "models/"]
    }

    /// A name is `models/…/operations/…`.
    fn is_name(&self, name: &str) -> bool {
        let segment = |segment: &str| {
            !segment.is_empty() && !segment.starts_with('.') && is_made_of("._-~=", segment)
        };
        name.len() <= 512 && name.split('/').all(segment) && name.has("operations/")
    }

    fn poll(&self, name: &str) -> Ask {
        Ask::Get(name.to_owned())
    }

    /// The state of an operation. While it works, its reply has neither `done` nor anything else
    /// that counts.
    fn state(&self, name: &str, document: &Json<'_>) -> OperationState {
        let is_done = |it: &Json<'_>| it.is_over() == Some(true);
        let Some(operation) = document.outermost(&is_done) else {
            let is_object = document.find(&|_| true).is_some();
            return if is_object { OperationState::Pending } else { OperationState::Unreadable };
        };
        let error = error_in(operation);
        if !error.is_null() {
            return OperationState::Ended(operation_failure(name, error));
        }
        if let Some(failure) = filtered(name, operation) {
            return OperationState::Ended(failure);
        }
        if shows_something(operation) || says_something(operation.get("outputs")) {
            return OperationState::Unknown;
        }
        let message = format!("{name} ended without a video and without a reason");
        OperationState::Unclear(Failure::retry_at_most(Code::NoVideo, ATTEMPTS, message))
    }
}

/// The body of a submission. The duration is a number here, an image is not `inlineData`, and
/// nothing is said about what it has defaults for. (Of audio only Vertex AI lets itself be told.)
pub(super) fn submission(&VideoRequest { job, images }: &VideoRequest<'_>) -> Pieces {
    object(|it| {
        it.list("instances", |instances| {
            instances.object(|instance| {
                instance.text("prompt", &job.common.prompt);
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
                .optional_flag("generateAudio", job.generate_audio)
                .optional_integer("seed", job.common.seed);
        });
    })
}

fn write_image(it: &mut Object<'_>, image: &SourceImage) {
    it.base64("bytesBase64Encoded", &image.bytes).text("mimeType", image.format.content_type());
}

/// What follows when a filter took the video away. What is filtered is not billed.
fn filtered(name: &str, operation: &Json<'_>) -> Option<Failure> {
    if let Some(refused) = refusal(operation) {
        return Some(Failure::give_up(Code::ContentBlocked, format!("{name} {refused}")));
    }
    let mut reason = String::new();
    let mut count = 0;
    operation.each_object(&mut |it| {
        for text in it.get("raiMediaFilteredReasons").list().iter().filter_map(Json::text) {
            say_more(&mut reason, &|| format!("{text} "));
        }
        count = count.max(it.get("raiMediaFilteredCount").integer().unwrap_or(0));
    });
    if reason.is_empty() && count < 1 {
        return None;
    }
    let message = format!("{name} was filtered by the provider: {}", redacted(&reason));
    // The filter for audio is random: the same prompt often passes the next time. It has no code
    // of its own, so its sentence is the only sign.
    Some(if reason.to_ascii_lowercase().has("audio") {
        Failure::retry_at_most(Code::ContentBlocked, ATTEMPTS, message)
    } else {
        Failure::give_up(Code::ContentBlocked, message)
    })
}
