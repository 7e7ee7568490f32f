//! Searching short texts. The library's search is made for long ones and is 2 KB of WASM.

/// A text that is searched for another.
pub(crate) trait Search {
    /// Whether `part` is in it.
    fn has(&self, part: &str) -> bool;

    /// What stands before the first `part` and what after it; none if it is not there.
    fn cut(&self, part: &str) -> Option<(&str, &str)>;

    /// What stands before the last `part` and what after it; none if it is not there.
    fn cut_last(&self, part: &str) -> Option<(&str, &str)>;
}

/// Whether a text is made of letters and digits of ASCII and of these others. One loop for all who ask.
pub(crate) fn is_made_of(others: &str, text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.as_bytes().contains(&byte))
}

impl Search for str {
    fn has(&self, part: &str) -> bool {
        self.cut(part).is_some()
    }

    fn cut(&self, part: &str) -> Option<(&str, &str)> {
        let (text, part) = (self.as_bytes(), part.as_bytes());
        let at = text.windows(part.len().max(1)).position(|window| window == part)?;
        Some((self.get(..at)?, self.get(at + part.len()..)?))
    }

    fn cut_last(&self, part: &str) -> Option<(&str, &str)> {
        let (text, part) = (self.as_bytes(), part.as_bytes());
        let at = text.windows(part.len().max(1)).rposition(|window| window == part)?;
        Some((self.get(..at)?, self.get(at + part.len()..)?))
    }
}
