//! The codes of Google's errors: numbers of gRPC, statuses of HTTP, and words for both. Each is
//! taken for the status of HTTP that means the same (`google/rpc/code.proto` names them).

use crate::json::{Json, same_name};
use crate::search::Search;

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

/// What the words of other APIs and of proxies have in them, without their separators. The first counts.
const WORDS: [(&str, u16); 20] = [
    ("insufficientquota", 402),
    ("insufficientuser", 402),
    ("credits", 402),
    ("billing", 402),
    ("budgetexceeded", 402),
    ("apikey", 401),
    ("authentication", 401),
    ("autherror", 401),
    ("unauthorized", 401),
    ("timeout", 504),
    ("permission", 403),
    ("modelnotfound", 404),
    ("ratelimit", 429),
    ("toomanyrequests", 429),
    ("quota", 429),
    ("overloaded", 503),
    ("highdemand", 503),
    ("unavailable", 503),
    ("servererror", 500),
    ("invalidrequest", 400),
];

/// Those of Cloudflare's AI Gateway that are its own: there is no such gateway, it was not asked as it has to
/// be, it does not know its token.
const GATEWAY: [(u16, u16); 4] = [(2001, 421), (2008, 421), (2009, 401), (10_000, 401)];

/// The status that the fields of an error mean; none if they say nothing. That something is used up or
/// unavailable is never said by mistake, and 400 and 500 are said of anything.
pub(super) fn status_of(error: &Json<'_>) -> Option<u16> {
    let weight = |status| match status {
        None => 0,
        Some(400 | 500) => 1,
        Some(429 | 503) => 3,
        Some(_) => 2,
    };
    let mut said = None;
    for name in ["code", "status", "type", "statusCode", "internalCode"] {
        let status = of_field(error.get(name));
        if weight(status) > weight(said) {
            said = status;
        }
    }
    said
}

/// The status that one field of an error means.
pub(super) fn of_field(field: &Json<'_>) -> Option<u16> {
    let number = match field.text() {
        // Also `14.0` and `503 Service Unavailable`.
        Some(word) => {
            let digits = word.cut(" ").map_or(&**word, |(digits, _)| digits);
            let digits = digits.cut(".").map_or(digits, |(digits, _)| digits);
            digits.parse::<u64>().ok()
        }
        None => field.number().map(|number| number as u64),
    };
    match number {
        Some(number) => from_number(number),
        None => from_word(field.text()?),
    }
}

fn from_number(number: u64) -> Option<u16> {
    let number = u16::try_from(number).ok()?;
    let grpc = GRPC.get(usize::from(number.checked_sub(1)?)).map(|(_, status)| *status);
    let gateway = GATEWAY.iter().find(|(known, _)| *known == number).map(|(_, status)| *status);
    grpc.or(gateway).or((400..600).contains(&number).then_some(number))
}

fn from_word(word: &str) -> Option<u16> {
    let mut plain = word.to_ascii_lowercase();
    plain.retain(|letter| letter.is_ascii_alphanumeric());
    let known = GRPC.iter().find(|(name, _)| same_name(name, word));
    let known = known.or_else(|| WORDS.iter().find(|(part, _)| plain.has(part)));
    known.map(|(_, status)| *status)
}
