//! Operations: submitted, polled and downloaded, in the protocol that goes with the model.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use super::account::{meaning, said};
use super::address::{video_address, without_credentials};
use super::code;
use super::document::{beginning, is_foreign, read_document};
use super::download::download;
use super::error::{
    error_of, failure, is_about_itself, is_of_google, own_status, unreachable, words,
};
use super::media::take_file;
use super::model::{is_of_vertex, model_name};
use super::omni::{IMAGES, OMNI, VERTEX_OMNI};
use super::operation_state::OperationState;
use super::protocol::{Ask, OperationProtocol};
use super::usage::usage_of;
use super::veo::Veo;
use super::vertex::{VertexVeo, object_url};
use super::words::Meaning;
use crate::failure::{Code, Failure, Next, Standing};
use crate::http::{BodyLimit, Reply, Transport, TransportError, get, post_json, send};
use crate::job::{Format, Kind, joined, strip_models_prefix};
use crate::json::Json;
use crate::large_body::{LargeBodyPermit, SMALL};
use crate::policy::capabilities::makes_in_background;
use crate::port::{
    AssetFile, Body, Operation, OperationModel, OperationRequest, Progress, Submission, SubmitError,
};
use crate::search::Search;
use crate::service::redact::redacted;

/// A submission is answered within seconds, one with a large image a little later. One that was
/// not answered may have been accepted and billed, so there is every reason to wait.
const SUBMIT_TIMEOUT: Duration = Duration::from_secs(90);

/// A poll is cheap and soon repeated.
const POLL_TIMEOUT: Duration = Duration::from_secs(30);

/// Stopping an operation is nice to have; other jobs wait for this run meanwhile.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);

/// How many polls in a row have to be answered with what may be a mistake before it counts.
/// They are minutes apart in all, in which a video that is being made has time to be known again.
const POLLS_IN_DOUBT: u32 = 5;

/// Usually a name or an address, but a video of up to 48 MB can come inside of the reply, as base64.
const LONGEST_REPLY: usize = 64 * 1024 * 1024;

/// The answer to a cancellation says nothing.
const LONGEST_CANCEL_REPLY: usize = 1024 * 1024;

/// Cloudflare's words for a host that refuses the connection, cannot be reached, fails the handshake or shows an
/// invalid certificate, or that has no address: the request went no further. (522 comes after a connection, too.)
const NOT_REACHED: [u16; 5] = [521, 523, 525, 526, 530];

/// How the name of an operation begins that was finished when it was submitted; the address of its file follows, or
/// nothing if the file was inside of the reply.
const FINISHED: &str = "file:";

/// What is left of a file that was inside of the reply when the run that had it ended.
const NOT_STORED: &str = "the asset came with the reply to its submission, and that run could not store it; redrive \
     the job with forget_operation to pay for a new one";

/// What follows from a model that cannot be asked at all.
const RETIRED: Next = Next::Rest { standing: Standing::Retired, after: None };

/// The protocols, and how the names of the models begin that speak them.
const PROTOCOLS: [(&str, &dyn OperationProtocol); 4] = [
    ("veo-", &Veo),
    ("gemini-omni-", &OMNI),
    ("vertex/veo-", &VertexVeo),
    ("vertex/gemini-omni-", &VERTEX_OMNI),
];

/// Google's models that make assets by operations.
pub struct Operations<T> {
    gemini: T,
    vertex: T,
}

impl<T: Transport> Operations<T> {
    /// The models behind two transports: to the Gemini API, whose address includes the version, and
    /// to Vertex AI, whose address does not. They are also asked for downloads from other origins, and
    /// must not give those the key.
    pub fn new(gemini: T, vertex: T) -> Self {
        Self { gemini, vertex }
    }

    /// Sends a request. Boxed so that the compiler emits it once.
    fn ask<'a>(
        &'a self,
        model: &str,
        ask: Ask,
        timeout: Duration,
        limit: BodyLimit<'a>,
    ) -> LocalBoxFuture<'a, Result<Reply, TransportError>> {
        let transport = if is_of_vertex(model) { &self.vertex } else { &self.gemini };
        Box::pin(async move {
            let base = transport.base_url();
            let request = match ask {
                Ask::Get(path) => get(&format!("{base}/{path}")),
                Ask::Post(path, body) => post_json(&format!("{base}/{path}"), body),
            };
            send(transport, request?, timeout, limit).await
        })
    }
}

/// The protocol of a model's operations.
fn protocol_of(model: &str) -> Result<&'static dyn OperationProtocol, Failure> {
    if makes_in_background(model) { Ok(&IMAGES) } else { protocol_of_video(model) }
}

fn protocol_of_video(model: &str) -> Result<&'static dyn OperationProtocol, Failure> {
    let model = strip_models_prefix(model);
    let found = PROTOCOLS.iter().find(|(prefix, _)| model.starts_with(prefix));
    found.map(|(_, protocol)| *protocol).ok_or_else(|| {
        let prefixes = joined(&PROTOCOLS.map(|(prefix, _)| prefix), " or ");
        let model = redacted(model);
        let known = format!("a name has to begin with {prefixes}");
        let message = format!("VIDEO_MODELS names \"{model}\", but {known}");
        Failure::give_up(Code::ModelUnavailable, message)
    })
}

/// Refuses a name from which no path can be made.
fn check_name(protocol: &dyn OperationProtocol, name: &str) -> Result<(), Failure> {
    if protocol.is_name(name) {
        return Ok(());
    }
    let message = format!("\"{}\" is no name of an operation", redacted(name));
    Err(Failure::give_up(Code::OperationNotFound, message))
}

impl<T: Transport> OperationModel for Operations<T> {
    type Stream = T::Stream;

    async fn submit(
        &self,
        model: &str,
        request: OperationRequest<'_>,
        permit: &LargeBodyPermit,
    ) -> Result<Submission, SubmitError> {
        let rejected = |failure| SubmitError { failure, rejected: true };
        // A name that no protocol goes with is the operator's mistake, and not the job's.
        let unknown = |failure: Failure| failure.and_then(RETIRED);
        let name = model_name(model).map_err(rejected)?;
        let (protocol, ask): (&dyn OperationProtocol, _) = match request {
            OperationRequest::Image(_) => (&IMAGES, IMAGES.begin(name, request)),
            OperationRequest::Video(request) => {
                let protocol = protocol_of_video(model).map_err(unknown).map_err(rejected)?;
                (protocol, protocol.submit(name, &request))
            }
        };
        let lost = |error: TransportError| not_submitted(model, &error);
        let limit = BodyLimit::WithPermit(LONGEST_REPLY, SMALL, permit);
        let ask = self.ask(model, ask, SUBMIT_TIMEOUT, limit);
        accepted(protocol, model, ask.await.map_err(lost)?)
    }

    async fn poll(
        &self,
        operation: &Operation,
        permit: &LargeBodyPermit,
    ) -> Result<Progress, Failure> {
        let name = &operation.name;
        match name.strip_prefix(FINISHED) {
            Some("") => return Err(Failure::give_up(Code::OperationNotFound, NOT_STORED)),
            Some(address) => return Ok(Progress::Ready(AssetFile::Remote(address.into()), None)),
            None => {}
        }
        let protocol = protocol_of(&operation.model)?;
        check_name(protocol, name)?;
        let lost = |error: TransportError| unreachable(name, &error);
        let limit = BodyLimit::WithPermit(LONGEST_REPLY, SMALL, permit);
        let ask = self.ask(&operation.model, protocol.poll(name), POLL_TIMEOUT, limit);
        let reply = ask.await.map_err(lost)?;
        found(protocol, name, reply)
    }

    async fn cancel(&self, operation: &Operation) -> Result<(), Failure> {
        let name = &operation.name;
        let protocol = protocol_of(&operation.model)?;
        let is_over = name.starts_with(FINISHED);
        let Some(ask) = protocol.cancel(name).filter(|_| !is_over) else { return Ok(()) };
        check_name(protocol, name)?;
        let lost = |error: TransportError| unreachable(name, &error);
        let limit = BodyLimit::Bytes(LONGEST_CANCEL_REPLY);
        let reply = self.ask(&operation.model, ask, CANCEL_TIMEOUT, limit).await.map_err(lost)?;
        if reply.status.is_success() { Ok(()) } else { Err(failure(name, &reply)) }
    }

    async fn download(&self, file: AssetFile) -> Result<Body<T::Stream>, Failure> {
        let (transport, address) = match file {
            // Its first bytes are how it was found.
            AssetFile::Inline(bytes) => return Ok(Body::Bytes(bytes)),
            // One call, so that its code is there once.
            AssetFile::Remote(uri) => match object_url(&uri) {
                Some(url) => (&self.vertex, url),
                None => (&self.gemini, uri),
            },
        };
        download(transport, &address).await
    }
}

/// What a reply to a submission means.
fn accepted(
    protocol: &dyn OperationProtocol,
    model: &str,
    mut reply: Reply,
) -> Result<Submission, SubmitError> {
    let document = read_document(&reply.body);
    let error = error_of(&document);
    let is_success = reply.status.is_success();
    // A word in a refusal may name something else.
    let counts = |name: &String| {
        let refuses = reply.status.is_client_error() || !error.is_null();
        is_success || !refuses || name.contains('/')
    };
    // One that is finished already may have no name, and then its file's address is as good.
    let address =
        || video_address(&document).filter(|_| protocol.kind() == Kind::Video && is_success);
    let finished = || Some(format!("{FINISHED}{}", without_credentials(address()?)));
    let name = name_in(protocol, &document).filter(counts).or_else(finished);
    let usage = usage_of(&document);
    let status = reply.status.as_u16();
    // A page with a success is a sign-in or the like, and as good as a proxy's 400.
    let is_foreign = is_foreign(&reply.body) && !reply.may_be_lost;
    let means = if is_success && is_foreign { 400 } else { status };
    // Before the body is taken: of a file that was cut nothing is left.
    let rejection = is_rejection(means, error).then(|| failure(model, &reply));
    let is_made =
        is_success && take_file(&mut reply.body, &mut reply.files, wanted(protocol)).is_some();
    let name = name.or_else(|| is_made.then(|| FINISHED.to_owned()));
    if let Some(name) = name {
        let operation = Operation { model: strip_models_prefix(model).to_owned(), name };
        let made = is_made.then_some((AssetFile::Inline(reply.body), usage));
        return Ok(Submission { operation, made });
    }
    if let Some(failure) = rejection {
        return Err(SubmitError { failure, rejected: true });
    }
    Err(uncertain(&format!("{model} answered {status}: {}", quoted(&reply))))
}

/// Which formats an asset of a protocol has.
fn wanted(protocol: &dyn OperationProtocol) -> fn(Format) -> bool {
    match protocol.kind() {
        Kind::Image => Format::is_image,
        Kind::Video => |format| !format.is_image(),
    }
}

/// The name of the operation that a reply to a submission is about, in whatever member it is. The
/// outermost: what is in an operation has names, too.
fn name_in(protocol: &dyn OperationProtocol, document: &Json<'_>) -> Option<String> {
    if let Json::Text(text) = document {
        return name_of(protocol, false, text);
    }
    let mut name = None;
    document.each_object(&mut |it| {
        let Json::Object(members) = it else { return };
        // The member for names is first asked for what it has.
        let named = it.get(protocol.name_key()).text();
        name = name.take().or_else(|| name_of(protocol, true, named?));
        for (_, value) in members {
            if let (None, Json::Text(text)) = (&name, value) {
                name = name_of(protocol, false, text);
            }
        }
    });
    name
}

/// The name that a text is, or with which the URL or path ends that it is. Where no name is expected,
/// only what begins with a folder of names is one.
fn name_of(protocol: &dyn OperationProtocol, is_named: bool, text: &str) -> Option<String> {
    let mut parts = text.trim().split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let after = part.strip_prefix("2F").or_else(|| part.strip_prefix("2f"));
        text.push(if after.is_some() { '/' } else { '%' });
        text.push_str(after.unwrap_or(part));
    }
    let start = protocol.folders().iter().find_map(|folder| Some(text.cut(folder)?.0.len()));
    let start = start.or(is_named.then_some(0))?;
    let name = text.get(start..)?;
    let name = name.split_once('?').map_or(name, |(name, _)| name);
    let name = name.strip_prefix("interactions/").unwrap_or(name);
    protocol.is_name(name).then(|| name.to_owned())
}

/// Whether a reply says for certain that nothing was created: a 3xx or 4xx (except 408, 444, 460 and 499, which say
/// that the time was up or the connection closed, not for whom); a refusal of the account, by a reason or in words;
/// that the provider was not reached; or that it takes nothing now, in Google's own form or in words. A bare 5xx may
/// be that of a proxy whose own wait was over, and so may be whatever speaks of lost time or connections.
fn is_rejection(status: u16, error: &Json<'_>) -> bool {
    let refuses =
        |status: u16| (300..=499).contains(&status) && !matches!(status, 408 | 444 | 460 | 499);
    let (by_field, own) = (code::status_of(error), own_status(error));
    let is_success = (200..=299).contains(&status);
    let takes_nothing = || is_success || status == 503 || matches!(by_field, Some(429 | 503));
    match said(error) {
        // A proxy gives up waiting with 400 and 429, too; Google says so of nothing that it began.
        Some(Meaning::Lost) => {
            own.is_some_and(refuses) || refuses(status) && !matches!(status, 400 | 429)
        }
        Some(Meaning::NotReached) => true,
        _ if refuses(status) || NOT_REACHED.contains(&status) => true,
        _ if own.is_some_and(|own| refuses(own) || own == 503) => true,
        Some(Meaning::Overloaded | Meaning::Is(Code::QuotaExhausted)) if takes_nothing() => true,
        _ if is_success && by_field.is_some_and(|said| refuses(said) && said != 429) => true,
        // What is said beside the status: that the account, the model or the job is refused.
        _ => !matches!(
            meaning(200, error),
            None | Some(Code::QuotaExhausted | Code::ProviderUnavailable | Code::DownloadFailed)
        ),
    }
}

/// What a reply to a poll means. An asset wins, whatever else is said.
fn found(
    protocol: &dyn OperationProtocol,
    name: &str,
    mut reply: Reply,
) -> Result<Progress, Failure> {
    let document = read_document(&reply.body);
    let usage = usage_of(&document);
    let address = video_address(&document).filter(|_| protocol.kind() == Kind::Video);
    let address = address.map(str::to_owned);
    if take_file(&mut reply.body, &mut reply.files, wanted(protocol)).is_some() {
        return Ok(Progress::Ready(AssetFile::Inline(reply.body), usage));
    }
    if let Some(address) = address {
        return Ok(Progress::Ready(AssetFile::Remote(address), usage));
    }
    let document = read_document(&reply.body);
    // An error in a success that is no state of the operation: a proxy's way of refusing.
    let error = error_of(&document);
    let is_state = |it: &Json<'_>| {
        let mut keys = ["name", "id", "done", "status"].iter();
        !std::ptr::eq(it, error) && keys.any(|key| !it.get(key).is_null())
    };
    let refuses = !error.is_null() && document.find(&is_state).is_none();
    if refuses || !reply.status.is_success() {
        return Err(not_polled(protocol, name, &reply));
    }
    match protocol.state(name, &document) {
        OperationState::Pending if error.is_null() => Ok(Progress::Pending),
        OperationState::Pending => Ok(Progress::Troubled(words(error))),
        OperationState::Ended(failure) => Ok(Progress::Ended(failure)),
        OperationState::Unclear(failure) => Ok(Progress::Unclear(failure)),
        OperationState::Unreadable => {
            let message = format!("the state of {name} cannot be read: {}", quoted(&reply));
            Err(Failure::retry(Code::ProviderReplyUnreadable, message))
        }
        OperationState::Unknown => {
            let message =
                format!("{name} ended with a result of no known form: {}", quoted(&reply));
            Err(Failure::retry_at_most(Code::ProviderReplyUnreadable, POLLS_IN_DOUBT, message))
        }
    }
}

/// A reply in its own words, for a person who looks into it; of a file what is text at its beginning.
fn quoted(reply: &Reply) -> String {
    let is_no_text = |c: char| c.is_control() && !c.is_whitespace();
    let text = beginning(&reply.body).split(is_no_text).next();
    match redacted(text.unwrap_or_default()) {
        said if said.is_empty() => "nothing".into(),
        said => said,
    }
}

fn not_submitted(model: &str, error: &TransportError) -> SubmitError {
    let failure = unreachable(model, error);
    match error {
        TransportError::NotSent(_) => SubmitError { failure, rejected: true },
        TransportError::NoReply(_)
        | TransportError::TimedOut(_)
        | TransportError::TooLarge { .. } => uncertain(&failure.message),
    }
}

/// A submission that may have been accepted and billed. There is no way to find out, and no key
/// that would make a second one harmless, so a person has to decide.
fn uncertain(what: &str) -> SubmitError {
    let message = format!(
        "{what}. The asset may be generated and billed, so it was not submitted again. Redrive the job \
         to generate it"
    );
    SubmitError { failure: Failure::give_up(Code::SubmissionUncertain, message), rejected: false }
}

/// What a refused question about an operation means: usually nothing for the operation itself. What
/// sounds final is asked for again all the same, since the API has answered so by mistake.
fn not_polled(protocol: &dyn OperationProtocol, name: &str, reply: &Reply) -> Failure {
    let failure = failure(name, reply);
    let document = read_document(&reply.body);
    let error = error_of(&document);
    let is_unknown = failure.code == Code::ModelUnavailable
        || is_about_itself(reply)
        || protocol.is_unknown(reply, error, &failure);
    let in_doubt = |code, message| Failure::retry_at_most(code, POLLS_IN_DOUBT, message);
    match failure.next {
        // A proxy's 404 says nothing; only the API itself knows what it does not know.
        _ if is_unknown && !is_of_google(&document) => {
            Failure::retry(Code::ProviderReplyUnreadable, failure.into_message())
        }
        _ if is_unknown => in_doubt(
            Code::OperationNotFound,
            format!("the provider does not know the operation: {}", failure.message),
        ),
        _ if failure.code == Code::ModelRejectedRequest => {
            in_doubt(failure.code, failure.into_message())
        }
        _ => failure,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests;
