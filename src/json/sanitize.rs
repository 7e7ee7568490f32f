//! Repairs what invalidates a whole JSON text although it hardly matters: an image that was paid for
//! must not be lost because a sentence beside it was cut in the middle of a character.
//!
//! Everything keeps its length, so a valid text is only read.

use memchr::memchr;

use super::cursor::unit;

/// The length of an escape: a backslash, a `u` and four digits.
const ESCAPE: usize = 6;

/// Replaces bytes that are no UTF-8 by question marks, and halves of surrogate pairs that stand
/// alone by U+FFFD.
pub(crate) fn sanitize(text: &mut [u8]) {
    sanitize_bytes(text);
    let mut at = 0;
    while let Some(found) = next_backslash(text, at) {
        at = found;
        match (unit_at(text, at), unit_at(text, at + ESCAPE)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => at += 2 * ESCAPE,
            (Some(0xd800..0xe000), _) => {
                if let Some(half) = text.get_mut(at..at + ESCAPE) {
                    half.copy_from_slice(br"\ufffd");
                }
                at += ESCAPE;
            }
            // What is escaped may be a backslash itself.
            _ => at += 2,
        }
    }
}

fn sanitize_bytes(text: &mut [u8]) {
    // As nearly all of an image's reply is, which is seen in a fraction of the time.
    if is_ascii(text) {
        return;
    }
    let mut rest = text;
    while let Err(error) = str::from_utf8(rest) {
        let (_, wrong) = rest.split_at_mut(error.valid_up_to());
        let length = error.error_len().unwrap_or(wrong.len());
        let (wrong, later) = wrong.split_at_mut(length);
        wrong.fill(b'?');
        rest = later;
    }
}

/// The library's own, made for size, reads four bytes at a time.
fn is_ascii(text: &[u8]) -> bool {
    const HIGHEST: u128 = u128::from_ne_bytes([0x80; 16]);
    let (blocks, rest) = text.as_chunks();
    let is_ascii = |block: &[u8; 16]| u128::from_ne_bytes(*block) & HIGHEST == 0;
    blocks.iter().all(is_ascii) && rest.is_ascii()
}

fn next_backslash(text: &[u8], from: usize) -> Option<usize> {
    Some(from + memchr(b'\\', text.get(from..)?)?)
}

/// The number in an escape that stands there, if one does.
fn unit_at(text: &[u8], at: usize) -> Option<u32> {
    unit(text.get(at..)?.strip_prefix(b"\\")?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn sanitized(text: &[u8]) -> String {
        let mut text = text.to_vec();
        let length = text.len();
        sanitize(&mut text);
        assert_eq!(text.len(), length);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_good_text_stays_as_it_is() {
        let whole = r#"{"a":"\\ud83d \u00e4 \ud83d\ude00 \n","b":"ä😀"}"#;
        for text in [whole, r#""\\\\ud83d""#, "", r"\", r"\u", r"\u12"] {
            assert_eq!(sanitized(text.as_bytes()), text);
        }
        let long = format!(r"{}\n{}\ud83d\ude00", "a".repeat(1000), "b".repeat(777));
        assert_eq!(sanitized(long.as_bytes()), long);
    }

    #[test]
    fn half_a_pair_becomes_a_replacement() {
        for (text, whole) in [
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uDE00""#, r#""\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
            (r#""\ud83dA""#, r#""\ufffdA""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
        ] {
            assert_eq!(sanitized(text.as_bytes()), whole);
            serde_json::from_str::<Value>(whole).unwrap();
        }
    }

    #[test]
    fn what_is_no_utf_8_becomes_question_marks() {
        assert_eq!(sanitized(b"a\xff\xc3(b\xe2\x82"), "a??(b??");
    }
}
