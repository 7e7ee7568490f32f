//! A JSON document that borrows its texts from the reply it was read from.
//!
//! A provider's reply is a few hundred bytes around megabytes of base64. Reading it into owned
//! values would copy those; reading it into types would fail for a reply in which one field of
//! no interest changed its form. Whatever is looked for and is not there is `null`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A value of a document.
#[derive(Debug, PartialEq)]
pub(super) enum Json<'a> {
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
    pub(super) fn read(body: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }

    /// A member of an object.
    pub(super) fn get(&self, key: &str) -> &Json<'a> {
        const NULL: &Json<'static> = &Json::Null;
        let members = match self {
            Json::Object(members) => members.as_slice(),
            _ => &[],
        };
        members.iter().rev().find(|(name, _)| name == key).map_or(NULL, |(_, value)| value)
    }

    /// The elements of a list; none if it is no list.
    pub(super) fn list(&self) -> &[Json<'a>] {
        match self {
            Json::List(elements) => elements,
            _ => &[],
        }
    }

    /// A text that is not empty.
    pub(super) fn text(&self) -> Option<&Cow<'a, str>> {
        match self {
            Json::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Whether it is `true`.
    pub(super) fn is_true(&self) -> bool {
        *self == Json::Bool(true)
    }

    /// Whether there is anything here at all.
    pub(super) fn is_null(&self) -> bool {
        *self == Json::Null
    }

    /// An integer, also one that was written as a string.
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Json::Number(number) => number.as_i64(),
            Json::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The same value with everything owned.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => Value::Number(number.clone()),
            Json::Text(text) => Value::String(text.to_string()),
            Json::List(elements) => Value::Array(elements.iter().map(Json::to_value).collect()),
            Json::Object(members) => Value::Object(Map::from_iter(
                members.iter().map(|(name, value)| (name.to_string(), value.to_value())),
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
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
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(Json::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<Json<'de>, _>()? {
            // A name of JSON is always a text.
            if let Json::Text(name) = name {
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
    fn a_document_that_is_none_is_an_error() {
        for text in ["", "{", "<html>", "{\"a\":1} x", &"[".repeat(10_000)] {
            assert!(Json::read(text.as_bytes()).is_err(), "{text:.20}");
        }
    }
}
