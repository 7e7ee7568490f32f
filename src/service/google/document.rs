//! The document in a reply, whatever it is wrapped in.

use super::words::is_of_job;
use crate::json::{Json, has_name};
use crate::search::Search;

/// The members that proxies fill with JSON as a text. Others may hold a model's words.
const WRAPPINGS: [&str; 8] =
    ["error", "message", "detail", "response", "result", "body", "data", "raw"];

/// How many wrappings are opened.
const MOST: u8 = 4;

/// Reads a reply. JSON that is a text in JSON, as proxies pass it on, is read, too; what is no JSON is
/// one text, a page without its tags.
pub(super) fn read_document(body: &[u8]) -> Json<'_> {
    let label = beginning(body).cut("{").map_or("", |(label, _)| label);
    let is_text = is_foreign(body) || is_of_job(label);
    let is_named = |it: &Json<'_>| it.inside().any(|(name, _)| !name.is_empty());
    let mut document = match Json::read_any(body) {
        found if !is_text && found.find(&is_named).is_some() => found,
        _ => Json::read_shortened(body).unwrap_or_else(|_| Json::Text(page(body).into())),
    };
    unwrap(&mut document, MOST);
    document
}

/// Whether a body is none of an API's, whatever its status: a page, or nothing.
pub(super) fn is_foreign(body: &[u8]) -> bool {
    matches!(first_of(body), b'<' | b' ')
}

/// The first character of a text, behind blanks and a byte order mark; a blank if there is none.
#[inline(never)]
pub(super) fn first_of(text: &[u8]) -> u8 {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.trim_ascii_start().first().map_or(b' ', |first| *first)
}

fn unwrap(value: &mut Json<'_>, left: u8) {
    match value {
        Json::Text(text) if left > 0 => {
            if let Some(inner) = wrapped(text) {
                *value = inner;
                unwrap(value, left - 1);
            }
        }
        Json::List(elements) => elements.iter_mut().for_each(|element| unwrap(element, left)),
        Json::Object(members) => {
            for (name, value) in members {
                if !matches!(value, Json::Text(_)) || has_name(&WRAPPINGS, name) {
                    unwrap(value, left);
                }
            }
        }
        _ => {}
    }
}

/// The object that a text is, or the error that stands in it behind a label.
fn wrapped(text: &str) -> Option<Json<'static>> {
    const LONGEST_LABELED: usize = 4096;
    if !text.starts_with('{') && text.len() > LONGEST_LABELED {
        return None;
    }
    let (label, _) = text.cut("{")?;
    let inner = text.get(label.len()..)?;
    // The way in which Python shows an object.
    let plain = inner.starts_with("{'").then(|| inner.replace('\'', "\""));
    let inner = plain.as_deref().unwrap_or(inner).as_bytes();
    let object = Json::read_any(inner);
    let is_whole = || label.trim().is_empty() && Json::read(inner).is_ok();
    let is_error = || object.find(&|it| !it.get("error").is_null()).is_some();
    let is_one =
        matches!(object, Json::Object(_)) && !is_of_job(label) && (is_whole() || is_error());
    is_one.then(|| object.to_owned())
}

/// The words of a page or of a plain text.
fn page(body: &[u8]) -> String {
    let mut words = String::new();
    let mut rest = beginning(body);
    while let Some((before, tag)) = rest.cut("<") {
        words.push_str(before);
        words.push(' ');
        let is_hidden = ["style", "script"].iter().any(|name| tag.starts_with(name));
        let tag = if is_hidden { tag.cut("</").map_or("", |(_, tag)| tag) } else { tag };
        rest = tag.cut(">").map_or("", |(_, after)| after);
    }
    words + rest
}

/// The beginning of a text, enough for a person and for all that is looked for in a page.
pub(super) fn beginning(body: &[u8]) -> &str {
    const LENGTH: usize = 4096;
    let body = body.get(..LENGTH).unwrap_or(body);
    // The cut may be in the middle of a character.
    let valid = |error: std::str::Utf8Error| {
        str::from_utf8(body.get(..error.valid_up_to()).unwrap_or_default())
    };
    str::from_utf8(body).or_else(valid).unwrap_or_default()
}
