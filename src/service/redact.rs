//! Makes texts from outside fit for a log and for the ledger: no secrets, one line, bounded.

use crate::search::Search;
/// The longest text that is kept of an explanation.
const LONGEST: usize = 400;

/// How much of what is said in many places is collected: more than is kept of it without its secrets.
const MOST_COLLECTED: usize = 16 * 1024;

const HIDDEN: &str = "[redacted]";

/// How the secrets that are known by their look begin: Google's keys (both kinds) and OAuth
/// tokens, Supabase's keys, JWTs.
const PREFIXES: [&str; 7] =
    ["AIza", "AQ.", "ya29.", "sb_secret_", "sb_publishable_", "sbp_", "eyJ"];

/// A run of token characters that is this long and mixes capitals, small letters and digits is
/// random: a key of an unknown kind.
const RANDOM_LENGTH: usize = 32;

/// A run of the characters of base64 that is longer is media, in whole or in part.
const MEDIA: usize = 128;

/// Redacts a text from outside: secrets removed, the query of every URL cut, line breaks
/// and control characters made spaces, and no longer than a few lines.
pub(super) fn redacted(text: &str) -> String {
    let mut shown = String::new();
    let mut hide_next = false;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if shown.len() > LONGEST {
            shown.push('…');
            break;
        }
        if !shown.is_empty() {
            shown.push(' ');
        }
        if hide_next {
            shown.push_str(HIDDEN);
        } else {
            show_word(&without_media(word), &mut shown);
        }
        let name = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        hide_next = name.eq_ignore_ascii_case("bearer");
    }
    shorten(shown)
}

/// A word without the media in it.
fn without_media(word: &str) -> String {
    let ends =
        |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '=' | '_' | '-' | '\\');
    let mut kept = String::new();
    for run in word.split_inclusive(ends) {
        kept.push_str(if run.len() > MEDIA { "…" } else { run });
    }
    kept
}

/// Adds to what was said in other places. What would not be kept is left out: a reply may say as much as
/// it likes.
pub(super) fn say_more(said: &mut String, more: &dyn Fn() -> String) {
    if said.len() < MOST_COLLECTED {
        said.push_str(&more());
    }
}

/// Shows a word that may be a URL or hold a secret.
fn show_word(word: &str, shown: &mut String) {
    let Some((scheme, rest)) = word.cut("://") else { return show_tokens(word, shown) };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (address, query) = rest.split_at(end);
    let address = address.cut_last("@").map_or(address, |(_, host)| host);
    show_tokens(scheme, shown);
    shown.push_str("://");
    show_tokens(address, shown);
    if !query.is_empty() {
        shown.push_str("?…");
    }
}

/// Shows a word token by token, hiding those that are secrets.
fn show_tokens(word: &str, shown: &mut String) {
    let in_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '~');
    let mut rest = word;
    let mut named_secret = false;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| in_token(c) != in_token(first)).unwrap_or(rest.len());
        let (part, tail) = rest.split_at(length);
        rest = tail;
        if !in_token(first) {
            named_secret &= part.contains(['=', ':']);
            shown.push_str(part);
        } else {
            let hidden = named_secret || is_secret(part);
            shown.push_str(if hidden { HIDDEN } else { part });
            named_secret |= names_secret(part);
        }
    }
}

/// Whether what stands behind this name and a colon or an equals sign is a secret.
fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "token", "signature", "secret", "password", "credential"]
        .iter()
        .any(|end| name.ends_with(end))
        || name == "sig"
}

/// Whether a token is known by its look, or is random in one of the parts between its dots: what
/// stands right in front of a secret must not hide what it is (`jwt%3DeyJ…`).
fn is_secret(token: &str) -> bool {
    let random = |part: &str| {
        let has = |class: fn(&u8) -> bool| part.as_bytes().iter().any(class);
        part.len() >= RANDOM_LENGTH
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_lowercase)
            && has(u8::is_ascii_digit)
    };
    let known = token.len() >= 12 && PREFIXES.iter().any(|prefix| token.starts_with(prefix));
    known || token.split('.').any(random)
}

fn shorten(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// What is a secret and what is none; the functions' tests read the same table. A star stands
    /// for random characters.
    #[derive(serde::Deserialize)]
    struct Table {
        secrets: Vec<String>,
        ordinary: Vec<String>,
    }

    fn table() -> Table {
        serde_json::from_str(include_str!("../../tests/support/secrets.json")).unwrap()
    }

    #[test]
    fn every_prefix_is_one_of_the_table() {
        for prefix in PREFIXES {
            assert!(table().secrets.iter().any(|it| it.starts_with(prefix)), "{prefix}");
        }
    }

    #[test]
    fn secrets_do_not_get_through() {
        let random = "q7".repeat(12) + &"Xz".repeat(8);
        // Of small letters alone, which nothing but what stands in front of them makes a secret.
        let dull = "qx".repeat(16);
        for form in table().secrets {
            let secret = form.replace('*', &dull);
            assert_eq!(redacted(&secret), HIDDEN, "{form}");
        }
        let known = table().secrets.into_iter().map(|form| form.replace('*', &random));
        for secret in known.chain([random.clone()]) {
            for text in [
                secret.clone(),
                format!("refused: {secret}"),
                format!("Consumer 'api_key:{secret}' has been suspended."),
                format!("authorization: Bearer {secret}, sorry"),
                format!("https://files.test/a.png?token={secret}&x=1"),
                format!("https://user:{secret}@files.test/a.png"),
                format!("{{\"key\":\"{secret}\"}}"),
                format!("https%3A%2F%2Ffiles.test%2Fa.png%3Fjwt%3D{secret}"),
                format!("storage.{secret}"),
            ] {
                let shown = redacted(&text);
                assert!(!shown.contains(&secret), "{text} -> {shown}");
                assert!(!shown.contains(&random), "{text} -> {shown}");
            }
        }
    }

    #[test]
    fn a_secret_is_known_by_its_name_too() {
        assert_eq!(redacted("api_key=hunter2 rest"), "api_key=[redacted] rest");
        assert_eq!(redacted("Bearer abc: no"), "Bearer [redacted] no");
        let glued = format!("ya29.{}_password=hunter2", "a1B2".repeat(8));
        assert_eq!(redacted(&glued), "[redacted]=[redacted]");
    }

    #[test]
    fn a_password_may_hold_what_ends_it() {
        assert_eq!(redacted("https://user:p@ss@x.test/f.png"), "https://x.test/f.png");
    }

    #[test]
    fn a_url_keeps_its_address_and_loses_its_query() {
        assert_eq!(
            redacted("cannot read https://a:b@x.test/f.png?sig=1#z now"),
            "cannot read https://x.test/f.png?… now"
        );
    }

    #[test]
    fn ordinary_words_stay() {
        for text in table().ordinary {
            assert_eq!(redacted(&text), text);
        }
        for text in [
            "The number value for `durationSeconds` is out of bound.",
            "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
            "generativelanguage.googleapis.com/generate_requests_per_model",
            "ein Schlüssel — „nein“",
        ] {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn a_text_becomes_one_bounded_line() {
        assert_eq!(redacted("a\r\n\tb\0c\u{1b}[31m"), "a b c [31m");
        let long = redacted(&"wörter ".repeat(1000));
        assert!(long.chars().count() <= LONGEST + 1, "{}", long.len());
        assert!(long.ends_with('…'));
        assert!(redacted(&"x".repeat(100_000)).chars().count() <= LONGEST + 1);
    }

    #[test]
    fn what_is_said_in_many_places_is_collected_as_far_as_it_is_kept() {
        let (asked, mut said) = (Cell::new(0), String::new());
        for _ in 0..100_000 {
            say_more(&mut said, &|| {
                asked.set(asked.get() + 1);
                "no image today ".into()
            });
        }
        assert!(said.len() > LONGEST && said.len() == asked.get() * 15, "{}", said.len());
        assert!(asked.get() < 2000);
    }
}
