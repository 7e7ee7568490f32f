//! What an error of Google's APIs means.
//!
//! Their form is `{"error": {code, message, status, details[]}}`. Seen too: an array around it, a
//! code that is a string, HTML of a proxy, and nothing at all; the status of the reply is then
//! all there is to go by. Formats of the details: `google/rpc/error_details.proto`.

use std::time::Duration;

use http::StatusCode;

use crate::failure::{Code, Failure, Standing};
use crate::http::{LONGEST_DELAY, Reply, TransportError};
use crate::json::Json;
use crate::service::redact::redacted;

/// How long to wait when the quota ended an operation.
const QUOTA_DELAY: Duration = Duration::from_secs(60);

/// What follows from a reply that is no success. `asked` names what was asked, usually a model.
pub(super) fn failure(asked: &str, reply: &Reply) -> Failure {
    let document = Json::read(&reply.body).unwrap_or(Json::Null);
    let error = error_of(&document);
    let status = status_of(reply.status, error);
    let words = match error.get("message").text().or_else(|| error.text()) {
        Some(message) => redacted(message),
        None => "no explanation".into(),
    };
    let message = format!("{asked} answered {}: {words}", status.as_u16());
    let delay = delay_of(error).max(reply.retry_after);
    match status.as_u16() {
        400 if names_key(error) => bad_key(message),
        401 | 403 => bad_key(message),
        404 | 410 => {
            let hint =
                if error.is_null() { " (is GOOGLE_GENERATIVE_AI_BASE_URL right?)" } else { "" };
            Failure::rest(Standing::Retired, Code::ModelUnavailable, message + hint)
        }
        429 if is_used_up_for_long(error) => {
            Failure::rest(Standing::Resting, Code::QuotaExhausted, message)
                .after(Some(LONGEST_DELAY))
        }
        429 => Failure::rest(Standing::Resting, Code::QuotaExhausted, message).after(delay),
        408 | 500.. => Failure::retry(Code::ProviderUnavailable, message).after(delay),
        400..=499 => Failure::give_up(Code::ModelRejectedRequest, message),
        _ => Failure::retry(Code::ProviderReplyUnreadable, message),
    }
}

/// What follows when there was no reply.
pub(super) fn unreachable(asked: &str, error: &TransportError) -> Failure {
    let message = redacted(&format!("{asked} {error}"));
    match error {
        TransportError::NotSent(_) | TransportError::NoReply(_) => {
            Failure::retry(Code::ProviderUnavailable, message)
        }
        // The next one would have to be paid for and would hardly be smaller.
        TransportError::TooLarge { .. } => Failure::give_up(Code::ProviderReplyUnreadable, message),
    }
}

/// The error object of a document, wherever it is in there.
pub(super) fn error_of<'d, 'a>(document: &'d Json<'a>) -> &'d Json<'a> {
    let document = document.list().first().unwrap_or(document);
    match document.get("error") {
        Json::Null if document.get("message").is_null() => &Json::Null,
        Json::Null => document,
        error => error,
    }
}

/// The status that counts. An error can come inside of a success, and one API answers an unknown
/// model with 400 and says so only in its code.
fn status_of(status: StatusCode, error: &Json<'_>) -> StatusCode {
    let texts = [error.get("code"), error.get("status")];
    let named = |name: &str| {
        texts.iter().any(|text| text.text().is_some_and(|text| text.eq_ignore_ascii_case(name)))
    };
    if status == StatusCode::BAD_REQUEST && (named("not_found") || named("model_not_found")) {
        return StatusCode::NOT_FOUND;
    }
    let inner = || StatusCode::from_u16(error.get("code").integer()?.try_into().ok()?).ok();
    match status.is_success() {
        true => inner().filter(|inner| inner.as_u16() >= 400).unwrap_or(status),
        false => status,
    }
}

fn bad_key(message: String) -> Failure {
    let advice = "Check GOOGLE_GENERATIVE_AI_API_KEY, then redrive the job";
    Failure::give_up(Code::ApiKeyInvalid, format!("{message}. {advice}"))
}

/// Whether a refusal of one operation or file is about that alone: Google answers 403 for what is
/// gone or belongs to another project, with the same status as for a key without the right.
pub(super) fn is_about_itself(reply: &Reply) -> bool {
    let document = Json::read(&reply.body).unwrap_or(Json::Null);
    reply.status == StatusCode::FORBIDDEN && !names_key(error_of(&document))
}

/// Whether an error is about the key: Google answers an unknown key with 400, not with 401.
fn names_key(error: &Json<'_>) -> bool {
    let reason = error.get("details").list().iter().any(|detail| {
        detail.get("reason").text().is_some_and(|reason| reason.starts_with("API_KEY_"))
    });
    // Without details, as proxies pass it on, its sentence is the only sign.
    reason || message_has(error, "API key")
}

/// Whether it takes hours until there is quota again: a daily one is used up, or there is none.
fn is_used_up_for_long(error: &Json<'_>) -> bool {
    let violations = error.get("details").list().iter().flat_map(|it| it.get("violations").list());
    let daily = violations.into_iter().any(|violation| {
        violation.get("quotaId").text().is_some_and(|id| id.contains("PerDay"))
            || violation.get("quotaValue").integer() == Some(0)
    });
    let message = error.get("message").text().map_or("", |text| text);
    let none = message.split("limit: 0").skip(1);
    daily
        || none.into_iter().any(|rest| !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
}

fn message_has(error: &Json<'_>, words: &str) -> bool {
    error.get("message").text().is_some_and(|message| message.contains(words))
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

/// What follows from the error of an operation that ended, whose code is one of gRPC's
/// (`google/rpc/code.proto`). Trying again means a new submission; what failed is not billed.
pub(super) fn operation_failure(operation: &str, error: &Json<'_>) -> Failure {
    let words = error.get("message").text().map_or("no explanation".into(), |text| redacted(text));
    let code = error.get("code").integer();
    let name = code.map_or_else(|| "?".into(), |code| code.to_string());
    let message = format!("{operation} failed with code {name}: {words}");
    match code {
        // RESOURCE_EXHAUSTED. Each try is a submission, so this is no mere waiting and has a bound.
        Some(8) => Failure::retry(Code::QuotaExhausted, message).after(Some(QUOTA_DELAY)),
        // DEADLINE_EXCEEDED, ABORTED, INTERNAL, UNAVAILABLE
        Some(4 | 10 | 13 | 14) => Failure::retry(Code::OperationFailed, message),
        // CANCELLED, UNKNOWN, and what does not say
        Some(1 | 2) | None => Failure::retry_at_most(Code::OperationFailed, 3, message),
        // INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, FAILED_PRECONDITION …
        Some(_) => Failure::give_up(Code::OperationFailed, message),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
