//! Videos: submitted, polled and downloaded, in the protocol that goes with the model.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use http::StatusCode;

use super::download::{check_inline, download};
use super::error::{error_of, failure, is_about_itself, unreachable};
use super::model::model_path;
use super::operation_state::Look;
use super::{omni, veo};
use crate::failure::{Code, Failure, Next};
use crate::http::{Most, Reply, Transport, TransportError, exchange, get, post_json};
use crate::job::bare;
use crate::json::Json;
use crate::large_body::{Room, SMALL};
use crate::port::{Body, Operation, Progress, SubmitError, VideoFile, VideoModel, VideoRequest};
use crate::service::redact::shown;

/// A submission is answered within seconds, one with a large image a little later. One that was
/// not answered may have been accepted and billed, so there is every reason to wait.
const SUBMIT_TIMEOUT: Duration = Duration::from_secs(90);

/// Asking how an operation stands is cheap and soon asked again.
const POLL_TIMEOUT: Duration = Duration::from_secs(30);

/// Stopping an operation is nice to have; others wait for this run meanwhile.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);

/// The answer to a submission is a name.
const LONGEST_SUBMISSION_REPLY: usize = 1024 * 1024;

/// Usually an address, but a video of up to 48 MB can come inside of the reply, as base64.
const LONGEST_POLL_REPLY: usize = 64 * 1024 * 1024;

/// The video models of the Gemini API.
pub struct Videos<T>(T);

impl<T: Transport> Videos<T> {
    /// The models behind a transport whose address is the API's, version included. The transport
    /// is also asked for downloads from other origins; it must not give those the key.
    pub fn new(transport: T) -> Self {
        Self(transport)
    }

    /// Asks about an operation, with room for a video in the answer; without, has it cancelled. In
    /// a box, so that the code for both is there once.
    fn ask<'a>(
        &'a self,
        protocol: Protocol,
        operation: &'a Operation,
        room: Option<&'a Room>,
    ) -> LocalBoxFuture<'a, Result<Reply, Failure>> {
        Box::pin(async move {
            let url = protocol.operation_url(self.0.base_url(), operation)?;
            let lost = |error: TransportError| unreachable(&operation.name, &error);
            let (request, timeout, most) = match room {
                Some(room) => {
                    (get(&url), POLL_TIMEOUT, Most::InRoom(LONGEST_POLL_REPLY, SMALL, room))
                }
                None => {
                    let request = post_json(&(url + "/cancel"), Vec::new());
                    (request, CANCEL_TIMEOUT, Most::Bytes(LONGEST_SUBMISSION_REPLY))
                }
            };
            exchange(&self.0, request.map_err(lost)?, timeout, most).await.map_err(lost)
        })
    }
}

/// The two protocols that video models speak.
#[derive(Clone, Copy)]
enum Protocol {
    Veo,
    Omni,
}

impl Protocol {
    fn of(model: &str) -> Result<Self, Failure> {
        let model = bare(model);
        if model.starts_with("veo-") {
            Ok(Protocol::Veo)
        } else if model.starts_with("gemini-omni-") {
            Ok(Protocol::Omni)
        } else {
            let model = shown(model);
            let known = "a name has to begin with veo- or gemini-omni-";
            let message = format!("VIDEO_MODELS names \"{model}\", but {known}");
            Err(Failure::give_up(Code::ModelUnavailable, message))
        }
    }

    fn operation_url(self, base: &str, operation: &Operation) -> Result<String, Failure> {
        let name = operation.name.as_str();
        let path = match self {
            Protocol::Veo => veo::operation(name).map(str::to_owned),
            Protocol::Omni => omni::interaction(name).map(|id| format!("interactions/{id}")),
        };
        let path = path.ok_or_else(|| {
            let message = format!("\"{}\" is no name of an operation", shown(name));
            Failure::give_up(Code::OperationNotFound, message)
        })?;
        Ok(format!("{base}/{path}"))
    }
}

impl<T: Transport> VideoModel for Videos<T> {
    type Stream = T::Stream;

    async fn submit(
        &self,
        model: &str,
        request: VideoRequest<'_>,
    ) -> Result<Operation, SubmitError> {
        let rejected = |failure| SubmitError { failure, rejected: true };
        let protocol = Protocol::of(model).map_err(rejected)?;
        let path = model_path(model).map_err(rejected)?;
        let base = self.0.base_url();
        let (url, body) = match protocol {
            Protocol::Veo => {
                (format!("{base}/{path}:predictLongRunning"), veo::submission(&request))
            }
            Protocol::Omni => {
                (format!("{base}/interactions"), omni::submission(bare(model), &request))
            }
        };
        let lost = |error: TransportError| not_submitted(model, &error);
        let request = post_json(&url, body).map_err(lost)?;
        let most = Most::Bytes(LONGEST_SUBMISSION_REPLY);
        let reply = exchange(&self.0, request, SUBMIT_TIMEOUT, most).await.map_err(lost)?;
        accepted(protocol, model, &reply)
    }

    async fn poll(&self, operation: &Operation, room: &Room) -> Result<Progress, Failure> {
        let name = &operation.name;
        let protocol = Protocol::of(&operation.model)?;
        let reply = self.ask(protocol, operation, Some(room)).await?;
        if !reply.status.is_success() {
            return Err(not_polled(protocol, name, &reply));
        }
        let document = Json::read(&reply.body).unwrap_or(Json::Null);
        let document = document.list().first().unwrap_or(&document);
        // An error in a success that is no state of the operation: a proxy's way of refusing.
        let is_state =
            ["name", "id", "done", "status"].iter().any(|key| !document.get(key).is_null());
        if !is_state && !error_of(document).is_null() {
            return Err(not_polled(protocol, name, &reply));
        }
        let look = match protocol {
            Protocol::Veo => veo::look(name, document, &reply.body),
            Protocol::Omni => omni::look(name, document, &reply.body),
        };
        let unreadable = || {
            let message = format!("the state of {name} cannot be read");
            Failure::retry(Code::ProviderReplyUnreadable, message)
        };
        match look {
            Look::Pending => Ok(Progress::Pending),
            Look::Remote(uri, usage) => Ok(Progress::Ready(VideoFile::Remote(uri), usage)),
            Look::Inline(encoded, usage) => {
                let video = encoded.decode(reply.body).ok_or_else(unreadable)?;
                Ok(Progress::Ready(VideoFile::Inline(video), usage))
            }
            Look::Ended(failure) => Ok(Progress::Ended(failure)),
            Look::Unreadable => Err(unreadable()),
        }
    }

    async fn cancel(&self, operation: &Operation) -> Result<(), Failure> {
        let protocol = Protocol::of(&operation.model)?;
        if let Protocol::Veo = protocol {
            return Ok(());
        }
        let reply = self.ask(protocol, operation, None).await?;
        if reply.status.is_success() { Ok(()) } else { Err(failure(&operation.name, &reply)) }
    }

    async fn download(&self, file: VideoFile) -> Result<Body<T::Stream>, Failure> {
        match file {
            VideoFile::Inline(bytes) => check_inline(bytes),
            VideoFile::Remote(uri) => download(&self.0, &uri).await,
        }
    }
}

/// What a reply to a submission means. Only a 4xx says for certain that nothing was created; 408 says
/// that the time was up, not for whom.
fn accepted(protocol: Protocol, model: &str, reply: &Reply) -> Result<Operation, SubmitError> {
    if reply.status.is_client_error() && reply.status != StatusCode::REQUEST_TIMEOUT {
        return Err(SubmitError { failure: failure(model, reply), rejected: true });
    }
    if !reply.status.is_success() {
        return Err(uncertain(&failure(model, reply).message));
    }
    let document = Json::read(&reply.body).unwrap_or(Json::Null);
    let key = match protocol {
        Protocol::Veo => "name",
        Protocol::Omni => "id",
    };
    let name = document.get(key).text().map(|name| &**name);
    let name = name.and_then(|name| match protocol {
        Protocol::Veo => veo::operation(name),
        Protocol::Omni => omni::interaction(name),
    });
    match name {
        Some(name) => Ok(Operation { model: bare(model).to_owned(), name: name.to_owned() }),
        None => Err(uncertain(&format!("{model} accepted it without a name that can be read"))),
    }
}

fn not_submitted(model: &str, error: &TransportError) -> SubmitError {
    let failure = unreachable(model, error);
    match error {
        TransportError::NotSent(_) => SubmitError { failure, rejected: true },
        TransportError::NoReply(_) | TransportError::TooLarge { .. } => uncertain(&failure.message),
    }
}

/// A submission that may have been accepted and billed. There is no way to find out, and no key
/// that would make a second one harmless, so a person has to decide.
fn uncertain(what: &str) -> SubmitError {
    let message = format!(
        "{what}. Nobody knows whether the video is being made and billed, so it was not asked \
         for again. Redrive the job to have it made"
    );
    SubmitError { failure: Failure::give_up(Code::SubmissionUncertain, message), rejected: false }
}

/// What a refused question about an operation means: usually nothing for the operation itself.
fn not_polled(protocol: Protocol, name: &str, reply: &Reply) -> Failure {
    let failure = failure(name, reply);
    let document = Json::read(&reply.body).unwrap_or(Json::Null);
    let error = error_of(&document);
    let unknown = match protocol {
        _ if failure.next == Next::OtherModel || is_about_itself(reply) => true,
        Protocol::Veo => false,
        // An id that it does not know is a 400 there.
        Protocol::Omni => {
            failure.code == Code::ModelRejectedRequest
                && reply.status == StatusCode::BAD_REQUEST
                && error.get("status").text().is_none_or(|status| status != "FAILED_PRECONDITION")
        }
    };
    if !unknown {
        return failure;
    }
    // A proxy's 404 says nothing; only the API itself knows what it does not know.
    if error.is_null() {
        return Failure::retry(Code::ProviderReplyUnreadable, failure.message);
    }
    let message = format!("the provider does not know the operation: {}", failure.message);
    Failure::give_up(Code::OperationNotFound, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests;
