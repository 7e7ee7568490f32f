//! How a provider says that it shows nothing, and why.

use crate::json::{Json, same_name};
use crate::service::redact::redacted;

/// Reasons to end that no further attempt changes (`FinishReason` in the API's reference).
pub(super) const BLOCKED: [&str; 8] = [
    "SAFETY",
    "IMAGE_SAFETY",
    "PROHIBITED_CONTENT",
    "IMAGE_PROHIBITED_CONTENT",
    "BLOCKLIST",
    "SPII",
    "RECITATION",
    "IMAGE_RECITATION",
];

/// What was refused and why, if a filter said so: a clause that goes on from what was asked.
pub(super) fn refusal(document: &Json<'_>) -> Option<String> {
    let is_flag = |it: &Json<'_>| !it.get("flaggedInput").is_null() || flagged_for(it).is_some();
    if let Some(flag) = document.find(&is_flag) {
        return Some(format!("refused the prompt: {}", redacted(flagged_for(flag).unwrap_or("?"))));
    }
    if let Some(feedback) = document.find(&|it| it.get("blockReason").text().is_some()) {
        let reason = words(feedback, "blockReason", "blockReasonMessage");
        return Some(format!("refused the prompt: {reason}"));
    }
    let is_block = |it: &Json<'_>| {
        let reason = it.get("finishReason").text();
        reason.is_some_and(|reason| BLOCKED.iter().any(|known| same_name(reason, known)))
    };
    let candidate = document.find(&is_block)?;
    let reason = words(candidate, "finishReason", "finishMessage");
    Some(format!("refused to show the result: {reason}"))
}

/// The first of the reasons for which a proxy's filter flagged a prompt.
fn flagged_for<'d>(flag: &'d Json<'_>) -> Option<&'d str> {
    flag.get("reasons").list().first()?.text().map(|reason| &**reason)
}

/// A reason and, where there is one, the sentence that explains it.
pub(super) fn words(object: &Json<'_>, reason: &str, sentence: &str) -> String {
    let reason = object.get(reason).text().map_or("?".into(), |reason| redacted(reason));
    match object.get(sentence).text() {
        Some(sentence) => format!("{reason}, {}", redacted(sentence)),
        None => reason,
    }
}
