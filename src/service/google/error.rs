//! What an error of Google's APIs means.
//!
//! Their form is `{"error": {code, message, status, details[]}}`. Seen too: an array around it, a
//! code that is a string, HTML of a proxy, and nothing at all; the status of the reply is then
//! all there is to go by. Formats of the details: `google/rpc/error_details.proto`.

use std::time::Duration;

use http::StatusCode;

use super::account::{FIELDS, advice, meaning, message_of, refuses, said};
use super::code;
use super::document::{is_foreign, read_document};
use super::model::is_of_vertex;
use super::refusal::refusal;
use super::words::Meaning;
use crate::failure::{Code, Failure, Standing};
use crate::http::{LONGEST_DELAY, Reply, TransportError};
use crate::json::{Json, number};
use crate::search::Search;
use crate::service::redact::redacted;

/// The most attempts where an error leaves it open whether another one helps.
const FEW_ATTEMPTS: u32 = 3;

/// What follows from a reply that is no success. `asked` names what was asked, usually a model.
pub(super) fn failure(asked: &str, reply: &Reply) -> Failure {
    let document = read_document(&reply.body);
    let error = error_of(&document);
    let (status, said) = (reply.status.as_u16(), code::status_of(error));
    // An error can come inside of a success, and what is answered with 400, 424 or 500 often says only
    // in its code what it is.
    let status = match (status, said) {
        (_, Some(said @ (429 | 503))) | (200..=299 | 400 | 424 | 500, Some(said)) => said,
        _ => status,
    };
    let message = format!("{asked} answered {status}: {}", words(error));
    if let (400 | 403, Some(refused)) = (status, refusal(&document)) {
        return Failure::give_up(Code::ContentBlocked, format!("{asked} {refused}"));
    }
    let delay = delay_of(error).max(reply.retry_after);
    let is_aborted = (status, said) == (409, Some(409));
    let is_foreign = reply.status.is_success() && is_foreign(&reply.body);
    let meant = meaning(if is_aborted { 503 } else { status }, error);
    // What no API said is not about the job: a sign-in, or a page for an outage.
    let meant = match meant {
        None | Some(Code::ContentBlocked | Code::ModelRejectedRequest | Code::DownloadFailed)
            if is_foreign =>
        {
            Some(Code::ModelUnavailable)
        }
        meant => meant,
    };
    match meant {
        Some(code) if refuses(code) => refused(code, message).after(delay),
        Some(Code::ModelUnavailable) if is_gone(&document, status) => {
            Failure::rest(Standing::Retired, Code::ModelUnavailable, message)
        }
        // A proxy or a wrong address, which is soon put right.
        Some(Code::ModelUnavailable) => {
            let service = if is_of_vertex(asked) { "VERTEX" } else { "GENERATIVE_AI" };
            let message = format!("{message} (is GOOGLE_{service}_BASE_URL right?)");
            Failure::rest(Standing::Refused, Code::ModelUnavailable, message)
        }
        Some(code @ (Code::QuotaExhausted | Code::ProviderUnavailable)) => {
            let for_long = code == Code::QuotaExhausted && is_used_up_for_long(error);
            let delay = if for_long { Some(LONGEST_DELAY) } else { delay };
            Failure::rest(Standing::Resting, code, message).after(delay)
        }
        Some(Code::ContentBlocked) => Failure::give_up(Code::ContentBlocked, message),
        None | Some(Code::DownloadFailed) if !(400..=499).contains(&status) => {
            Failure::retry(Code::ProviderReplyUnreadable, message)
        }
        _ if asks_again(error) => {
            Failure::retry_at_most(Code::ModelRejectedRequest, FEW_ATTEMPTS, message)
        }
        _ => Failure::give_up(Code::ModelRejectedRequest, message),
    }
}

/// Whether Google itself says that a model is gone, in words or by a status: the "not found" of a proxy says
/// nothing of the model.
fn is_gone(document: &Json<'_>, status: u16) -> bool {
    let by_words = said(error_of(document)) == Some(Meaning::Is(Code::ModelUnavailable));
    by_words || matches!(status, 404 | 410) && is_of_google(document)
}

/// Whether a document has an error of the form that Google's have, and proxies' have not.
pub(super) fn is_of_google(document: &Json<'_>) -> bool {
    let error = error_in(document);
    error.get("status").text().is_some()
        || error.get("message").text().is_some() && code::of_field(error.get("code")).is_some()
}

/// The status of an error of Google's own: it has all of the form `{code, message, status}`, and the code and
/// the status mean the same. What a proxy puts together is no proof of what Google said.
pub(super) fn own_status(error: &Json<'_>) -> Option<u16> {
    let status = code::of_field(error.get("status"));
    let is_own = error.get("code").number().is_some() && error.get("message").text().is_some();
    status.filter(|_| is_own && code::of_field(error.get("code")) == status)
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
        Json::Null if outer.get("candidates").is_null() => match stated(outer.get("detail")) {
            Json::Null if !message_of(outer).is_empty() => outer,
            detail => detail,
        },
        error => error,
    }
}

/// The error in a document, wherever it is in there. One that says nothing is none: proxies send an
/// empty one beside what was asked for.
pub(super) fn error_in<'d, 'a>(document: &'d Json<'a>) -> &'d Json<'a> {
    let mut found = &Json::Null;
    document.each_object(&mut |it| {
        for name in ["errors", "error"] {
            let error = stated(it.get(name));
            found = if error.is_null() { found } else { error };
        }
    });
    found
}

/// An error, or null if it says nothing: there is no message in it, and no code but "no error".
fn stated<'d, 'a>(error: &'d Json<'a>) -> &'d Json<'a> {
    let error = error.list().first().unwrap_or(error);
    let code = error.get("code").number();
    let has_field = || FIELDS.iter().any(|name| error.get(name).text().is_some());
    let says = code.is_some() || has_field() || !message_of(error).is_empty();
    if says && code != Some(0.0) { error } else { &Json::Null }
}

/// What an error says, in its own words.
pub(super) fn words(error: &Json<'_>) -> String {
    let field = || FIELDS.iter().find_map(|name| error.get(name).text()).map_or("", |text| text);
    match redacted(message_of(error)) {
        said if !said.is_empty() => said,
        _ => match redacted(field()) {
            said if !said.is_empty() => said,
            _ => "no explanation".into(),
        },
    }
}

/// Whether a refusal itself says that the same request may be accepted.
fn asks_again(error: &Json<'_>) -> bool {
    let words = words(error).to_ascii_lowercase();
    words.has("retry") || words.has("try again")
}

fn refused(code: Code, message: String) -> Failure {
    let message = format!("{}. {}", message.trim_end_matches('.'), advice(code));
    Failure::rest(Standing::Refused, code, message)
}

/// Whether a refusal of one operation or file is about that alone: Google answers 403 for what is
/// gone or belongs to another project, with the same status as for a key without the right.
pub(super) fn is_about_itself(reply: &Reply) -> bool {
    let document = read_document(&reply.body);
    // A status that says nothing by itself shows whether the words or the reason do.
    reply.status == StatusCode::FORBIDDEN && !meaning(429, error_of(&document)).is_some_and(refuses)
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

/// The delay of a `RetryInfo`: seconds with an optional fraction, `"34.4s"`.
fn delay_of(error: &Json<'_>) -> Option<Duration> {
    let mut details = error.get("details").list().iter();
    let delay = details.find_map(|detail| detail.get("retryDelay").text())?;
    // What is longer than a number of seconds can be makes no sense.
    let seconds = number(delay.strip_suffix('s')?.as_bytes())?;
    let makes_sense = (0.0..1e19).contains(&seconds);
    // Rounded up: coming back too early is answered with another refusal.
    makes_sense.then(|| Duration::from_secs(seconds.ceil() as u64).min(LONGEST_DELAY))
}

/// What follows from the error of an operation that ended. Trying again means a new submission; what
/// failed is not billed.
pub(super) fn operation_failure(operation: &str, error: &Json<'_>) -> Failure {
    let error = stated(error);
    let code = error.get("code");
    let number = code.number().map(|number| (number as i64).to_string());
    let name = number.or_else(|| Some(redacted(code.text()?))).unwrap_or_else(|| "?".into());
    let message = format!("{operation} failed with code {name}: {}", words(error));
    let few = || Failure::retry_at_most(Code::OperationFailed, FEW_ATTEMPTS, &*message);
    let status = code::status_of(error);
    // 403 may be about what the job names, such as a bucket, so the status alone does not count.
    match (meaning(status.filter(|status| *status != 403).unwrap_or(400), error), status) {
        (Some(code), _) if refuses(code) => refused(code, message),
        (Some(code @ Code::QuotaExhausted), _) => {
            Failure::rest(Standing::Resting, code, message).after(delay_of(error))
        }
        // ABORTED
        (_, Some(409)) => Failure::retry(Code::OperationFailed, message),
        // CANCELLED, UNKNOWN
        (_, Some(499 | 520)) => few(),
        // DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE
        (Some(code @ Code::ProviderUnavailable), status) if status != Some(501) => {
            Failure::rest(Standing::Resting, code, message)
        }
        // What does not say.
        (_, None) => few(),
        (_, Some(400..=499)) if asks_again(error) => few(),
        // INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, FAILED_PRECONDITION, UNIMPLEMENTED …
        _ => Failure::give_up(Code::OperationFailed, message),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
