//! What an error of Google's APIs means.
//!
//! Their form is `{"error": {code, message, status, details[]}}`. Seen too: an array around it, a
//! code that is a string, HTML of a proxy, and nothing at all; the status of the reply is then
//! all there is to go by. Formats of the details: `google/rpc/error_details.proto`.

use std::time::Duration;

use http::StatusCode;

use super::model::is_of_vertex;
use super::{account, code};
use crate::failure::{Code, Failure, Standing};
use crate::http::{LONGEST_DELAY, Reply, TransportError};
use crate::json::Json;
use crate::search::Search;
use crate::service::redact::redacted;

/// The most attempts where an error leaves it open whether another one helps.
const FEW_ATTEMPTS: u32 = 3;

/// What follows from a reply that is no success. `asked` names what was asked, usually a model.
pub(super) fn failure(asked: &str, reply: &Reply) -> Failure {
    let document = Json::read_any(&reply.body);
    let error = error_of(&document);
    // An error can come inside of a success, and what is answered with 400 or 500 often says only in
    // its code what it is.
    let status = match reply.status.as_u16() {
        200..=299 | 400 | 500 => code::status_of(error).unwrap_or(reply.status),
        _ => reply.status,
    };
    let message = format!("{asked} answered {}: {}", status.as_u16(), words(error));
    let delay = delay_of(error).max(reply.retry_after);
    if let Some(code) = account::refusal(status.as_u16(), error) {
        return refused(code, message).after(delay);
    }
    match status.as_u16() {
        // A proxy or a wrong address, which is soon put right. The API itself says it in JSON.
        404 | 410 if error.is_null() => {
            let service = if is_of_vertex(asked) { "VERTEX" } else { "GENERATIVE_AI" };
            let message = format!("{message} (is GOOGLE_{service}_BASE_URL right?)");
            Failure::rest(Standing::Refused, Code::ModelUnavailable, message)
        }
        404 | 410 => Failure::rest(Standing::Retired, Code::ModelUnavailable, message),
        400 if is_retired(error) => {
            Failure::rest(Standing::Retired, Code::ModelUnavailable, message)
        }
        429 if is_used_up_for_long(error) => {
            Failure::rest(Standing::Resting, Code::QuotaExhausted, message)
                .after(Some(LONGEST_DELAY))
        }
        429 => Failure::rest(Standing::Resting, Code::QuotaExhausted, message).after(delay),
        408 | 500.. => {
            Failure::rest(Standing::Resting, Code::ProviderUnavailable, message).after(delay)
        }
        400..=499 if asks_again(error) => {
            Failure::retry_at_most(Code::ModelRejectedRequest, FEW_ATTEMPTS, message)
        }
        400..=499 => Failure::give_up(Code::ModelRejectedRequest, message),
        _ => Failure::retry(Code::ProviderReplyUnreadable, message),
    }
}

/// What follows when there was no reply.
pub(super) fn unreachable(asked: &str, error: &TransportError) -> Failure {
    let message = redacted(&format!("{asked} {error}"));
    match error {
        TransportError::NotSent(_) | TransportError::NoReply(_) | TransportError::TimedOut(_) => {
            Failure::rest(Standing::Resting, Code::ProviderUnavailable, message)
        }
        // The next one would have to be paid for and would hardly be smaller.
        TransportError::TooLarge { .. } => Failure::give_up(Code::ProviderReplyUnreadable, message),
    }
}

/// The error of a document that may be nothing but one.
pub(super) fn error_of<'d, 'a>(document: &'d Json<'a>) -> &'d Json<'a> {
    let outer = document.list().first().unwrap_or(document);
    match error_in(document) {
        Json::Null
            if outer.get("candidates").is_null() && outer.get("message").text().is_some() =>
        {
            outer
        }
        error => error,
    }
}

/// The error in a document, wherever it is in there. One that says nothing is none: proxies send an
/// empty one beside what was asked for.
pub(super) fn error_in<'d, 'a>(document: &'d Json<'a>) -> &'d Json<'a> {
    let with_error = document.find(&|it| !said(it.get("error")).is_null());
    with_error.map_or(&Json::Null, |it| said(it.get("error")))
}

/// An error, or null if it says nothing: there is no message in it, and no code but "no error".
fn said<'d, 'a>(error: &'d Json<'a>) -> &'d Json<'a> {
    let error = error.list().first().unwrap_or(error);
    let code = error.get("code");
    let is_fine = code.integer() == Some(0);
    let says = error.text().is_some()
        || code.integer().is_some()
        || [code, error.get("message"), error.get("status")].iter().any(|it| it.text().is_some());
    if says && !is_fine { error } else { &Json::Null }
}

/// What an error says, in its own words.
fn words(error: &Json<'_>) -> String {
    let texts = [error.get("message"), error, error.get("code"), error.get("status")];
    let text = texts.into_iter().find_map(Json::text);
    text.map_or("no explanation".into(), |text| redacted(text))
}

/// Whether a refusal itself says that the same request may be accepted.
fn asks_again(error: &Json<'_>) -> bool {
    let words = words(error).to_ascii_lowercase();
    words.has("retry") || words.has("try again")
}

/// Whether a 400 says what is usually a 404.
fn is_retired(error: &Json<'_>) -> bool {
    ["is not found for API version", "is not supported for predictLongRunning"]
        .iter()
        .any(|words| message_of(error).has(words))
}

fn refused(code: Code, message: String) -> Failure {
    let message = format!("{}. {}", message.trim_end_matches('.'), account::advice(code));
    Failure::rest(Standing::Refused, code, message)
}

/// Whether a refusal of one operation or file is about that alone: Google answers 403 for what is
/// gone or belongs to another project, with the same status as for a key without the right.
pub(super) fn is_about_itself(reply: &Reply) -> bool {
    let document = Json::read_any(&reply.body);
    // A status that says nothing by itself shows whether the words or the reason do.
    reply.status == StatusCode::FORBIDDEN && account::refusal(429, error_of(&document)).is_none()
}

/// Whether it takes hours until there is quota again: a daily one is used up, or there is none.
fn is_used_up_for_long(error: &Json<'_>) -> bool {
    let violations = error.get("details").list().iter().flat_map(|it| it.get("violations").list());
    let daily = violations.into_iter().any(|violation| {
        violation.get("quotaId").text().is_some_and(|id| id.has("PerDay"))
            || violation.get("quotaValue").integer() == Some(0)
    });
    let mut none = false;
    let mut rest = message_of(error);
    while let Some((_, after)) = rest.cut("limit: 0") {
        none |= !after.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        rest = after;
    }
    daily || none
}

fn message_of<'d>(error: &'d Json<'_>) -> &'d str {
    error.get("message").text().map_or("", |text| text)
}

/// The delay of a `RetryInfo`: seconds with an optional fraction, `"34.4s"`.
fn delay_of(error: &Json<'_>) -> Option<Duration> {
    let mut details = error.get("details").list().iter();
    let delay = details.find_map(|detail| detail.get("retryDelay").text())?;
    let (seconds, fraction) = match delay.strip_suffix('s')?.split_once('.') {
        Some((seconds, fraction)) => (seconds, fraction),
        None => (delay.strip_suffix('s')?, ""),
    };
    let seconds = Duration::from_secs(seconds.parse().ok()?);
    // Rounded up: coming back too early is answered with another refusal.
    let part = u64::from(fraction.bytes().any(|digit| digit != b'0'));
    Some(seconds.saturating_add(Duration::from_secs(part)).min(LONGEST_DELAY))
}

/// What follows from the error of an operation that ended. Trying again means a new submission; what
/// failed is not billed.
pub(super) fn operation_failure(operation: &str, error: &Json<'_>) -> Failure {
    let error = said(error);
    let code = error.get("code");
    let number = code.integer().map(|number| number.to_string());
    let name = number.or_else(|| Some(redacted(code.text()?))).unwrap_or_else(|| "?".into());
    let message = format!("{operation} failed with code {name}: {}", words(error));
    let few = |message| Failure::retry_at_most(Code::OperationFailed, FEW_ATTEMPTS, message);
    let status = code::status_of(error).map(|status| status.as_u16());
    // 403 may be about what the job names, such as a bucket, so the status alone does not count.
    if let Some(code) =
        account::refusal(status.filter(|status| *status != 403).unwrap_or(400), error)
    {
        return refused(code, message);
    }
    match status {
        Some(429) => {
            Failure::rest(Standing::Resting, Code::QuotaExhausted, message).after(delay_of(error))
        }
        // ABORTED
        Some(409) => Failure::retry(Code::OperationFailed, message),
        // CANCELLED, UNKNOWN, and what does not say
        Some(499 | 520) | None => few(message),
        Some(400..=407 | 410..=498) if asks_again(error) => few(message),
        // INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, FAILED_PRECONDITION, UNIMPLEMENTED …
        Some(400..=407 | 410..=498 | 501) => Failure::give_up(Code::OperationFailed, message),
        // DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE
        Some(_) => Failure::rest(Standing::Resting, Code::ProviderUnavailable, message),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
