//! Whose trouble an error is: the provider's, the model's, or the account's, when Google does not serve its
//! key, its billing or its place. None of it is about the job, whatever status it comes with.
//!
//! Source of the reasons: `google/api/error_reason.proto`.

use super::words::{self, Meaning};
use crate::failure::Code;
use crate::json::Json;

/// The members of an error that name its kind, in a number or a word.
pub(super) const FIELDS: [&str; 3] = ["code", "status", "type"];

/// How reasons begin, in `details[].reason`. All others that refuse come with 403.
const REASONS: [(&str, Code); 10] = [
    ("API_KEY_", Code::ApiKeyInvalid),
    ("ACCESS_TOKEN_", Code::ApiKeyInvalid),
    ("CREDENTIALS_", Code::ApiKeyInvalid),
    ("BILLING_", Code::BillingRefused),
    ("UREQ_PROJECT_BILLING", Code::BillingRefused),
    ("LOCATION_", Code::LocationRefused),
    ("CONSUMER_", Code::AccountRefused),
    ("SERVICE_DISABLED", Code::AccountRefused),
    ("IAM_", Code::AccountRefused),
    ("RESOURCE_PROJECT_", Code::AccountRefused),
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
        420 | 429 => Some(Code::QuotaExhausted),
        // What every request gets that is sent like this one: 405 and the like are about how it is sent.
        300..=399 | 404..=406 | 410 | 411 | 415 | 421 | 426 | 431 => Some(Code::ModelUnavailable),
        // Those of proxies alone: what is behind them failed, or a session or certificate of theirs.
        423 | 424 | 440 | 444 | 449 | 460 | 463 | 494..=498 => Some(Code::ModelUnavailable),
        408 | 425 | 499 | 500.. => Some(Code::ProviderUnavailable),
        _ => None,
    };
    let is_argument = error.get("status").text().is_some_and(|it| it == "INVALID_ARGUMENT");
    // Trouble of the account comes with any status. Any other is told by the status, where it tells one,
    // but 403, 424, 451 and 500 are also said of what a single job asks for.
    let counts = |code: &Code| match code {
        Code::ContentBlocked | Code::ModelRejectedRequest => {
            by_status.is_none() || matches!(status, 403 | 424 | 451 | 500)
        }
        // Google itself does not call its own trouble an invalid argument.
        Code::ProviderUnavailable | Code::QuotaExhausted if is_argument => false,
        code => refuses(*code) || by_status.is_none(),
    };
    let by_words = said(error).map(Meaning::code);
    by_reason.or_else(|| by_words.filter(counts)).or(by_status)
}

/// What the words of an error mean: those of its message or, where they mean nothing, of its fields.
pub(super) fn said(error: &Json<'_>) -> Option<Meaning> {
    let by_field = |name: &&str| words::meaning(error.get(name).text()?);
    words::meaning(message_of(error)).or_else(|| FIELDS.iter().find_map(by_field))
}

/// Whether a code says that the account is not served.
pub(super) fn refuses(code: Code) -> bool {
    let refusals =
        [Code::ApiKeyInvalid, Code::BillingRefused, Code::LocationRefused, Code::AccountRefused];
    refusals.contains(&code)
}

/// The explanation of an error.
pub(super) fn message_of<'d>(error: &'d Json<'_>) -> &'d str {
    // What a proxy quotes of its provider says more than what it says itself.
    let raw = error.get("metadata").get("raw");
    let texts = [raw, error.get("message"), error, error.get("detail"), error.get("msg")];
    texts.iter().find_map(|text| text.text()).map_or("", |text| text)
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
