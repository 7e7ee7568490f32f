//! Repairs what invalidates a whole JSON text although it hardly matters: an image that was paid for
//! must not be lost because a sentence beside it was cut in the middle of a character.
//!
//! Everything keeps its length, so a valid text is only read.

use super::cursor::unit;

/// The length of an escape: a backslash, a `u` and four digits.
const ESCAPE: usize = 6;

/// How many bytes are read at a time where characters are beyond ASCII: more would be read again for each escape
/// among them.
const WINDOW: usize = 64;

/// Replaces bytes that are no UTF-8 by question marks, and halves of surrogate pairs that stand
/// alone by U+FFFD.
pub(crate) fn sanitize(text: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = next_odd(text, at) {
        at = found;
        if text.get(at).is_some_and(|byte| *byte != b'\\') {
            at += sanitize_character(text.get_mut(at..).unwrap_or_default());
            continue;
        }
        match (unit_at(text, at), unit_at(text, at + ESCAPE)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => at += 2 * ESCAPE,
            (Some(0xd800..0xe000), _) => {
                if let Some(half) = text.get_mut(at..at + ESCAPE) {
                    half.copy_from_slice(br"\ufffd");
                }
                at += ESCAPE;
            }
            // What is escaped may be a backslash itself.
            _ => at += 1 + usize::from(text.get(at + 1) == Some(&b'\\')),
        }
    }
}

/// Replaces the first character, if it is none; gives how much can be left behind, up to the next escape.
fn sanitize_character(text: &mut [u8]) -> usize {
    let length = text.len().min(WINDOW);
    let Some(text) = text.get_mut(..length) else { return 0 };
    let valid = match str::from_utf8(text) {
        Ok(_) => length,
        Err(error) if error.valid_up_to() > 0 => error.valid_up_to(),
        Err(error) => {
            let length = error.error_len().unwrap_or(length);
            text.iter_mut().take(length).for_each(|byte| *byte = b'?');
            return length;
        }
    };
    text.iter().take(valid).position(|byte| *byte == b'\\').unwrap_or(valid)
}

/// The next byte that begins an escape or is of a character beyond ASCII.
fn next_odd(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let odd = rest.iter().position(|byte| *byte == b'\\' || !byte.is_ascii())?;
    Some(from + odd)
}

/// The number in an escape that stands there, if one does.
fn unit_at(text: &[u8], at: usize) -> Option<u32> {
    unit(text.get(at..)?.strip_prefix(b"\\")?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
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
        assert_eq!(sanitized(b"\\\xff\\\\\xff"), r"\?\\?");
        // Wherever it stands among what is none.
        for at in (0..40).chain(120..150) {
            for (character, sanitized_one) in
                [(&b"\xff"[..], "?"), (b"\xc3\xa4", "ä"), (b"\xe2\x82", "??")]
            {
                let text = [&b"a".repeat(at)[..], character, &b"b".repeat(200)].concat();
                let expected = format!("{}{sanitized_one}{}", "a".repeat(at), "b".repeat(200));
                assert_eq!(sanitized(&text), expected);
            }
        }
    }

    #[test]
    fn it_is_what_the_library_makes_of_it_but_for_the_sign() {
        let pieces: [&[u8]; 9] = [
            b"a",
            b"\xc3\xa4",
            b"\xf0\x9f\x98\x80",
            b"\xff",
            b"\xf0\x9f",
            b"\xe2\x82",
            b"\xed\xa0\x80",
            b"\x80",
            b"\xc0",
        ];
        for number in 0..9_usize.pow(4) {
            let text = (0..4).flat_map(|at| pieces[number / 9_usize.pow(at) % 9]).copied();
            let text: Vec<u8> = text.collect();
            let letters = |text: &str| text.replace(['?', '\u{fffd}'], "");
            assert_eq!(letters(&sanitized(&text)), letters(&String::from_utf8_lossy(&text)));
        }
    }
}
