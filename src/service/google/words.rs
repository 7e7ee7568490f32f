//! What a provider means by its words, where the fields of an error do not say it: proxies drop or rewrite
//! those, and pass on the sentences.
//!
//! Sources: Google's errors, and those that callers of its models reported.

use crate::failure::Code;
use crate::search::Search;

/// What a sentence means in which one of the first words stands and one of the second, in any order; the
/// first row that is met counts. Words are separated by bars and in lower case.
const SAYINGS: [(&str, &str, Code); 9] = [
    (
        "location |region|country|countries|territor",
        "not support|unsupported|not available|unavailable|not allowed|restricted",
        Code::LocationRefused,
    ),
    (
        "credit|spend|prepa|balance |funds",
        "deplet|insufficient|exhaust| cap|limit|run out|ran out|out of|exceed|too low|not enough",
        Code::BillingRefused,
    ),
    (
        "billing|billed|insufficient_quota",
        "disable|closed|enable|suspend|inactive|not active|require|due|only|insufficient",
        Code::BillingRefused,
    ),
    (
        "consumer|project|account|organization|service",
        "suspend|deactivat|terminat|banned|has not been used",
        Code::AccountRefused,
    ),
    (
        "api key|api_key|api-key|apikey|access token|credentials|unregistered callers",
        "valid|incorrect|expired|not found|missing|reported|leaked|disabled|revoked|suspend|delete|\
         blocked|denied|unregistered",
        Code::ApiKeyInvalid,
    ),
    (
        "model|gemini|veo|omni|imagen",
        "shut down|shutdown|no longer available|has been removed|and removed|retired|end of life|discontinued|decommission|not found for|\
         not supported for predict|not supported for generate|invalid model",
        Code::ModelUnavailable,
    ),
    (
        "quota |rate limit|too many requests|resource",
        "exceed|exhaust|rate limit|too many",
        Code::QuotaExhausted,
    ),
    (
        "overload|high demand|high load|high traffic|capacity|service|server|model|upstream",
        "overload|high demand|high load|high traffic|at capacity|insufficient capacity|no capacity|\
         unavailable|busy",
        Code::ProviderUnavailable,
    ),
    (
        "file|video|state",
        "not in an active|being processed|still |not ready|not active|not yet",
        Code::DownloadFailed,
    ),
];

/// What stands before a quotation of what the job asked for.
const OF_JOB: [&str; 6] = [" prompt", " text", " input", " draw", " says", " caption"];

/// What a message means, if it says anything that is known. What it quotes does not count.
pub(super) fn meaning(message: &str) -> Option<Code> {
    let own = own_words(message);
    let has_one = |words: &str, it: &str| words.split('|').any(|word| it.has(word));
    let is_met = |about: &str, what: &str| {
        own.split('\n').any(|sentence| has_one(about, sentence) && has_one(what, sentence))
    };
    SAYINGS.iter().find(|(about, what, _)| is_met(about, what)).map(|(.., code)| *code)
}

/// Whether a text speaks of what the job asked for.
pub(super) fn is_of_job(text: &str) -> bool {
    let text = format!(" {}", text.to_ascii_lowercase());
    OF_JOB.iter().any(|word| text.has(word))
}

/// The sentences of a message in lower case, a line each that ends with a space, without what it quotes: neither what stands in
/// quotation marks, unless it is a single word, nor what follows when it speaks of the job.
fn own_words(message: &str) -> String {
    let mut own = String::from(" ");
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
        let close = match first {
            '"' | '`' => first,
            '“' | '„' => '”',
            '«' => '»',
            // An apostrophe in a word is none.
            '\'' if !own.ends_with(|last: char| last.is_ascii_alphanumeric()) => first,
            _ => {
                let ends = matches!(first, '.' | '!' | '?' | ';')
                    && !rest.starts_with(|next: char| next.is_ascii_alphanumeric());
                if ends {
                    own.push_str(" \n");
                } else {
                    own.push(first.to_ascii_lowercase());
                }
                continue;
            }
        };
        let (inside, after) = rest.split_once(close).unwrap_or((rest, ""));
        own.push(' ');
        if !inside.contains(' ') {
            own.push_str(&inside.to_ascii_lowercase());
        }
        rest = after;
    }
    own.push(' ');
    for word in OF_JOB {
        if let Some((before, _)) = own.cut(word) {
            own.truncate(before.len());
        }
    }
    own
}
