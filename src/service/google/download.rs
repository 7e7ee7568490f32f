//! Opening a finished video.

use std::time::Duration;

use http::StatusCode;

use super::error::{failure, is_about_itself, unreachable};
use crate::failure::{Code, Failure};
use crate::http::{Head, Received, Reply, Transport, explanation, get, passes};
use crate::job::Format;
use crate::port::Body;
use crate::service::redact::redacted;
use crate::service::source::WebUrl;

/// A file store begins to answer within seconds.
const TIMEOUT: Duration = Duration::from_secs(60);

/// As many bytes as it takes to know an MP4.
const HEAD: usize = 12;

/// The API redirects to a file store once. More than a few lead nowhere.
const MOST_REDIRECTS: usize = 5;

/// Eight seconds at 1080p are 20 to 50 MB; a file of this size is no such video.
const LARGEST: u64 = 512 * 1024 * 1024;

/// The most attempts when a file is refused, missing or no video: the next poll may
/// name another address.
const ATTEMPTS: u32 = 3;

/// Where Google's replies say that its files are.
const GOOGLE: &str = "https://generativelanguage.googleapis.com/v1beta";

/// Opens the file at a URI of the provider's, following redirects one by one. The transport adds
/// the key on the API's own origin and nowhere else.
pub(super) async fn download<T: Transport>(
    transport: &T,
    uri: &str,
) -> Result<Body<T::Stream>, Failure> {
    let bad_base = |why| give_up(format!("GOOGLE_GENERATIVE_AI_BASE_URL {why}"));
    let base = WebUrl::parse(transport.base_url()).map_err(bad_base)?;
    let bad_uri = |why| give_up(format!("the address of the video {why}"));
    let mut url = behind_proxy(WebUrl::parse(uri).map_err(bad_uri)?, &base);
    for _ in 0..=MOST_REDIRECTS {
        if !may_lead_to(&base, &url) {
            return Err(give_up(format!("the video is at {}, which is not allowed", url.origin())));
        }
        let lost =
            |error| Failure { code: Code::DownloadFailed, ..unreachable(&url.origin(), &error) };
        let request = get(&url.to_string()).map_err(lost)?;
        let (head, body) = transport.send(request, TIMEOUT).await.map_err(lost)?;
        if head.status.is_redirection() {
            let location = head.location.ok_or_else(|| bad_uri("redirects to nowhere"))?;
            url = url.join(&location).map_err(bad_uri)?;
            continue;
        }
        if !head.status.is_success() {
            let body = explanation(transport, body).await;
            let reply = Reply { status: head.status, retry_after: head.retry_after, body };
            return Err(refused(&url, url.same_origin(&base), &reply));
        }
        check_length(&head)?;
        let Received { head, whole } = transport.peek(body, HEAD, TIMEOUT).await.map_err(lost)?;
        check_bytes(&head)?;
        return Ok(Body::Stream(whole));
    }
    Err(give_up(format!("the address of the video redirects more than {MOST_REDIRECTS} times")))
}

/// A video that came inside of a reply, if it is one.
pub(super) fn check_inline<S>(bytes: Vec<u8>) -> Result<Body<S>, Failure> {
    check_bytes(&bytes)?;
    Ok(Body::Bytes(bytes))
}

/// A proxy passes on Google's replies with the addresses of Google's files in them. The key is
/// the proxy's or behind it, so the files have to be asked for there.
fn behind_proxy(url: WebUrl, base: &WebUrl) -> WebUrl {
    let Ok(google) = WebUrl::parse(GOOGLE) else { return url };
    if base.same_origin(&google) {
        return url;
    }
    let there =
        url.below(&google).map(|rest| format!("{}/{rest}", base.to_string().trim_end_matches('/')));
    there.and_then(|there| WebUrl::parse(&there).ok()).unwrap_or(url)
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
            Err(give_up(format!("the video has {length} bytes, more than {LARGEST}")))
        }
        _ => Ok(()),
    }
}

fn check_bytes(head: &[u8]) -> Result<(), Failure> {
    if Format::of(head) == Some(Format::Mp4) {
        return Ok(());
    }
    let what = if head.is_empty() { "empty" } else { "no MP4" };
    let message = format!("the file of the video is {what}");
    Err(Failure::retry_at_most(Code::DownloadFailed, ATTEMPTS, message))
}

/// What a refused download means. The API's own words count as everywhere; a file store's
/// refusal usually means that the link has expired.
fn refused(url: &WebUrl, own: bool, reply: &Reply) -> Failure {
    let origin = url.origin();
    let gone = matches!(reply.status, StatusCode::NOT_FOUND | StatusCode::GONE);
    if own && !gone && !is_about_itself(reply) {
        let failure = failure(&origin, reply);
        return match failure.code {
            Code::ApiKeyInvalid | Code::QuotaExhausted => failure,
            _ => Failure { code: Code::DownloadFailed, ..failure },
        };
    }
    let message =
        redacted(&format!("the video at {origin} was answered with {}", reply.status.as_u16()));
    if passes(reply.status) {
        return Failure::retry(Code::DownloadFailed, message).after(reply.retry_after);
    }
    let advice = "; if it is gone, redrive the job with forget_operation to pay for a new one";
    Failure::retry_at_most(Code::DownloadFailed, ATTEMPTS, message + advice)
}

fn give_up(message: String) -> Failure {
    Failure::give_up(Code::DownloadFailed, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
