//! Writing JSON.
//!
//! Member by member into one buffer, which is much less code than building a value and serializing that.
//! What is opened is closed by the call that opened it.

use std::rc::Rc;

use super::{Json, Pieces};

/// Writes an object. The files in it are not copied.
pub(crate) fn object(write: impl FnOnce(&mut Object<'_>)) -> Pieces {
    let mut json = begun();
    write(&mut Object(&mut json));
    put(&mut json, b'}');
    json
}

/// The beginning of an object, with room for most. Not inlined, since every object would grow by it.
#[inline(never)]
fn begun() -> Pieces {
    const USUALLY: usize = 512;
    let mut json = Vec::with_capacity(USUALLY);
    json.push(b'{');
    json.into()
}

/// An object that is being written.
pub(crate) struct Object<'j>(&'j mut Pieces);

impl Object<'_> {
    fn write(json: &mut Pieces, write: impl FnOnce(&mut Object<'_>)) {
        put(json, b'{');
        write(&mut Object(json));
        put(json, b'}');
    }

    /// Begins a member.
    fn name(&mut self, name: &str) -> &mut Pieces {
        separate(self.0);
        text(self.0, name);
        put(self.0, b':');
        self.0
    }

    /// Adds a member that is JSON already.
    fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.name(name).text.extend_from_slice(json.as_bytes());
        self
    }

    /// Adds a text.
    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        text(self.name(name), value);
        self
    }

    /// Adds a text, or leaves it out.
    pub(crate) fn optional_text(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Adds a text or null.
    pub(crate) fn text_or_null(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(name, value),
            None => self.raw(name, "null"),
        }
    }

    /// Adds an integer.
    pub(crate) fn integer(&mut self, name: &str, value: i64) -> &mut Self {
        self.raw(name, &value.to_string())
    }

    /// Adds an integer, or leaves it out.
    pub(crate) fn optional_integer(&mut self, name: &str, value: Option<i64>) -> &mut Self {
        match value {
            Some(value) => self.integer(name, value),
            None => self,
        }
    }

    /// Adds a number of millionths.
    pub(crate) fn millionths(&mut self, name: &str, value: u64) -> &mut Self {
        self.raw(name, &format!("{}.{:06}", value / 1_000_000, value % 1_000_000))
    }

    /// Adds true or false.
    pub(crate) fn flag(&mut self, name: &str, value: bool) -> &mut Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// Adds true or false, or leaves it out.
    pub(crate) fn optional_flag(&mut self, name: &str, value: Option<bool>) -> &mut Self {
        match value {
            Some(value) => self.flag(name, value),
            None => self,
        }
    }

    /// Adds any value; none is null.
    pub(crate) fn value(&mut self, name: &str, value: Option<&Json<'_>>) -> &mut Self {
        any(self.name(name), value.unwrap_or(&Json::Null));
        self
    }

    /// Adds a file as base64.
    pub(crate) fn base64(&mut self, name: &str, file: &Rc<Vec<u8>>) -> &mut Self {
        let json = self.name(name);
        put(json, b'"');
        if !file.is_empty() {
            json.files.push((json.text.len(), file.clone()));
        }
        put(json, b'"');
        self
    }

    /// Adds an object.
    pub(crate) fn object(&mut self, name: &str, write: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        Object::write(self.name(name), write);
        self
    }

    /// Adds a list.
    pub(crate) fn list(&mut self, name: &str, write: impl FnOnce(&mut List<'_>)) -> &mut Self {
        let json = self.name(name);
        put(json, b'[');
        write(&mut List(json));
        put(json, b']');
        self
    }
}

/// A list that is being written.
pub(crate) struct List<'j>(&'j mut Pieces);

impl List<'_> {
    /// Adds a text.
    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        separate(self.0);
        text(self.0, value);
        self
    }

    /// Adds an object.
    pub(crate) fn object(&mut self, write: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        separate(self.0);
        Object::write(self.0, write);
        self
    }
}

/// Puts a comma after what stands there, unless that is the beginning.
fn separate(json: &mut Pieces) {
    if !matches!(json.text.last(), Some(b'{' | b'[')) {
        put(json, b',');
    }
}

/// A value as text.
#[cfg(test)]
pub(crate) fn text_of(value: &Json<'_>) -> String {
    let mut json = Pieces::default();
    any(&mut json, value);
    String::from_utf8_lossy(&json.text).into_owned()
}

fn any(json: &mut Pieces, value: &Json<'_>) {
    match value {
        Json::Null => json.text.extend_from_slice(b"null"),
        Json::Bool(flag) => json.text.extend_from_slice(flag.to_string().as_bytes()),
        Json::Number(number) => json.text.extend_from_slice(number.as_bytes()),
        Json::Text(value) => text(json, value),
        Json::List(elements) => {
            put(json, b'[');
            for element in elements {
                separate(json);
                any(json, element);
            }
            put(json, b']');
        }
        Json::Object(members) => Object::write(json, |it| {
            for (name, value) in members {
                any(it.name(name), value);
            }
        }),
    }
}

fn text(json: &mut Pieces, text: &str) {
    let is_escaped = |byte: &u8| matches!(byte, b'"' | b'\\' | ..b' ');
    put(json, b'"');
    for part in text.as_bytes().split_inclusive(is_escaped) {
        match part.split_last() {
            Some((last, plain)) if is_escaped(last) => {
                json.text.extend_from_slice(plain);
                json.text.extend_from_slice(format!("\\u{last:04X}").as_bytes());
            }
            _ => json.text.extend_from_slice(part),
        }
    }
    put(json, b'"');
}

/// Adds a byte. Not inlined, since the many closures of this module would each grow by it.
#[inline(never)]
fn put(json: &mut Pieces, byte: u8) {
    json.text.push(byte);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let usage = json!({"tokens": [1, "2", null, true], "a": {}, "b": [[-0.5]]});
        let written = object(|it| {
            it.object("empty", |_| {}).list("none", |_| {});
            it.list("texts", |list| {
                list.text("a\"\n").text("{");
            });
            it.list("objects", |list| {
                list.object(|it| {
                    it.integer("n", -1).flag("yes", true);
                });
                list.object(|_| {});
            });
            it.optional_text("out", None).optional_integer("out", None).text_or_null("t", None);
            it.optional_text("in", Some("x")).optional_integer("seed", Some(7));
            it.millionths("cost", 1_000_039)
                .base64("data", &Rc::new(b"ABC".to_vec()))
                .flag("no", false);
            it.value("usage", Some(&usage.clone().into())).value("nothing", None);
        });
        let expected = json!({
            "empty": {}, "none": [], "texts": ["a\"\n", "{"],
            "objects": [{"n": -1, "yes": true}, {}],
            "t": null, "in": "x", "seed": 7, "cost": 1.000_039, "data": "QUJD", "no": false,
            "usage": usage, "nothing": null,
        });
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&written.into_bytes()).unwrap(),
            expected
        );
    }
}
