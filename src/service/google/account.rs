//! Whose trouble an error is: the provider's, the model's, or the account's, when Google does not serve its
//! key, its billing or its place. None of it is about the job, whatever status it comes with.
//!
//! Source of the reasons: `google/api/error_reason.proto`.

use super::words;
use crate::failure::Code;
use crate::json::Json;

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

/// Whose trouble an error is and which, whatever status it comes with; none if it says nothing of the kind.
pub(super) fn meaning(status: u16, error: &Json<'_>) -> Option<Code> {
    let mut details = error.get("details").list().iter();
    let by_reason = details.find_map(|detail| {
        let reason = detail.get("reason").text()?;
        REASONS.iter().find(|(known, _)| reason.starts_with(known)).map(|(_, code)| *code)
    });
    let by_status = match status {
        401 => Some(Code::ApiKeyInvalid),
        402 => Some(Code::BillingRefused),
        // Of a proxy also as a page. 407 is its own key.
        403 | 407 => Some(Code::AccountRefused),
        451 => Some(Code::LocationRefused),
        429 => Some(Code::QuotaExhausted),
        300..=399 | 404 | 410 => Some(Code::ModelUnavailable),
        408 | 425 | 499 | 500.. => Some(Code::ProviderUnavailable),
        _ => None,
    };
    // Trouble of the account comes with any status. Any other is told by the status, where it tells one.
    let is_more = |code: &Code| refuses(*code) || by_status.is_none();
    by_reason.or_else(|| words::meaning(message_of(error)).filter(is_more)).or(by_status)
}

/// Whether a code says that the account is not served.
pub(super) fn refuses(code: Code) -> bool {
    let refusals =
        [Code::ApiKeyInvalid, Code::BillingRefused, Code::LocationRefused, Code::AccountRefused];
    refusals.contains(&code)
}

/// The explanation of an error.
pub(super) fn message_of<'d>(error: &'d Json<'_>) -> &'d str {
    let texts = [error.get("message"), error, error.get("detail"), error.get("msg")];
    texts.into_iter().find_map(Json::text).map_or("", |text| text)
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
