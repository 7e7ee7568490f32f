//! What every reply goes through: sanitizing, reading, and base64 where it stands. The input is a
//! JSON text, and base64.

use generation_queue::service::fuzzing::{decode, read, sanitize};
use serde_json::Value;

use crate::base64;

/// How deep a document is read.
const DEPTH: usize = 64;

/// Each reader agrees with a plain one.
pub fn check(input: &[u8]) {
    check_sanitizing(input);
    check_reading(input);
    check_decoding(&String::from_utf8_lossy(input));
}

fn check_sanitizing(input: &[u8]) {
    let mut sanitized = input.to_vec();
    sanitize(&mut sanitized);
    assert_eq!(sanitized.len(), input.len());
    assert!(str::from_utf8(&sanitized).is_ok());
    let mut again = sanitized.clone();
    sanitize(&mut again);
    assert_eq!(again, sanitized);
    if serde_json::from_slice::<Value>(input).is_ok() {
        assert_eq!(sanitized, input, "a good text was changed");
    }
    check_reading(&sanitized);
}

fn check_reading(text: &[u8]) {
    let (document, value) = (read(text), serde_json::from_slice::<Value>(text).ok());
    if levels(text) < DEPTH {
        assert_eq!(document, value);
    } else {
        assert!(document.is_some() || value.is_none(), "a good text was refused");
    }
}

/// How many brackets are open at once, at most.
fn levels(text: &[u8]) -> usize {
    let mut open = 0_usize;
    let mut most = 0;
    for byte in text {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

fn check_decoding(text: &str) {
    if text.is_empty() {
        return;
    }
    let escaped = serde_json::json!({ "data": text }).to_string();
    assert_eq!(decode(escaped.into_bytes()), base64::decode(text));
    if !text.contains(|c: char| c.is_control() || c == '"' || c == '\\') {
        let plain = format!("{{ \"data\" : \"{text}\" }}");
        assert_eq!(decode(plain.into_bytes()), base64::decode(text));
    }
}
