//! The codes of Google's errors: numbers of gRPC, statuses of HTTP, and words for both. Each is
//! taken for the status of HTTP that means the same (`google/rpc/code.proto` names them).

use http::StatusCode;

use crate::json::Json;

/// gRPC's codes from 1 on: the name, and the status of HTTP.
const GRPC: [(&str, u16); 16] = [
    ("cancelled", 499),
    // Not 500, which is the provider's trouble for certain.
    ("unknown", 520),
    ("invalid_argument", 400),
    ("deadline_exceeded", 504),
    ("not_found", 404),
    // Not 409, which is what may pass.
    ("already_exists", 412),
    ("permission_denied", 403),
    ("resource_exhausted", 429),
    ("failed_precondition", 400),
    ("aborted", 409),
    ("out_of_range", 400),
    ("unimplemented", 501),
    ("internal", 500),
    ("unavailable", 503),
    ("data_loss", 520),
    ("unauthenticated", 401),
];

/// Words of other APIs and of proxies.
const WORDS: [(&str, u16); 14] = [
    ("invalid_request", 400),
    ("invalid_request_error", 400),
    ("model_not_found", 404),
    ("authentication_error", 401),
    ("permission_error", 403),
    ("rate_limit_exceeded", 429),
    ("rate_limit_error", 429),
    ("too_many_requests", 429),
    ("quota_exceeded", 429),
    ("internal_error", 500),
    ("server_error", 500),
    ("overloaded", 503),
    ("overloaded_error", 503),
    ("service_unavailable", 503),
];

/// The status that an error's code means, or else its status; none if neither says anything.
pub(super) fn status_of(error: &Json<'_>) -> Option<StatusCode> {
    let status = [error.get("code"), error.get("status")].into_iter().find_map(|code| {
        match (code.integer(), code.text()) {
            (Some(number), _) => from_number(number),
            (None, Some(word)) => from_word(word),
            (None, None) => None,
        }
    });
    StatusCode::from_u16(status?).ok()
}

fn from_number(number: i64) -> Option<u16> {
    let number = u16::try_from(number).ok()?;
    let grpc = GRPC.get(usize::from(number.checked_sub(1)?));
    grpc.map(|(_, status)| *status).or((400..600).contains(&number).then_some(number))
}

fn from_word(word: &str) -> Option<u16> {
    let known = GRPC.iter().chain(&WORDS).find(|(name, _)| word.eq_ignore_ascii_case(name));
    known.map(|(_, status)| *status)
}
