//! Reading a message field by field, so that the sender of a bad one is told everything that is
//! wrong with it at once, each time with the field and what was expected there.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

/// The longest prompt, in bytes of UTF-8. Gemini 2.5 Flash Image reads 32,768 tokens, Veo 1,024;
/// what is longer than this is no prompt but a mistake.
const LONGEST_PROMPT: usize = 32 * 1024;

/// The longest URL, in bytes. Signed URLs are long, but not longer than this.
const LONGEST_URL: usize = 4096;

/// One thing that is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
pub struct Issue {
    /// The field's name as the sender writes it.
    pub field: String,
    /// What was expected there.
    pub expected: String,
}

/// A message that is no job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// What is wrong with it, in the order of the schema; never empty.
    pub issues: Vec<Issue>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, issue) in self.issues.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{}: expected {}", issue.field, issue.expected)?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// The fields of one message, and what was found wrong with them so far.
pub(super) struct Fields<'a> {
    message: &'a Map<String, Value>,
    issues: Vec<Issue>,
}

impl<'a> Fields<'a> {
    /// Begins to read a message, which has to be a JSON object.
    pub(super) fn of(message: &'a Value) -> Result<Self, Invalid> {
        match message {
            Value::Object(message) => Ok(Self { message, issues: Vec::new() }),
            other => {
                let expected = format!("a JSON object, not {}", name_of(other));
                Err(Invalid { issues: vec![Issue { field: "message".into(), expected }] })
            }
        }
    }

    /// Notes that a field is not what was expected.
    pub(super) fn expect(&mut self, field: &str, expected: impl Into<String>) {
        self.issues.push(Issue { field: field.into(), expected: expected.into() });
    }

    /// The value of a field; `null` is the same as leaving it out.
    pub(super) fn get(&self, field: &str) -> Option<&'a Value> {
        self.message.get(field).filter(|value| !value.is_null())
    }

    /// A field that may be left out; `read` gives its value or says what was expected.
    pub(super) fn optional<T>(
        &mut self,
        field: &str,
        read: impl FnOnce(&'a Value) -> Result<T, String>,
    ) -> Option<T> {
        match read(self.get(field)?) {
            Ok(value) => Some(value),
            Err(expected) => {
                self.expect(field, expected);
                None
            }
        }
    }

    /// A field that has to be there; `read` as for [`Fields::optional`].
    pub(super) fn required<T>(
        &mut self,
        field: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Result<T, String>,
    ) -> Option<T> {
        if self.get(field).is_none() {
            self.expect(field, format!("{expected}, but it is missing"));
        }
        self.optional(field, read)
    }

    /// The prompt: required, not blank, and not longer than any model reads.
    pub(super) fn prompt(&mut self) -> Option<String> {
        const EXPECTED: &str = "a non-empty string";
        self.required("prompt", EXPECTED, |value| match value.as_str() {
            Some(text) if text.len() > LONGEST_PROMPT => {
                Err(format!("at most {LONGEST_PROMPT} bytes, not {}", text.len()))
            }
            Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
            Some(_) => Err(format!("{EXPECTED}, not a blank one")),
            None => Err(format!("{EXPECTED}, not {}", name_of(value))),
        })
    }

    /// A URL. Only its form is checked here; where it leads is checked by whoever goes there.
    pub(super) fn url(&mut self, field: &str) -> Option<String> {
        self.optional(field, |value| {
            let url = value.as_str().unwrap_or_default();
            let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
            match scheme.as_deref() {
                _ if url.len() > LONGEST_URL => {
                    Err(format!("a URL of at most {LONGEST_URL} bytes, not {}", url.len()))
                }
                Some("http" | "https") => Ok(url.to_owned()),
                _ if value.is_string() => Err("an http or https URL".into()),
                _ => Err(format!("an http or https URL, not {}", name_of(value))),
            }
        })
    }

    /// A field that is one of a few words.
    pub(super) fn one_of<T: Copy>(&mut self, field: &str, choices: &[(&str, T)]) -> Option<T> {
        self.optional(field, |value| {
            let found = choices.iter().find(|(word, _)| value.as_str() == Some(word));
            found.map(|(_, choice)| *choice).ok_or_else(|| {
                let words: Vec<_> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                format!("{}, not {}", words.join(" or "), shown(value))
            })
        })
    }

    /// Ends the reading: the job, or everything that is wrong with the message.
    pub(super) fn finish<T>(self, job: Option<T>) -> Result<T, Invalid> {
        match job {
            Some(job) if self.issues.is_empty() => Ok(job),
            _ => Err(Invalid { issues: self.issues }),
        }
    }
}

/// The name of a value's type, with its article.
pub(super) fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A value as it may be shown in an error: scalars as they are, shortened, the rest by type.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", text.chars().take(40).collect::<String>()),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        other => name_of(other).into(),
    }
}
