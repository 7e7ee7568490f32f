//! Reading a message field by field, so that the sender of a bad one is told everything that is
//! wrong with it at once, each time with the field and what was expected there.

use std::fmt;

use crate::json::Json;
use crate::search::Search;
use serde::Serialize;

/// The longest prompt, in bytes of UTF-8. Gemini 2.5 Flash Image reads 32,768 tokens, Veo 1,024;
/// what is longer than this is no prompt but a mistake.
const LONGEST_TEXT: usize = 32 * 1024;

/// The longest URL, in bytes. Signed URLs are long, but not longer than this.
const LONGEST_URL: usize = 4096;

/// As many images as any model takes: Gemini 3.1 Flash Image reads so many.
const MOST_IMAGES: usize = 14;

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
    message: &'a Json<'a>,
    issues: Vec<Issue>,
}

impl<'a> Fields<'a> {
    /// Begins to read a message, which has to be a JSON object.
    pub(super) fn of(message: &'a Json<'a>) -> Result<Self, Invalid> {
        match message {
            Json::Object(_) => Ok(Self { message, issues: Vec::new() }),
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
    pub(super) fn get(&self, field: &str) -> Option<&'a Json<'a>> {
        // In this very case, as the database reads it.
        let mut fields = self.message.inside().rev();
        let (_, value) = fields.find(|(name, _)| *name == field)?;
        Some(value).filter(|value| !value.is_null())
    }

    /// A field that may be left out; `read` gives its value or says what was expected.
    pub(super) fn optional<T>(
        &mut self,
        field: &str,
        read: impl FnOnce(&'a Json<'a>) -> Result<T, String>,
    ) -> Option<T> {
        match read(self.get(field)?) {
            Ok(value) => Some(value),
            Err(expected) => {
                self.expect(field, expected);
                None
            }
        }
    }

    /// A text: not blank, and not longer than any model reads.
    pub(super) fn text(&mut self, field: &str) -> Option<String> {
        const EXPECTED: &str = "a non-empty string";
        self.optional(field, |value| match string(value) {
            Some(text) if text.len() > LONGEST_TEXT => {
                Err(format!("at most {LONGEST_TEXT} bytes, not {}", text.len()))
            }
            Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
            Some(_) => Err(format!("{EXPECTED}, not a blank one")),
            None => Err(format!("{EXPECTED}, not {}", name_of(value))),
        })
    }

    /// The prompt: a text that has to be there.
    pub(super) fn prompt(&mut self) -> Option<String> {
        if self.get("prompt").is_none() {
            self.expect("prompt", "a non-empty string, but it is missing");
        }
        self.text("prompt")
    }

    /// The model that is to do it. People write it with the prefix of its path and without.
    pub(super) fn model(&mut self) -> Option<String> {
        let model = self.text("model")?;
        Some(strip_models_prefix(&model).to_owned())
    }

    /// The seed. Gemini takes a signed number of 32 bits, Veo an unsigned one; what both take means
    /// the same to whichever model does the job.
    pub(super) fn seed(&mut self) -> Option<i64> {
        self.integer("seed", 0, i32::MAX)
    }

    /// Which job is taken first; the database orders the queue by it.
    pub(super) fn priority(&mut self) -> Option<i64> {
        self.integer("priority", -100, 100)
    }

    fn integer(&mut self, field: &str, least: i32, most: i32) -> Option<i64> {
        self.optional(field, |value| {
            let bounds = i64::from(least)..=i64::from(most);
            whole(value)
                .filter(|number| bounds.contains(number))
                .ok_or_else(|| format!("an integer from {least} to {most}, not {}", quoted(value)))
        })
    }

    /// The source images: `sourceImageUrls`, or `sourceImageUrl` where there is one. A sender that
    /// fills in both, for readers old and new, repeats the first of the many.
    pub(super) fn source_image_urls(&mut self) -> (Option<String>, Option<Vec<String>>) {
        let one = self.url("sourceImageUrl");
        let many = self.urls("sourceImageUrls");
        if let (Some(one), Some([first, ..])) = (&one, many.as_deref())
            && one != first
        {
            self.expect("sourceImageUrl", "the first of sourceImageUrls, or only one of both");
        }
        (one, many)
    }

    /// The URL of an image. Only its form is checked here; where it leads is checked when it is
    /// fetched.
    pub(super) fn url(&mut self, field: &str) -> Option<String> {
        self.url_of(field, self.get(field)?)
    }

    /// The URLs of images, in their order. Of those that are wrong the first is named: a list of them
    /// would bury the rest.
    pub(super) fn urls(&mut self, field: &str) -> Option<Vec<String>> {
        match self.get(field)? {
            Json::List(list) if (1..=MOST_IMAGES).contains(&list.len()) => {
                let mut urls = Vec::new();
                for (at, value) in list.iter().enumerate() {
                    urls.push(self.url_of(&format!("{field}[{at}]"), value)?);
                }
                Some(urls)
            }
            _ => {
                self.expect(field, format!("an array of 1 to {MOST_IMAGES} URLs"));
                None
            }
        }
    }

    fn url_of(&mut self, field: &str, value: &Json<'_>) -> Option<String> {
        let url = string(value).unwrap_or_default();
        let scheme = url.cut("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        let expected = match scheme.as_deref() {
            _ if url.len() > LONGEST_URL => {
                format!("a URL of at most {LONGEST_URL} bytes, not {}", url.len())
            }
            Some("http" | "https") => return Some(url.to_owned()),
            _ if string(value).is_some() => "an http or https URL".into(),
            _ => format!("an http or https URL, not {}", name_of(value)),
        };
        self.expect(field, expected);
        None
    }

    /// A field that is one of a few words, in upper or lower case; one that is a number may be given as
    /// one.
    pub(super) fn one_of(&mut self, field: &str, words: &[&'static str]) -> Option<&'static str> {
        self.optional(field, |value| {
            let number = whole(value).map(|number| number.to_string());
            let given = number.as_deref().or(string(value)).unwrap_or_default();
            let found = words.iter().find(|word| word.eq_ignore_ascii_case(given));
            found.copied().ok_or_else(|| format!("{}, not {}", either(words), quoted(value)))
        })
    }

    /// A field that is true or false.
    pub(super) fn flag(&mut self, field: &str) -> Option<bool> {
        self.optional(field, |value| match value {
            Json::Bool(flag) => Ok(*flag),
            value => Err(format!("true or false, not {}", name_of(value))),
        })
    }

    /// Refuses fields that a job of this kind cannot follow: to ignore a wish would be to charge
    /// for something else.
    pub(super) fn reject(&mut self, fields: &[(&str, &str)]) {
        for (field, expected) in fields {
            if self.get(field).is_some() {
                self.expect(field, *expected);
            }
        }
    }

    /// Ends the reading: the job, or everything that is wrong with the message.
    pub(super) fn finish<T>(self, job: Option<T>) -> Result<T, Invalid> {
        match job {
            Some(job) if self.issues.is_empty() => Ok(job),
            _ => Err(Invalid { issues: self.issues }),
        }
    }
}

/// The name of a model without the `models/` of its path.
pub fn strip_models_prefix(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}

/// Words with something between them. The library's own way is 1 KB of WASM.
pub(crate) fn joined(words: &[&str], between: &str) -> String {
    let mut text = String::new();
    for word in words {
        if !text.is_empty() {
            text.push_str(between);
        }
        text.push_str(word);
    }
    text
}

/// Words as an error offers them: `"16:9" or "9:16"`.
pub fn either(words: &[&str]) -> String {
    match words {
        [] => "none".into(),
        words => format!("\"{}\"", joined(words, "\" or \"")),
    }
}

/// A whole number, however it was written: 8.0 is 8. One too large for its type is the largest of it.
fn whole(value: &Json<'_>) -> Option<i64> {
    value.number().filter(|number| number.fract() == 0.0).map(|number| number as i64)
}

/// A text, also an empty one.
pub(super) fn string<'a>(value: &'a Json<'_>) -> Option<&'a str> {
    match value {
        Json::Text(text) => Some(text),
        _ => None,
    }
}

/// The name of a value's type, with its article.
pub(super) fn name_of(value: &Json<'_>) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::Text(_) => "a string",
        Json::List(_) => "an array",
        Json::Object(_) => "an object",
    }
}

/// A value as it may be shown in an error: scalars as they are, shortened, the rest by type.
pub(super) fn quoted(value: &Json<'_>) -> String {
    match value {
        Json::Text(text) => format!("\"{}\"", shortened(text)),
        Json::Number(text) => shortened(text),
        Json::Bool(flag) => flag.to_string(),
        other => name_of(other).into(),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
