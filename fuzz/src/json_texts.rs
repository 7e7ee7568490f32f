//! What every reply goes through: sanitizing, reading, and base64 where it stands. The input is a
//! JSON text, and base64.

use generation_queue::service::fuzzing::{read, read_any, sanitize, take_file};
use serde_json::Value;

use crate::base64;

/// How deep a document is read.
const DEPTH: usize = 64;

/// Of texts that may be so long, not all may be read.
const LONG_TEXT: usize = 1 << 16;

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
    if value.as_ref().is_some_and(is_large) || document.as_ref().is_some_and(is_large) {
        return;
    }
    match (&document, &value) {
        (Some(document), Some(value)) => {
            assert!(levels(text) >= DEPTH || same(document, value), "{document} for {value}");
        }
        (None, Some(value)) => panic!("a good text was refused: {value}"),
        (Some(document), None) => {
            assert!(levels(text) >= DEPTH, "what is no JSON was read: {document}");
        }
        (None, None) => {}
    }
    let any = read_any(text);
    if let Some(document) = document.filter(|it| it.is_object() || it.is_array()) {
        assert!(text.len() >= LONG_TEXT || same(&any, &document), "{any} for {document}");
    }
}

/// Whether two values are the same, except that floats need only be neighbours.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) if one.is_f64() => {
            let (one, other) = (one.as_f64().unwrap_or(0.0), other.as_f64().unwrap_or(0.0));
            (one - other).abs() <= one.abs() * 1e-13 + f64::MIN_POSITIVE
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, one)| other.get(key).is_some_and(|it| same(one, it)))
        }
        _ => one == other,
    }
}

/// Whether there is a number so large that two readers may not agree on whether it is one.
fn is_large(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(|it| it.abs() > 1e300),
        Value::Array(elements) => elements.iter().any(is_large),
        Value::Object(members) => members.values().any(is_large),
        _ => false,
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
    // Something has to tell what it is.
    let text = format!("iVBORw0KGgoAAAAN{text}");
    let escaped = serde_json::json!({ "data": text }).to_string();
    let piece = 1 + text.len() % 40;
    assert_eq!(take_file(escaped.as_bytes(), piece), base64::decode(&text));
    if !text.contains(|c: char| c.is_control() || c == '"' || c == '\\') {
        let plain = format!("{{ \"data\" : \"{text}\" }}");
        assert_eq!(take_file(plain.as_bytes(), piece), base64::decode(&text));
    }
}
