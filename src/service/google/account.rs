//! What Google says when it does not serve the account: its key, its billing, its place. None of it
//! is about the job, whatever status it comes with.
//!
//! Sources: `google/api/error_reason.proto` for the reasons; sentences that callers reported in the
//! issues of Google's clients.

use std::borrow::Cow;

use crate::failure::Code;
use crate::json::Json;
use crate::search::Search;

/// How reasons begin, in `details[].reason`. All others that refuse come with 403.
const REASONS: [(&str, Code); 9] = [
    ("API_KEY_", Code::ApiKeyInvalid),
    ("ACCESS_TOKEN_", Code::ApiKeyInvalid),
    ("CREDENTIALS_", Code::ApiKeyInvalid),
    ("BILLING_", Code::BillingRefused),
    ("UREQ_PROJECT_BILLING", Code::BillingRefused),
    ("LOCATION_", Code::LocationRefused),
    ("CONSUMER_", Code::AccountRefused),
    ("SERVICE_DISABLED", Code::AccountRefused),
    ("IAM_", Code::AccountRefused),
];

/// Sentences, in lower case, for proxies that pass on no details and for errors that have none. The
/// first that is found counts.
const SENTENCES: [(&str, Code); 19] = [
    ("location is not supported", Code::LocationRefused),
    ("not available in your country", Code::LocationRefused),
    ("credits are depleted", Code::BillingRefused),
    ("spending cap", Code::BillingRefused),
    ("billing to be enabled", Code::BillingRefused),
    ("billing disabled", Code::BillingRefused),
    ("billing is disabled", Code::BillingRefused),
    ("enable billing", Code::BillingRefused),
    ("billed users", Code::BillingRefused),
    ("has been suspended", Code::AccountRefused),
    ("has not been used in project", Code::AccountRefused),
    ("api key not valid", Code::ApiKeyInvalid),
    ("api key not found", Code::ApiKeyInvalid),
    ("api key expired", Code::ApiKeyInvalid),
    ("api key was reported", Code::ApiKeyInvalid),
    ("valid api key", Code::ApiKeyInvalid),
    ("unregistered callers", Code::ApiKeyInvalid),
    ("api_key_invalid", Code::ApiKeyInvalid),
    ("consumer_suspended", Code::AccountRefused),
];

/// How the account is refused by an error of this status, if that is what it says.
pub(super) fn refusal(status: u16, error: &Json<'_>) -> Option<Code> {
    let mut details = error.get("details").list().iter();
    let by_reason = details.find_map(|detail| {
        let reason = detail.get("reason").text()?;
        REASONS.iter().find(|(known, _)| reason.starts_with(known)).map(|(_, code)| *code)
    });
    by_reason.or_else(|| by_sentence(status, error)).or(match status {
        401 => Some(Code::ApiKeyInvalid),
        402 => Some(Code::BillingRefused),
        // Of a proxy also as a page. 407 is its own key.
        403 | 407 => Some(Code::AccountRefused),
        451 => Some(Code::LocationRefused),
        _ => None,
    })
}

fn by_sentence(status: u16, error: &Json<'_>) -> Option<Code> {
    let message = error.get("message").text().or_else(|| error.text())?;
    // These are about the account or its quota anyway. All others may quote the job.
    let whole = matches!(status, 401 | 402 | 403 | 429);
    let message = if whole { message.to_ascii_lowercase() } else { own_words(message) };
    SENTENCES.iter().find(|(known, _)| message.has(known)).map(|(_, code)| *code)
}

/// What a message says before it quotes anything, in lower case: up to the first quotation mark or
/// colon. Labels in front (`Error: …`, `[400 Bad Request] …`, `INVALID_ARGUMENT: …`) are no end, and an
/// error that a proxy put into the message as JSON is read.
fn own_words(message: &str) -> String {
    let document = Json::read(message.as_bytes()).unwrap_or(Json::Null);
    let inner = document.get("error").get("message").text();
    let mut rest = inner.map_or(message, Cow::as_ref);
    while let Some((label, after)) = rest.cut(": ")
        && (label.ends_with("rror") || !label.contains(|c: char| c.is_ascii_lowercase()))
    {
        rest = after;
    }
    let own = rest.split(['"', '\'', '`', '“', '«', ':']).next();
    own.unwrap_or_default().to_ascii_lowercase()
}

/// What an operator does about it.
pub(super) fn advice(code: Code) -> &'static str {
    match code {
        Code::ApiKeyInvalid => "Set a valid key or service account",
        Code::BillingRefused => "Check the project's billing, credits and spending cap",
        Code::LocationRefused => "Run the workers in a region that Google serves",
        _ => "Check the project, and what its key may do",
    }
}
