//! What a provider means by its words, where the fields of an error do not say it: proxies drop or rewrite
//! those, and pass on the sentences.
//!
//! Sources: Google's errors, and those that callers of its models reported.

use Meaning::{Is, Lost, NotReached, OfJob, Overloaded, WrongAddress};

use crate::failure::Code;
use crate::search::Search;

/// What a sentence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A failure of this kind.
    Is(Code),
    /// The provider takes nothing now.
    Overloaded,
    /// The request did not get as far as the provider.
    NotReached,
    /// The answer is lost; whether the request arrived is not known.
    Lost,
    /// What was asked is no API.
    WrongAddress,
    /// What is wrong is what the job asks for.
    OfJob,
}

impl Meaning {
    /// The failure that it is.
    pub(super) fn code(self) -> Code {
        match self {
            Is(code) => code,
            Overloaded | NotReached | Lost => Code::ProviderUnavailable,
            WrongAddress => Code::ModelUnavailable,
            OfJob => Code::ModelRejectedRequest,
        }
    }
}

/// What a sentence means that contains one of the first words and one of the second, in any order. The first row
/// that matches counts. Bars separate the words, which are written as [`plain`] writes them; every sentence contains
/// the empty word.
const SAYINGS: [(&str, &str, Meaning); 22] = [
    (
        // A file that ends too early is the job's.
        "timed out|timeout|time out|deadline|econnreset|hang up|hung up|went away|gone away|\
         prematurely closed|premature close|premature end of c|se ended premature|on ended premature",
        "",
        Lost,
    ),
    (
        "connection refused|econnrefused|connection failure|delayed connect|no healthy|\
         no such host|enotfound|not resolve|name resolution|service not known|no route to host|\
         unreachable|cannot connect|connection attempts failed|\
         certificate verify|self signed|no available c|no available m|no deployments",
        "",
        NotReached,
    ),
    // What the words describe that are said of a picture is in the picture.
    ("image|picture|photo|frame|video", "shows|s to show|depict|portray|image contain", BLOCKED),
    // What is not to be had by one job is what it asks for in one of these.
    (
        "seed |aspect|imagesize|image size| 4k|1080p|resolution|durationsec|a duration|duration is|t frame|tframe|\
         reference im|referenceim|negative|persongen|audio|mime|image to video",
        "supported|not support|deprecat|removed|discontinu|available|allow|permit|restrict",
        OfJob,
    ),
    // Others are in pictures.
    (
        "your organi|by the organi|zation polic|sation polic|zation's p|sation's p|org policy|constraints/|vpc service c",
        "polic|constraint|violat|disallow|not allow|prohibit|restrict",
        Is(Code::AccountRefused),
    ),
    // What is about the job in these is neither the place of the worker nor a quota.
    (
        "region|location|countr",
        "mask|person|people| face|minor|children|due to polic|due to our|due to content|\
         due to safety|crop|inpaint|of interest|bounding|images of|videos of|content is re|\
         content about| election|candidate|politic|celebrit|adult",
        OfJob,
    ),
    (
        " size|dimension|pixel|payload|resolution|too many images|too many reference| frame|thinking",
        "exceed|too large|too big|too small|too many|larger|limit|maximum|at most",
        OfJob,
    ),
    (
        "location |region|countr|territor",
        "not support|unsupported|not available|isn't|unavailable|not allowed|not permitted|restricted",
        Is(Code::LocationRefused),
    ),
    (
        "credit|spend|prepaid|prepay|balance |funds|budget|key limit|wallet",
        "deplet|insufficient|exhaust| cap|limit|run out|ran out|out of|exceed|too low|not enough|empty",
        Is(Code::BillingRefused),
    ),
    (
        "billing|billed|payment|subscription|insufficient q|insufficient u",
        "disable|closed|enable|suspend|active|expired|require|due|only|insufficient",
        Is(Code::BillingRefused),
    ),
    (
        "connection|stream|socket|peer|upstream|server|backend|tunnel",
        "reset by|reset before|reset reason|connection reset|closed|disconnect|abort|broken|terminat|\
         interrupt|dropped|lost| eof",
        Lost,
    ),
    (
        "consumer|project|account|your organi|the organi|service|allowlisted f",
        "suspend|deactivat|terminated|n banned|s banned|allowlist|accept the terms|has not been used|not allowed to use",
        Is(Code::AccountRefused),
    ),
    ("plan ", "not include", Is(Code::AccountRefused)),
    (
        "api key|apikey|access token|credentials|unregistered c",
        "valid|incorrect|expired|not found|missing|reported|leaked|disabled|revoked|suspend|delete|\
         blocked|denied|unregistered",
        Is(Code::ApiKeyInvalid),
    ),
    (
        "authentication e|authentication f|auth error|not authenticated|unauthenticated|\
         unauthorized|invalid authentication|proxy server token",
        "",
        Is(Code::ApiKeyInvalid),
    ),
    (
        "plain http|http request to an https|ssl certificate|requires tls|misdirected|host header|\
         no route matched|invalid provider|configure ai g|header or cookie",
        "",
        WrongAddress,
    ),
    (
        "model|gemini|veo|omni|imagen",
        "shut down|shutdown|no longer av|no longer s|has been removed|and removed|\
         retired|end of life|discontinued|decommission|been deprecated|is deprecated|not found for|\
         model not found|not supported for p|not supported for g|not a valid model|\
         invalid model|no such model|unknown model|unsupported model|model not supported|\
         does not exist or|was not found or",
        Is(Code::ModelUnavailable),
    ),
    (
        "quota |rate limit|too many req",
        "exceed|exhaust|rate limit|too many req|reached",
        Is(Code::QuotaExhausted),
    ),
    ("resource", "exhaust", Is(Code::QuotaExhausted)),
    (
        "overload|high demand|high load|high traffic|at capacity|insufficient capacity|no capacity|\
         is busy|too busy|r busy|e busy",
        "",
        Overloaded,
    ),
    (
        "service|server|model|upstream",
        "unavailable|maintenance|being provisioned",
        Is(Code::ProviderUnavailable),
    ),
    (
        "file|video|state",
        "not in an active|being processed|still |not ready|not active|not yet",
        Is(Code::DownloadFailed),
    ),
];

/// Sayings that mean the same wherever they stand: most speak of the job by their nature.
const OF_PROMPT: [(&str, &str, Meaning); 3] = [
    (
        "prompt| input|image|video|content",
        "flagged|moderation|safety|violat|prohibited c|prohibited u|inappropriate|unsafe|\
         content policy|content filter|usage guid|responsible ai",
        BLOCKED,
    ),
    ("safety system|content policy", "", BLOCKED),
    ("prompt| input", "not allowed|rejected|refused|blocked|sensitive", OfJob),
];

/// A filter refused the prompt, or what was made.
const BLOCKED: Meaning = Is(Code::ContentBlocked);

/// What stands before a quotation of what the job asked for.
const OF_JOB: [&str; 9] =
    [" prompt", " text", " input", " draw", " says", " caption", " value:", " value at", " near:"];

/// What a message means, if it says anything that is known. What it quotes does not count.
pub(super) fn meaning(message: &str) -> Option<Meaning> {
    said(&SAYINGS, &own_words(message)).or_else(|| said(&OF_PROMPT, &plain(message)))
}

/// The meaning of the first saying that a line of a text matches.
fn said(sayings: &[(&str, &str, Meaning)], text: &str) -> Option<Meaning> {
    let has_one =
        |words: &str, line: &str| words.split('|').any(|word| word.is_empty() || line.has(word));
    let is_met = |about, what| text.split('\n').any(|it| has_one(about, it) && has_one(what, it));
    sayings.iter().find(|(about, what, _)| is_met(about, what)).map(|(.., means)| *means)
}

/// Whether a text speaks of what the job asked for.
pub(super) fn is_of_job(text: &str) -> bool {
    let text = plain(text);
    OF_JOB.iter().any(|word| text.has(word))
}

/// A text as it stands in the table: in lower case, with a space before it and where names and compounds are joined.
fn plain(text: &str) -> String {
    let mut plain = String::from(" ");
    for character in text.chars() {
        let joins = matches!(character, '-' | '_');
        plain.push(if joins { ' ' } else { character.to_ascii_lowercase() });
    }
    plain
}

/// The sentences of a message in lower case, a line each that ends with a space, without what it quotes:
/// neither what stands in quotation marks, unless it is a single word, nor what follows when it speaks of
/// the job.
fn own_words(message: &str) -> String {
    let mut own = String::new();
    let mut rest = message;
    let is_in_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    while let Some(first) = rest.chars().next() {
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
        let close = match first {
            '"' | '`' => first,
            '“' | '„' => '”',
            '«' => '»',
            // An apostrophe in a word is none.
            '\'' if !is_in_word(own.as_bytes().last()) => first,
            _ => {
                let ends =
                    matches!(first, '.' | '!' | '?' | ';') && !is_in_word(rest.as_bytes().first());
                if ends {
                    own.push_str(" \n");
                } else {
                    own.push(first);
                }
                continue;
            }
        };
        let (inside, after) = rest.split_once(close).unwrap_or((rest, ""));
        own.push(' ');
        if !inside.contains(' ') {
            own.push_str(inside);
        }
        rest = after;
    }
    own = plain(&own) + " ";
    for word in OF_JOB {
        // The name of a feature begins no quotation.
        if let Some((before, after)) = own.cut(word)
            && !after.starts_with(" to image")
        {
            own.truncate(before.len());
        }
    }
    own
}
