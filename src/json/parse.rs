//! A JSON document that borrows its texts from the reply it was read from.
//!
//! A provider's reply is a few hundred bytes around megabytes of base64. Reading it into owned
//! values would copy those; reading it into types would fail for a reply in which one field of
//! no interest changed its form. Whatever is looked for and is not there is `null`.
//!
//! So is what lies too deep, and what comes after more values than a reply has reason to hold. The
//! parser rejects a document that is nested too deeply, and a byte of text can become a hundred of
//! memory. But a claim's reply holds the messages of many senders: one must not spoil the others.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep a document is read. The parser's own limit is 128; what is skipped does not count.
const DEPTH: u8 = 64;

/// How many values of a document are read: a claim of a hundred ordinary jobs has some thousand.
const MOST_VALUES: u32 = 1 << 17;

/// A value of a document.
#[derive(Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    /// Borrowed unless it was written with escapes.
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Reads a document.
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        let left = Cell::new(MOST_VALUES);
        let document = AnyJson { depth: DEPTH, left: &left }.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(document)
    }

    /// A member of an object.
    pub(crate) fn get(&self, key: &str) -> &Json<'a> {
        const NULL: &Json<'static> = &Json::Null;
        let members = match self {
            Json::Object(members) => members.as_slice(),
            _ => &[],
        };
        members.iter().rev().find(|(name, _)| name == key).map_or(NULL, |(_, value)| value)
    }

    /// The elements of a list; none if it is no list.
    pub(crate) fn list(&self) -> &[Json<'a>] {
        match self {
            Json::List(elements) => elements,
            _ => &[],
        }
    }

    /// A text that is not empty.
    pub(crate) fn text(&self) -> Option<&Cow<'a, str>> {
        match self {
            Json::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Whether it is `true`.
    pub(crate) fn is_true(&self) -> bool {
        *self == Json::Bool(true)
    }

    /// Whether there is anything here at all.
    pub(crate) fn is_null(&self) -> bool {
        *self == Json::Null
    }

    /// An integer, also one that was written as a string.
    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Json::Number(number) => number.as_i64(),
            Json::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A number.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Json::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    /// The same value with everything owned.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => Value::Number(number.clone()),
            Json::Text(text) => Value::String(text.to_string()),
            Json::List(elements) => Value::Array(elements.iter().map(Json::to_value).collect()),
            Json::Object(members) => {
                // One by one: building a map at once sorts, which is 5 KB of WASM.
                let mut map = Map::new();
                for (name, value) in members {
                    map.insert(name.to_string(), value.to_value());
                }
                Value::Object(map)
            }
        }
    }
}

/// A JSON text with everything owned; `None` if it is none.
#[cfg_attr(not(target_family = "wasm"), allow(dead_code))] // what comes over the border is read so
pub(crate) fn owned(text: &str) -> Option<Value> {
    Json::read(text.as_bytes()).ok().map(|document| document.to_value())
}

/// Reads one value and what is in it, so many levels deep.
#[derive(Clone, Copy)]
struct AnyJson<'c> {
    depth: u8,
    /// How many values more are read, in the whole document.
    left: &'c Cell<u32>,
}

impl AnyJson<'_> {
    fn inner(self) -> Self {
        Self { depth: self.depth.saturating_sub(1), ..self }
    }
}

impl<'de> DeserializeSeed<'de> for AnyJson<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        self.left.set(self.left.get().saturating_sub(1));
        if self.depth == 0 || self.left.get() == 0 {
            deserializer.deserialize_ignored_any(IgnoredAny)?;
            return Ok(Json::Null);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyJson<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element_seed(self.inner())? {
            if self.left.get() > 0 {
                elements.push(element);
            }
        }
        Ok(Json::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let name = AnyJson { depth: 1, ..self };
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry_seed(name, self.inner())? {
            // A name of JSON is always a text.
            if let Json::Text(name) = name
                && self.left.get() > 0
            {
                members.push((name, value));
            }
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_borrowed_unless_they_were_escaped() {
        let document = Json::read(br#"{"a": "plain", "b": "es\/caped"}"#).unwrap();
        assert!(matches!(document.get("a"), Json::Text(Cow::Borrowed("plain"))));
        assert!(matches!(document.get("b"), Json::Text(Cow::Owned(text)) if text == "es/caped"));
    }

    #[test]
    fn what_is_not_there_or_of_another_kind_is_null() {
        let document = Json::read(br#"{"a": {"b": [1, "2", null]}, "s": ""}"#).unwrap();
        assert!(document.get("x").get("y").is_null());
        assert!(document.get("a").get("b").get("c").is_null());
        assert!(document.get("a").list().is_empty());
        assert_eq!(document.get("s").text(), None);
        let numbers: Vec<_> = document.get("a").get("b").list().iter().map(Json::integer).collect();
        assert_eq!(numbers, [Some(1), Some(2), None]);
    }

    #[test]
    fn a_document_becomes_the_value_that_it_is() {
        let text = r#"{"a":[true,null,-1,2,0.5,"x\n"],"b":{}}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(Json::read(text.as_bytes()).unwrap().to_value(), value);
    }

    #[test]
    fn what_lies_too_deep_is_null_and_spoils_nothing() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let text = format!("{{\"a\":{deep},\"b\":{{\"c\":{deep}}},\"d\":1}}");
        let document = Json::read(text.as_bytes()).unwrap();
        assert_eq!(document.get("d").integer(), Some(1));
        let mut levels = 1;
        let mut value = document.get("a");
        while let Some(inner) = value.list().first() {
            value = inner;
            levels += 1;
        }
        assert_eq!((levels, value), (usize::from(DEPTH), &Json::Null));
    }

    #[test]
    fn what_comes_after_too_many_values_is_left_out() {
        let many = "0,".repeat(1_000_000);
        let text = format!("{{\"a\":1,\"b\":[{many}0],\"c\":{{\"d\":1}}}}");
        let document = Json::read(text.as_bytes()).unwrap();
        assert_eq!(document.get("a").integer(), Some(1));
        assert!(document.get("b").list().len() < MOST_VALUES as usize);
        assert!(document.get("c").is_null());
    }

    #[test]
    fn a_document_that_is_none_is_an_error() {
        for text in ["", "{", "<html>", "{\"a\":1} x", "[1", &"[".repeat(10_000)] {
            assert!(Json::read(text.as_bytes()).is_err(), "{text:.20}");
        }
    }
}
