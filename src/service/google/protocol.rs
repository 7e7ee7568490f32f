//! What sets one family of video models apart from another: how it is asked, and what it answers.

use super::operation_state::OperationState;
use crate::failure::Failure;
use crate::http::Reply;
use crate::job::Kind;
use crate::json::{Json, Pieces, has_name};
use crate::port::VideoRequest;

/// A request to the API.
pub(super) enum Ask {
    /// `GET` of a path below the API's address.
    Get(String),
    /// `POST` of a JSON text to such a path.
    Post(String, Pieces),
}

/// How videos are submitted to a family of models, and how its operations are followed.
pub(super) trait OperationProtocol {
    /// What its operations make.
    fn kind(&self) -> Kind {
        Kind::Video
    }

    /// Submits a video to `model`, whose path is `models/{model}`.
    fn submit(&self, model: &str, request: &VideoRequest<'_>) -> Ask;

    /// The member of a reply to a submission that names its operation.
    fn name_key(&self) -> &'static str;

    /// The folders with which a name begins wherever it is written, the outermost first.
    fn folders(&self) -> &'static [&'static str];

    /// Whether a name is one of an operation, from which a path can be made.
    fn is_name(&self, name: &str) -> bool;

    /// Polls an operation.
    fn poll(&self, name: &str) -> Ask;

    /// Reads the state of an operation from a reply that has no asset in it.
    fn state(&self, name: &str, document: &Json<'_>) -> OperationState;

    /// Whether a rejected poll says that there is no such operation. 403 and 404 say it in every
    /// protocol. The error is the one in the reply, the failure what it means.
    fn is_unknown(&self, _reply: &Reply, _error: &Json<'_>, _failure: &Failure) -> bool {
        false
    }

    /// Cancels an operation. None where the API cannot.
    fn cancel(&self, _name: &str) -> Option<Ask> {
        None
    }
}

/// The members in which an operation shows what it made.
const RESULTS: [&str; 11] = [
    "response",
    "result",
    "output",
    "video",
    "videos",
    "generatedVideos",
    "generatedSamples",
    "sample",
    "media",
    "outputVideo",
    "outputImage",
];

/// Whether an operation shows anything, in whatever form.
pub(super) fn shows_something(operation: &Json<'_>) -> bool {
    operation.inside().any(|(name, value)| has_name(&RESULTS, name) && says_something(value))
}

/// Whether there is anything in a value: more than numbers, literals and the name of a type.
pub(super) fn says_something(value: &Json<'_>) -> bool {
    match value {
        Json::Text(text) => !text.is_empty(),
        _ => value.inside().any(|(name, inner)| name != "@type" && says_something(inner)),
    }
}
