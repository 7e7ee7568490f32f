//! Identifiers that become parts of object paths, entity keys and URLs.

use std::fmt;

use serde::Serialize;

use super::field::Fields;
use crate::search::{Search, is_made_of};

/// The id of a storyboard, a scene or a character.
///
/// It goes into object paths (`{storyboard}/{scene}.png`), entity keys
/// (`scene:{storyboard}:{scene}`) and URLs without any escaping, so its alphabet is one that
/// means the same in all three: letters, digits, `_`, `-` and `.`, where a dot neither begins nor
/// ends an id nor follows another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Id(String);

const LONGEST: usize = 128;
const EXPECTED: &str = "1 to 128 letters, digits, '_', '-' or single inner '.'";

impl Id {
    /// Takes a text as an id, if it is a safe one.
    pub fn new(text: &str) -> Option<Self> {
        let dots = text.starts_with('.') || text.ends_with('.') || text.has("..");
        let safe = (1..=LONGEST).contains(&text.len()) && is_made_of("_-.", text) && !dots;
        safe.then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Fields<'_> {
    /// An id that has to be there.
    pub(super) fn required_id(&mut self, field: &str) -> Option<Id> {
        if self.get(field).is_none() {
            self.expect(field, format!("{EXPECTED}, but it is missing"));
        }
        self.optional_id(field)
    }

    /// An id that may be left out.
    pub(super) fn optional_id(&mut self, field: &str) -> Option<Id> {
        self.optional(field, |value| {
            super::field::string(value)
                .and_then(Id::new)
                .ok_or_else(|| format!("{EXPECTED}, not {}", super::field::quoted(value)))
        })
    }
}

/// The id of a job: a UUID that the database gave it. By default, one that is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(String);

impl JobId {
    /// Takes a text as a job id, if it looks like a UUID.
    pub fn new(text: &str) -> Option<Self> {
        let groups: Vec<_> = text.split('-').map(str::len).collect();
        let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        (hex && groups == [8, 4, 4, 4, 12]).then(|| Self(text.to_ascii_lowercase()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_ids_are_taken() {
        for text in ["a", "scene-001", "S_1.v2", "9f1c", "_x-", &"x".repeat(128)] {
            assert_eq!(Id::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_could_change_a_path_a_key_or_a_url_is_refused() {
        for text in [
            "",
            ".",
            "..",
            ".a",
            "a.",
            "a..b",
            "a/b",
            "a\\b",
            "a:b",
            "a b",
            "a%2fb",
            "a?b",
            "a#b",
            "ä",
            "a\n",
            "a\0",
            &"x".repeat(129),
        ] {
            assert_eq!(Id::new(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_job_id_is_a_uuid() {
        let id = JobId::new("0B6E2C1E-5a07-4c9f-8d7e-3f1f0a9b8c7d").unwrap();
        assert_eq!(id.as_str(), "0b6e2c1e-5a07-4c9f-8d7e-3f1f0a9b8c7d");
        for text in
            ["", "x", "0b6e2c1e5a074c9f8d7e3f1f0a9b8c7d", "../../../../../../../../../../../../e"]
        {
            assert_eq!(JobId::new(text), None, "{text:?}");
        }
    }
}
