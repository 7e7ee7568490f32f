//! The files in a reply, found by a plain reader.

use generation_queue::job::Format;
use serde_json::Value;

use crate::base64;

/// A plain reader goes deeper; that deep there is no result.
const DEPTH: usize = 60;

/// How many that turn out to be broken are passed over.
const BROKEN: usize = 3;

/// The files of a wanted format that are a result, in no order, each of which may be taken. None
/// if it is not for a plain reader to say.
pub fn of(reply: &[u8], is_wanted: fn(Format) -> bool) -> Option<Vec<Vec<u8>>> {
    let text = str::from_utf8(reply).ok()?;
    let mut search = Search { is_wanted, files: Vec::new(), broken: 0, marks: 0 };
    search.search(&documents(text)?, DEPTH);
    // Of members with the same name it knows but one.
    let written: usize = ["thought", "type", "role"]
        .iter()
        .map(|mark| text.to_lowercase().replace('_', "").matches(&format!("\"{mark}\"")).count())
        .sum();
    (search.broken <= BROKEN && search.marks >= written).then_some(search.files)
}

/// One document, or those of an event stream.
fn documents(text: &str) -> Option<Value> {
    if let Ok(document) = serde_json::from_str::<Value>(text) {
        return Some(document).filter(|it| it.is_object() || it.is_array());
    }
    let mut documents = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines().filter(|line| !line.trim().is_empty()) {
        let data = line.strip_prefix("data:").unwrap_or(line).trim();
        if data != "[DONE]" {
            let document: Value = serde_json::from_str(data).ok()?;
            documents.push(Some(document).filter(|it| it.is_object() || it.is_array())?);
        }
    }
    Some(documents.into())
}

struct Search {
    is_wanted: fn(Format) -> bool,
    files: Vec<Vec<u8>>,
    broken: usize,
    marks: usize,
}

impl Search {
    fn search(&mut self, value: &Value, depth: usize) {
        match value {
            _ if depth == 0 => {}
            Value::String(text) => self.read(text),
            Value::Array(elements) => {
                elements.iter().for_each(|element| self.search(element, depth - 1));
            }
            Value::Object(members) => {
                let before = self.files.len();
                let mut is_result = true;
                for (name, value) in members {
                    let name = name.to_ascii_lowercase().replace('_', "");
                    match (name.as_str(), value) {
                        ("thought", value) => is_result &= *value != true,
                        ("type" | "role", value) => {
                            let others = ["thought", "user", "user_input"];
                            is_result &= !value.as_str().is_some_and(|it| others.contains(&it));
                        }
                        _ => {}
                    }
                    self.marks += usize::from(["thought", "type", "role"].contains(&&*name));
                    let known = self.files.len();
                    self.search(value, depth - 1);
                    if ["request", "contents", "instances", "input", "inputs"].contains(&&*name) {
                        self.files.truncate(known);
                    }
                }
                if !is_result {
                    self.files.truncate(before);
                }
            }
            _ => {}
        }
    }

    fn read(&mut self, text: &str) {
        let text = match text.strip_prefix("data:").and_then(|rest| rest.split_once(',')) {
            Some((prefix, data)) if prefix.len() < 100 => data,
            _ => text,
        };
        let head: String = text.chars().filter(|c| !c.is_ascii_whitespace()).take(16).collect();
        let format = base64::decode(&head).and_then(|head| Format::of(&head));
        if format.is_some_and(self.is_wanted) {
            match base64::decode(text) {
                Some(file) => self.files.push(file),
                None => self.broken += 1,
            }
        }
    }
}
