//! A JSON document that borrows its texts from the reply it was read from.
//!
//! A provider's reply is a few hundred bytes around megabytes of base64. Reading it into owned
//! values would copy those; reading it into types would fail for a reply in which one field of
//! no interest changed its form. Whatever is looked for and is not there is `null`.
//!
//! So is what lies too deep, and what comes after more values than a reply has reason to hold: a byte
//! of text can become a hundred of memory. But a claim's reply holds the messages of many senders:
//! one must not spoil the others, so each row of a table is read by itself.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use super::cursor::{self, Cursor, number};

/// How deep a document is read.
const DEPTH: u8 = 64;

/// How much of a text is read where more is nothing but media: as much as an explanation may have. To read an image
/// as a text takes longer than to decode it.
const LONGEST_TEXT: usize = 1 << 14;

/// How many values of a document are read.
const MOST_VALUES: u32 = 1 << 17;

/// How many values of a row are read. The database hands out no message of more than 1000.
const MOST_ROW_VALUES: u32 = 1 << 13;

/// Why a text was not read.
#[derive(Debug)]
pub(crate) struct NoJson;

/// A value of a document. It is `serde_json`'s with texts that are borrowed; the worker does without
/// that one, whose maps are 6 KB of WASM.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as it was written: most are only passed on.
    Number(Cow<'a, str>),
    /// A text, borrowed unless it was written with escapes.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// The members of an object in their order. Of several with one name the last counts.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl From<Value> for Json<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(value),
            Value::Number(number) => Json::Number(number.to_string().into()),
            Value::String(text) => Json::Text(text.into()),
            Value::Array(elements) => Json::List(elements.into_iter().map(Json::from).collect()),
            Value::Object(members) => Json::Object(
                members.into_iter().map(|(name, it)| (name.into(), it.into())).collect(),
            ),
        }
    }
}

impl From<Json<'_>> for Value {
    fn from(json: Json<'_>) -> Self {
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(value),
            Json::Number(number) => serde_json::from_str(&number).unwrap_or_default(),
            Json::Text(text) => Value::String(text.into_owned()),
            Json::List(elements) => Value::Array(elements.into_iter().map(Value::from).collect()),
            Json::Object(members) => {
                let members = members.into_iter();
                Value::Object(members.map(|(name, it)| (name.into_owned(), it.into())).collect())
            }
        }
    }
}

impl<'a> Json<'a> {
    /// Reads a document.
    ///
    /// # Errors
    /// It is no JSON.
    pub(crate) fn read(text: &'a [u8]) -> Result<Self, NoJson> {
        Self::read_as(text, usize::MAX)
    }

    /// The same of one that may hold media: of very long texts only the beginning is read.
    ///
    /// # Errors
    /// It is no JSON.
    pub(crate) fn read_shortened(text: &'a [u8]) -> Result<Self, NoJson> {
        Self::read_as(text, LONGEST_TEXT)
    }

    fn read_as(text: &'a [u8], longest_text: usize) -> Result<Self, NoJson> {
        let mut reader = Reader::new(text, longest_text);
        let document = reader.value(DEPTH);
        if reader.cursor.at_end() && !reader.cursor.odd { Ok(document) } else { Err(NoJson) }
    }

    /// Reads the rows of a table, each with whether the whole of it was read. One of too many values has
    /// all its columns. A text that breaks off has the rows before that.
    ///
    /// # Errors
    /// It is no list.
    pub(crate) fn read_rows(text: &'a [u8]) -> Result<Vec<(Self, bool)>, NoJson> {
        let mut reader = Reader::new(text, usize::MAX);
        let mut rows = Vec::new();
        let is_list = matches!(reader.cursor.value(), cursor::Value::List);
        while is_list && reader.cursor.next(b']', rows.is_empty()) {
            reader.cursor.odd = false;
            reader.left = MOST_ROW_VALUES;
            let row = reader.value(DEPTH + 1);
            if reader.cursor.at_end() {
                break;
            }
            rows.push((row, reader.left > 0 && !reader.cursor.odd));
        }
        if is_list && (!rows.is_empty() || text.ends_with(b"]")) { Ok(rows) } else { Err(NoJson) }
    }

    /// Reads what documents there are in a text that need not be JSON, or not as a whole: an event
    /// stream, lines of JSON, one with an end that is missing or a number that there is not. Several
    /// make a list; none are null. Of very long texts only the beginning is read.
    pub(crate) fn read_any(text: &'a [u8]) -> Self {
        let mut reader = Reader::new(text, LONGEST_TEXT);
        let mut documents = Vec::new();
        while reader.left > 0 && reader.cursor.next_document() {
            let document = reader.value(DEPTH);
            if reader.left > 0 || documents.is_empty() {
                documents.push(document);
            }
        }
        match documents.pop() {
            Some(only) if documents.is_empty() => only,
            Some(last) => {
                documents.push(last);
                Json::List(documents)
            }
            None => Json::Null,
        }
    }

    /// A member of an object. Its name may be written in camel case or in snake case: some proxies
    /// translate them.
    pub(crate) fn get(&self, key: &str) -> &Json<'a> {
        const NULL: &Json<'static> = &Json::Null;
        let members = match self {
            Json::Object(members) => members.as_slice(),
            _ => &[],
        };
        members.iter().rev().find(|(name, _)| same_name(name, key)).map_or(NULL, |(_, value)| value)
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

    /// The members of an object with their names; the elements of a list with none.
    pub(crate) fn inside(&self) -> Inside<'_, 'a> {
        let members = if let Json::Object(members) = self { members.as_slice() } else { &[] };
        Inside { elements: self.list().iter(), members: members.iter() }
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
            Json::Number(text) | Json::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A number.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Json::Number(text) => number(text.as_bytes()),
            _ => None,
        }
    }

    /// The same value with everything owned.
    pub(crate) fn to_owned(&self) -> Json<'static> {
        let owned = |text: &Cow<'a, str>| Cow::Owned(text.to_string());
        match self {
            Json::Null => Json::Null,
            Json::Bool(value) => Json::Bool(*value),
            Json::Number(text) => Json::Number(owned(text)),
            Json::Text(text) => Json::Text(owned(text)),
            Json::List(elements) => Json::List(elements.iter().map(Json::to_owned).collect()),
            Json::Object(members) => {
                let members = members.iter().map(|(name, value)| (owned(name), value.to_owned()));
                Json::Object(members.collect())
            }
        }
    }
}

/// What is inside of a value. (The library's chain of two iterators is 2 KB of WASM.)
pub(crate) struct Inside<'d, 'a> {
    elements: std::slice::Iter<'d, Json<'a>>,
    members: std::slice::Iter<'d, (Cow<'a, str>, Json<'a>)>,
}

impl<'d, 'a> Iterator for Inside<'d, 'a> {
    type Item = (&'d str, &'d Json<'a>);

    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        if let Some(element) = self.elements.next() {
            return Some(("", element));
        }
        self.members.next().map(|(name, value)| (&**name, value))
    }
}

impl DoubleEndedIterator for Inside<'_, '_> {
    #[inline(never)]
    fn next_back(&mut self) -> Option<Self::Item> {
        if let Some((name, value)) = self.members.next_back() {
            return Some((name, value));
        }
        self.elements.next_back().map(|element| ("", element))
    }
}

/// Whether two names are the same but for their case.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    fn letters(name: &str) -> impl Iterator<Item = u8> {
        name.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase())
    }
    letters(one).eq(letters(other))
}

/// Whether a name is one of several.
pub(crate) fn has_name(names: &[&str], name: &str) -> bool {
    names.iter().any(|it| same_name(it, name))
}

/// Reads values into memory.
struct Reader<'a> {
    cursor: Cursor<'a>,
    /// How many values more are read, in the whole text.
    left: u32,
    /// How much is read of each text.
    longest_text: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a [u8], longest_text: usize) -> Self {
        Self { cursor: Cursor::new(text), left: MOST_VALUES, longest_text }
    }

    /// The value that stands here, so many levels deep.
    fn value(&mut self, depth: u8) -> Json<'a> {
        self.left = self.left.saturating_sub(1);
        let value = match self.cursor.value() {
            cursor::Value::Text(Range { start, end }) => {
                let end = end.min(start.saturating_add(self.longest_text));
                Json::Text(self.cursor.text(start..end))
            }
            cursor::Value::Word(word) => self.word(word),
            _ if depth == 0 => {
                self.cursor.skip_inside();
                Json::Null
            }
            cursor::Value::Object => self.object(depth - 1),
            cursor::Value::List => self.list(depth - 1),
        };
        if depth == 0 { Json::Null } else { value }
    }

    fn object(&mut self, depth: u8) -> Json<'a> {
        let mut members = Vec::new();
        let mut is_first = true;
        while self.cursor.next(b'}', is_first) {
            is_first = false;
            let name = self.cursor.name();
            let name = self.cursor.text(name);
            let value = self.value(depth);
            if self.left > 0 || depth == DEPTH {
                members.push((name, value));
            } else {
                self.cursor.skip_inside();
                break;
            }
        }
        Json::Object(members)
    }

    fn list(&mut self, depth: u8) -> Json<'a> {
        let mut elements = Vec::new();
        let mut is_first = true;
        while self.cursor.next(b']', is_first) {
            is_first = false;
            let element = self.value(depth);
            if self.left > 0 {
                elements.push(element);
            } else {
                self.cursor.skip_inside();
                break;
            }
        }
        Json::List(elements)
    }

    fn word(&mut self, word: &'a [u8]) -> Json<'a> {
        match word {
            b"null" => Json::Null,
            b"true" => Json::Bool(true),
            b"false" => Json::Bool(false),
            word => match (number(word), str::from_utf8(word)) {
                (Some(_), Ok(text)) => Json::Number(text.into()),
                _ => {
                    self.cursor.odd = true;
                    Json::Null
                }
            },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::json::text_of;

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
        assert_eq!(Json::read(text.as_bytes()).unwrap().to_owned(), value.into());
    }

    #[test]
    fn numbers_are_read_as_other_readers_read_them() {
        for text in [
            "0",
            "-0",
            "7",
            "-7",
            "18446744073709551615",
            "-9223372036854775808",
            "0.1",
            "1e22",
            "-9223372036854775809",
            "18446744073709551616",
            "1.5E+3",
            "2.5e-3",
            "1e-400",
            "0e999",
            "123456789012345678901234567890.123456789",
            "4.9e-324",
            "1.7e308",
            "00",
            "1.",
            ".5",
            "+1",
            "1e",
            "1e+",
            "--1",
            "0x1",
            "1_0",
            "1e999",
            "-1e999",
            "NaN",
            "Infinity",
        ] {
            let ours = Json::read(text.as_bytes()).ok().map(|document| document.number());
            let theirs = serde_json::from_str::<Value>(text).ok().map(|value| value.as_f64());
            match (ours, theirs) {
                (Some(Some(ours)), Some(Some(theirs))) => {
                    let near = (ours - theirs).abs() <= theirs.abs() * 1e-14;
                    assert!(near && ours.is_sign_negative() == theirs.is_sign_negative(), "{text}");
                }
                (ours, theirs) => assert_eq!(ours, theirs, "{text}"),
            }
        }
    }

    #[test]
    fn the_names_of_members_are_read_in_both_cases() {
        let text = br#"{"finish_reason": 1, "inlineData": 2, "URI": 3, "done": 4, "done": 5}"#;
        let document = Json::read(text).unwrap();
        let read = |name: &str| document.get(name).integer();
        assert_eq!(
            (read("finishReason"), read("inline_data"), read("uri")),
            (Some(1), Some(2), Some(3))
        );
        assert_eq!((read("done"), read("do")), (Some(5), None));
    }

    #[test]
    fn what_is_no_json_as_a_whole_is_read_as_far_as_it_is() {
        let read = |text: &str| text_of(&Json::read_any(text.as_bytes()));
        for (text, value) in [
            (r#"{"a":1}"#, r#"{"a":1}"#),
            ("\u{feff}[1]", "[1]"),
            (r#"{"a":NaN,"b":[1e999,-0.5,],"c":tru,}"#, r#"{"a":null,"b":[null,-0.5],"c":null}"#),
            (r#"{"a":{"b":[1,"c"#, r#"{"a":{"b":[1,null]}}"#),
            (r#"{"a" 1 "b":2}"#, r#"{"a":1,"b":2}"#),
            (r#"[1}{"a":1]"#, r#"[[1],{"a":1}]"#),
            ("{\"a\":1}\n{\"a\":2}\n", r#"[{"a":1},{"a":2}]"#),
            (
                "data: {\"a\":\ndata: 1,\r\ndata:\"b\":2}\n\ndata: [DONE]\n\n",
                r#"[{"a":1,"b":2},[null]]"#,
            ),
            (r#"["\q\ud83d\u12"]"#, "[\"\u{fffd}q\u{fffd}\u{fffd}12\"]"),
            ("<html>", "null"),
            ("", "null"),
            ("{:}", r#"{"":null}"#),
        ] {
            assert_eq!(read(text), value, "{text}");
        }
        let long = format!("[\"{}\",1]", "ä".repeat(LONGEST_TEXT));
        let document = Json::read_any(long.as_bytes());
        assert_eq!(document.list().len(), 2);
        assert_eq!(document.list()[0].text().map(|text| text.len()), Some(LONGEST_TEXT));
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
    fn a_row_of_too_many_values_takes_nothing_from_the_others() {
        let many = "0,".repeat(1_000_000);
        let text = format!(r#"[{{"a":1}},{{"b":[{many}0],"a":2}},{{"a":3}}]"#);
        let rows = Json::read_rows(text.as_bytes()).unwrap();
        let read: Vec<_> =
            rows.iter().map(|(row, whole)| (row.get("a").integer(), *whole)).collect();
        assert_eq!(read, [(Some(1), true), (Some(2), false), (Some(3), true)]);
        assert!(rows[1].0.get("b").list().len() < MOST_ROW_VALUES as usize);

        let most = "0,".repeat(MOST_ROW_VALUES as usize - 4);
        for (more, whole) in [("0", true), ("0,0", false)] {
            let text = format!(r#"[{{"a":[{most}{more}]}}]"#);
            assert_eq!(Json::read_rows(text.as_bytes()).unwrap()[0].1, whole);
        }
    }

    #[test]
    fn a_row_that_is_no_json_takes_nothing_from_the_others() {
        let rows = Json::read_rows(br#"[{"a":1e999},{"a":2,},{"a":3}]"#).unwrap();
        let read: Vec<_> =
            rows.iter().map(|(row, whole)| (row.get("a").integer(), *whole)).collect();
        assert_eq!(read, [(None, false), (Some(2), false), (Some(3), true)]);
    }

    #[test]
    fn rows_that_break_off_are_those_before() {
        for text in
            [r#"[{"a":1},{"a":"#, r#"[{"a":1},"#, r#"[{"a":1},{"a":[2"#, r#"[{"a":1},{"b":2}"#]
        {
            let rows = Json::read_rows(text.as_bytes()).unwrap();
            assert_eq!(rows.len(), 1, "{text}");
            assert!(rows[0].1, "{text}");
        }
        for text in ["{}", "1", "", "[", r#"[{"a":"#, r#"{"a":[]}"#] {
            assert!(Json::read_rows(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Json::read_rows(b"[]").unwrap().is_empty());
    }

    #[test]
    fn a_control_character_in_a_text_is_an_error_wherever_it_stands() {
        for character in ['\0', '\n', '\u{1f}', ' ', '\u{7f}', 'ä', '😀'] {
            for at in 0..20 {
                let text = format!("\"{:at$}{character}{:20}\"", "", "");
                let is_error = Json::read(text.as_bytes()).is_err();
                assert_eq!(is_error, character < ' ', "{character:?} at {at}");
            }
        }
    }

    #[test]
    fn a_document_that_is_none_is_an_error() {
        for text in ["", "{", "<html>", "{\"a\":1} x", "[1", &"[".repeat(10_000)] {
            assert!(Json::read(text.as_bytes()).is_err(), "{text:.20}");
        }
    }
}
