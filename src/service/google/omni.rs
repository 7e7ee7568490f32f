//! The protocol of Gemini's Omni models: `POST /interactions`, `GET /interactions/{id}`,
//! `POST /interactions/{id}/cancel`.
//!
//! Form of request and reply: the `Interaction` types of `@google/genai` 3.1.

use http::StatusCode;

use super::error::{error_in, operation_failure};
use super::operation_state::OperationState;
use super::protocol::{Ask, OperationProtocol, says_something, shows_something};
use crate::failure::{Code, Failure};
use crate::http::Reply;
use crate::job::{Kind, VideoImages, VideoJob};
use crate::json::{Json, Pieces, object, same_name};
use crate::port::{ImageRequest, OperationRequest, VideoRequest};
use crate::search::is_made_of;
use crate::service::redact::{redacted, say_more};

/// The most submissions when one ends without a video and without a good reason.
const ATTEMPTS: u32 = 3;

/// The states of an interaction.
const STATUSES: [&str; 9] = [
    "queued",
    "in_progress",
    "completed",
    "failed",
    "incomplete",
    "budget_exceeded",
    "cancelled",
    "requires_action",
    "requires_continuation",
];

/// Omni's protocol.
pub(super) struct Omni {
    /// Where the interactions are, below the address of the service.
    path: &'static str,
    /// How what is finished is delivered: at a `uri`, or `inline`.
    delivery: &'static str,
    /// What they make.
    kind: Kind,
}

/// Omni at the Gemini API.
pub(super) const OMNI: Omni = Omni { path: "interactions", delivery: "uri", kind: Kind::Video };

/// Omni at Vertex AI, which would need a bucket to deliver otherwise.
pub(super) const VERTEX_OMNI: Omni =
    Omni { path: "v1beta1/interactions", delivery: "inline", kind: Kind::Video };

/// Gemini's image models in the background, at the Gemini API.
pub(super) const IMAGES: Omni = Omni { delivery: "inline", kind: Kind::Image, ..OMNI };

impl Omni {
    /// Submits what its models make.
    pub(super) fn begin(&self, model: &str, request: OperationRequest<'_>) -> Ask {
        Ask::Post(self.path.into(), submission(model, self.delivery, request))
    }

    /// An end without an asset that may be tried again.
    fn nothing(&self, message: String) -> Failure {
        let code = if self.kind == Kind::Image { Code::NoImage } else { Code::NoVideo };
        Failure::retry_at_most(code, ATTEMPTS, message)
    }

    /// What a completed interaction means that has nothing to show.
    fn completed(&self, id: &str, interaction: &Json<'_>) -> OperationState {
        let error = error_in(interaction);
        if !error.is_null() {
            return OperationState::Ended(operation_failure(id, error));
        }
        let mut said = String::new();
        let noun = if self.kind == Kind::Image { "image" } else { "video" };
        let mut shows = shows_something(interaction);
        for list in ["steps", "outputs"] {
            interaction.get(list).each_object(
                &mut |it| match it.get("type").text().map(|it| &**it) {
                    Some("text") => {
                        if let Some(text) = it.get("text").text() {
                            say_more(&mut said, &|| format!("{text} "));
                        }
                    }
                    Some(media) if media == noun => {
                        let is_more =
                            |(name, value)| !same_name(name, "type") && says_something(value);
                        shows |= it.inside().any(is_more);
                    }
                    _ => {}
                },
            );
        }
        if shows {
            return OperationState::Unknown;
        }
        if said.is_empty() {
            let message = format!("{id} ended without an asset and without a reason");
            return OperationState::Unclear(self.nothing(message));
        }
        // The model explains in words why it does not show what was asked for.
        let message = format!("{id} was refused: {}", redacted(&said));
        OperationState::Ended(Failure::give_up(Code::ContentBlocked, message))
    }
}

impl OperationProtocol for Omni {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn submit(&self, model: &str, request: &VideoRequest<'_>) -> Ask {
        self.begin(model, OperationRequest::Video(*request))
    }

    fn name_key(&self) -> &'static str {
        "id"
    }

    fn folders(&self) -> &'static [&'static str] {
        &["interactions/"]
    }

    fn is_name(&self, id: &str) -> bool {
        (1..=1024).contains(&id.len()) && !id.starts_with('.') && is_made_of("_-.=~", id)
    }

    fn poll(&self, id: &str) -> Ask {
        Ask::Get(format!("{}/{id}", self.path))
    }

    fn state(&self, id: &str, document: &Json<'_>) -> OperationState {
        let known = |it: &Json<'_>| status_of(it).is_some();
        let Some(interaction) = document.outermost(&known) else {
            return OperationState::Unreadable;
        };
        match status_of(interaction).unwrap_or_default() {
            "queued" | "in_progress" => OperationState::Pending,
            "completed" => self.completed(id, interaction),
            "failed" => OperationState::Ended(operation_failure(id, error_in(interaction))),
            "incomplete" => {
                let message = format!("{id} ended before the asset was complete");
                OperationState::Ended(self.nothing(message))
            }
            "budget_exceeded" => {
                let message = format!("{id} ended because its budget is used up");
                OperationState::Ended(Failure::retry_at_most(
                    Code::QuotaExhausted,
                    ATTEMPTS,
                    message,
                ))
            }
            status => {
                let message = format!("{id} ended as {status}");
                OperationState::Ended(Failure::give_up(Code::OperationFailed, message))
            }
        }
    }

    /// An id that it does not know is a 400 there.
    fn is_unknown(&self, reply: &Reply, error: &Json<'_>, failure: &Failure) -> bool {
        failure.code == Code::ModelRejectedRequest
            && reply.status == StatusCode::BAD_REQUEST
            && error.get("status").text().is_none_or(|status| status != "FAILED_PRECONDITION")
    }

    fn cancel(&self, id: &str) -> Option<Ask> {
        Some(Ask::Post(format!("{}/{id}/cancel", self.path), Pieces::default()))
    }
}

/// The body of a submission. Names are in snake case and the duration is a text here.
fn submission(model: &str, delivery: &str, request: OperationRequest<'_>) -> Pieces {
    let (common, images, tags, task) = match request {
        OperationRequest::Image(ImageRequest { job, sources }) => (&job.common, sources, "", None),
        OperationRequest::Video(VideoRequest { job, images }) => {
            let (tags, task) = task(job, images.len());
            (&job.common, images, tags, Some(task))
        }
    };
    let prompt = format!("{tags}{}", common.prompt);
    object(|it| {
        it.text("model", model).flag("background", true).list("input", |input| {
            for image in images {
                input.object(|part| {
                    part.text("type", "image").base64("data", &image.bytes);
                    part.text("mime_type", image.format.content_type());
                });
            }
            input.object(|part| {
                part.text("type", "text").text("text", &prompt);
            });
        });
        it.object("response_format", |format| {
            format.text("delivery", delivery);
            match request {
                OperationRequest::Image(ImageRequest { job, .. }) => format
                    .text("type", "image")
                    .optional_text("aspect_ratio", job.aspect_ratio)
                    .optional_text("image_size", job.image_size),
                OperationRequest::Video(VideoRequest { job, .. }) => format
                    .text("type", "video")
                    .text("aspect_ratio", job.aspect_ratio)
                    .text("resolution", job.resolution)
                    .text("duration", &format!("{}s", job.duration)),
            };
        });
        it.object("generation_config", |config| {
            config.optional_integer("seed", common.seed);
            if let Some(task) = task {
                config.object("video_config", |video| {
                    video.text("task", task);
                });
            }
        });
    })
}

/// What the images of a video are, in words before the prompt and as a task: otherwise the model guesses.
/// That one of two is the last frame has no task of its own; the guide's tags say it.
fn task(job: &VideoJob, images: usize) -> (&'static str, &'static str) {
    match (job.images(), images) {
        (_, 0) => ("", "text_to_video"),
        (VideoImages::References, _) => ("", "reference_to_video"),
        (VideoImages::Frames, 1) => ("", "image_to_video"),
        (VideoImages::Frames, _) => ("<FIRST_FRAME> <LAST_FRAME> ", "image_to_video"),
    }
}

/// The state of an interaction, if an object is one.
fn status_of(object: &Json<'_>) -> Option<&'static str> {
    let status = object.get("status").text()?;
    STATUSES.into_iter().find(|known| same_name(known, status))
}
