//! Opening a finished video.

use std::time::Duration;

use http::StatusCode;

use super::account::meaning;
use super::document::{first_of, read_document};
use super::error::{error_in, error_of, failure, is_about_itself, operation_failure, unreachable};
use crate::failure::{Code, Failure, Standing};
use crate::http::{
    Head, Header, Payload, Received, Reply, ReplyBody, Transport, TransportError, build,
    explanation, passes,
};
use crate::job::Format;
use crate::json::{Json, same_name};
use crate::port::Body;
use crate::search::Search;
use crate::service::redact::redacted;
use crate::service::source::WebUrl;

/// A file store begins to answer within seconds.
const TIMEOUT: Duration = Duration::from_secs(60);

/// As many bytes as it takes to know an MP4, and what asks for them.
const HEAD: usize = 12;
const FIRST_BYTES: Header = ("range", "bytes=0-11");

/// What asks for all of a file. It tells the adapter that the file is only passed on.
const ALL: Header = ("range", "bytes=0-");

/// More than this of a body is no part of it, whatever its status says. In bytes.
const MOST_OF_PART: usize = 4096;

/// The API redirects to a file store once. More than a few lead nowhere.
const MOST_REDIRECTS: usize = 5;

/// Eight seconds at 1080p are 20 to 50 MB; a file of this size is no such video.
const LARGEST: u64 = 512 * 1024 * 1024;

/// The most attempts when a file is refused, missing or no video, or is not where an answer leads: the next
/// poll, or the next answer of a proxy, may name another address.
const ATTEMPTS: u32 = 3;

/// How long it takes at most until a finished video can be downloaded: seconds, usually.
const ACTIVE_SOON: Duration = Duration::from_secs(10);

/// How long it takes at most until all of the file store knows a finished video.
const KNOWN_SOON: Duration = Duration::from_secs(30);

/// Where Google's replies say that its files are.
const GOOGLE: &str = "https://generativelanguage.googleapis.com/v1beta";

/// Opens the file at an address of the provider's, following redirects one by one. The transport adds
/// the key on the API's own origin and nowhere else.
pub(super) async fn download<T: Transport>(
    transport: &T,
    address: &str,
) -> Result<Body<T::Stream>, Failure> {
    let bad_base = |why| astray(format!("GOOGLE_GENERATIVE_AI_BASE_URL {why}"));
    let base = WebUrl::parse(transport.base_url()).map_err(bad_base)?;
    let bad_uri = |why| astray(format!("the address of the video {why}"));
    let mut url = absolute(address, &base).map_err(bad_uri)?;
    for _ in 0..=MOST_REDIRECTS {
        if !may_lead_to(&base, &url) {
            return Err(astray(format!("the video is at {}, which is not allowed", url.origin())));
        }
        let lost = |error| unreachable(&url.origin(), &error).as_code(Code::DownloadFailed);
        let (head, received) = open(transport, &url.to_string()).await.map_err(lost)?;
        if head.status.is_redirection() {
            let location = head.location.ok_or_else(|| bad_uri("redirects to nowhere"))?;
            url = url.join(&location).map_err(bad_uri)?;
            continue;
        }
        let Head { status, retry_after, .. } = head;
        if status.is_success() {
            check_length(&head)?;
            if !is_json(&received.head) {
                check_bytes(&received.head)?;
                return Ok(Body::Stream(received.whole));
            }
        }
        // What is said instead of the bytes.
        let body = explanation(transport, received.whole).await;
        match instead(&url, &base, Reply { status, retry_after, body, ..Reply::default() })? {
            next if next == url => return Err(no_video("no MP4")),
            next => url = next,
        }
    }
    Err(astray(format!("the address of the video redirects more than {MOST_REDIRECTS} times")))
}

/// Asks for what is at an address; of a success the first bytes are known then.
///
/// They are asked for by themselves, so that the body is passed on as it comes. A stream that is forked
/// for them is copied in JavaScript, piece by piece, which takes twice the CPU time of all the rest. That
/// is left for servers which send the whole body all the same, and for what is no video.
async fn open<T: Transport>(
    transport: &T,
    url: &str,
) -> Result<(Head, Received<T::Stream>), TransportError> {
    let request = build(url, &[FIRST_BYTES], Payload::Empty)?;
    let (mut head, mut whole) = transport.send(request, TIMEOUT).await?;
    if matches!(head.status, StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE) {
        let mut part = ReplyBody::default();
        let is_part = transport.collect(&mut whole, &mut part, MOST_OF_PART, TIMEOUT).await?;
        let request = build(url, &[ALL], Payload::Empty)?;
        (head, whole) = transport.send(request, TIMEOUT).await?;
        if is_part && check_bytes(&part.text).is_ok() && head.status.is_success() {
            return Ok((head, Received { head: part.text, whole }));
        }
    }
    if !head.status.is_success() {
        return Ok((head, Received { head: Vec::new(), whole }));
    }
    Ok((head, transport.peek(whole, HEAD, TIMEOUT).await?))
}

/// Where to go on when a file's address does not lead to its bytes.
fn instead(url: &WebUrl, base: &WebUrl, reply: Reply) -> Result<WebUrl, Failure> {
    let own = url.same_origin(base);
    let document = read_document(&reply.body);
    let error = error_of(&document);
    let is_in = |state: &str| {
        document.find(&|it| it.get("state").text().is_some_and(|it| same_name(it, state)))
    };
    if let Some(file) = is_in("FAILED") {
        let message = operation_failure(&url.origin(), error_in(file)).into_message();
        return Err(Failure::retry_at_most(Code::OperationFailed, ATTEMPTS, message));
    }
    if is_in("PROCESSING").is_some() {
        return Err(not_active(&url.origin()));
    }
    if reply.status.is_success() && error.is_null() {
        let address = ["downloadUri", "uri"].iter().find_map(|name| {
            let named = document.find(&|it| it.get(name).text().is_some())?;
            absolute(named.get(name).text()?, base).ok()
        });
        return Ok(address.filter(|it| it != url).unwrap_or_else(|| to_bytes(url, base)));
    }
    let precedes = |status: &Json<'_>| {
        status.text().is_some_and(|status| same_name(status, "FAILED_PRECONDITION"))
    };
    match meaning(400, error) {
        Some(Code::DownloadFailed) => return Err(not_active(&url.origin())),
        None if own && precedes(error.get("status")) => return Err(not_active(&url.origin())),
        _ => {}
    }
    let bytes = to_bytes(url, base);
    let is_known = matches!(reply.status.as_u16(), 400 | 404 | 405);
    if own && is_known && bytes != *url { Ok(bytes) } else { Err(refused(url, own, &reply)) }
}

/// The URL that an address means. Some replies give no more than the name of a file.
fn absolute(address: &str, base: &WebUrl) -> Result<WebUrl, &'static str> {
    match address.cut("files/") {
        Some((folder, name)) if !folder.has("://") => at_base(&format!("files/{name}"), base),
        _ => WebUrl::parse(address).map(|url| behind_proxy(url, base)),
    }
}

fn at_base(path: &str, base: &WebUrl) -> Result<WebUrl, &'static str> {
    WebUrl::parse(&format!("{}/{path}", base.to_string().trim_end_matches('/')))
}

/// The address of a file's bytes, where an address of the API's is one of the file itself.
fn to_bytes(url: &WebUrl, base: &WebUrl) -> WebUrl {
    let Some(rest) = url.below(base).filter(|rest| rest.starts_with("files/")) else {
        return url.clone();
    };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let method = if path.ends_with(":download") { "" } else { ":download" };
    let media = if query.has("alt=media") { "" } else { "&alt=media" };
    let query = format!("{query}{media}");
    let query = query.trim_start_matches('&');
    at_base(&format!("{path}{method}?{query}"), base).unwrap_or_else(|_| url.clone())
}

/// A proxy passes on Google's replies with the addresses of Google's files in them. The key is
/// the proxy's or behind it, so the files have to be asked for there.
fn behind_proxy(url: WebUrl, base: &WebUrl) -> WebUrl {
    let Ok(google) = WebUrl::parse(GOOGLE) else { return url };
    if base.same_origin(&google) {
        return url;
    }
    url.below(&google).and_then(|rest| at_base(rest, base).ok()).unwrap_or(url)
}

/// The provider is trusted, but no further than it has to be: not from the internet into a
/// private network, and not from https to http. A simulator on this machine may do both.
fn may_lead_to(base: &WebUrl, url: &WebUrl) -> bool {
    let safe = url.secure || !base.secure;
    let outside = url.host.is_public() || !base.host.is_public();
    url.same_origin(base) || safe && outside
}

fn check_length(head: &Head) -> Result<(), Failure> {
    match head.content_length {
        Some(length) if length > LARGEST => {
            Err(astray(format!("the video has {length} bytes, more than {LARGEST}")))
        }
        _ => Ok(()),
    }
}

fn check_bytes(head: &[u8]) -> Result<(), Failure> {
    if Format::of(head) == Some(Format::Mp4) {
        return Ok(());
    }
    Err(no_video(if head.is_empty() { "empty" } else { "no MP4" }))
}

fn no_video(what: &str) -> Failure {
    astray(format!("the file of the video is {what}"))
}

fn is_json(head: &[u8]) -> bool {
    matches!(first_of(head), b'{' | b'[')
}

/// What follows from a file that has not been put together yet.
fn not_active(origin: &str) -> Failure {
    let message = format!("the video at {origin} is not ready for download yet");
    Failure::retry(Code::DownloadFailed, message).after(Some(ACTIVE_SOON))
}

/// What a refused download means. The API's own words count as everywhere; a file store's
/// refusal usually means that the link has expired.
fn refused(url: &WebUrl, own: bool, reply: &Reply) -> Failure {
    let origin = url.origin();
    let gone = matches!(reply.status, StatusCode::NOT_FOUND | StatusCode::GONE);
    if own && !gone && !is_about_itself(reply) {
        let failure = failure(&origin, reply);
        let code = if failure.is_rest() { failure.code } else { Code::DownloadFailed };
        return failure.as_code(code);
    }
    let message =
        redacted(&format!("the video at {origin} was answered with {}", reply.status.as_u16()));
    if passes(reply.status) {
        let trouble = Failure::rest(Standing::Resting, Code::DownloadFailed, message);
        return trouble.after(reply.retry_after);
    }
    let advice = "; if it is gone, redrive the job with forget_operation to pay for a new one";
    let failure = Failure::retry_at_most(Code::DownloadFailed, ATTEMPTS, message + advice);
    // A file that has just been made may not be known everywhere yet.
    failure.after(own.then_some(KNOWN_SOON))
}

fn astray(message: String) -> Failure {
    Failure::retry_at_most(Code::DownloadFailed, ATTEMPTS, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
