//! Writing JSON.

use serde_json::Value;

use crate::port::SourceImage;

/// Writes a JSON body piece by piece, so that an image goes into it as base64 with no copy on
/// the way. It is also much less code than building a value and serializing that.
pub(crate) struct JsonBody(Vec<u8>);

impl JsonBody {
    /// Begins a body that will hold images as base64.
    pub(crate) fn with_media(images: &[SourceImage]) -> Self {
        const REST: usize = 1024;
        let media: usize = images.iter().map(|image| image.bytes.len()).sum();
        Self(Vec::with_capacity(media / 3 * 4 + REST))
    }

    /// Begins an object, to which members are added until [`JsonBody::close`].
    pub(crate) fn object() -> Self {
        Self(b"{".to_vec())
    }

    /// Adds JSON that is known to be right.
    pub(crate) fn raw(mut self, json: &str) -> Self {
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    /// Adds a text as a JSON string.
    pub(crate) fn text(mut self, text: &str) -> Self {
        if serde_json::to_writer(&mut self.0, text).is_err() {
            return self.raw("null"); // memory takes everything, so this does not happen
        }
        self
    }

    /// Adds bytes as a JSON string of base64.
    pub(crate) fn base64(mut self, bytes: &[u8]) -> Self {
        self.0.push(b'"');
        base64_simd::STANDARD.encode_append(bytes, &mut self.0);
        self.0.push(b'"');
        self
    }

    /// Begins a member; its value is to follow.
    pub(crate) fn member(mut self, name: &str) -> Self {
        if !matches!(self.0.last(), Some(b'{' | b'[')) {
            self.0.push(b',');
        }
        self.raw("\"").raw(name).raw("\":")
    }

    /// Adds a member that is a text or nothing.
    pub(crate) fn member_text(self, name: &str, text: Option<&str>) -> Self {
        let body = self.member(name);
        match text {
            Some(text) => body.text(text),
            None => body.raw("null"),
        }
    }

    /// Adds a member that is an integer.
    pub(crate) fn member_integer(self, name: &str, integer: i64) -> Self {
        self.member(name).raw(&integer.to_string())
    }

    /// Adds a member that is a number of millionths.
    pub(crate) fn member_millionths(self, name: &str, millionths: u64) -> Self {
        let number = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
        self.member(name).raw(&number)
    }

    /// Adds a member that is true or false.
    pub(crate) fn member_flag(self, name: &str, flag: bool) -> Self {
        self.member(name).raw(if flag { "true" } else { "false" })
    }

    /// Adds a member that is any JSON.
    pub(crate) fn member_value(self, name: &str, value: Option<&Value>) -> Self {
        let mut body = self.member(name);
        match value {
            Some(value) if serde_json::to_writer(&mut body.0, value).is_ok() => body,
            _ => body.raw("null"),
        }
    }

    /// Adds a member that is a text, or leaves it out.
    pub(crate) fn optional_text(self, name: &str, text: Option<&str>) -> Self {
        match text {
            Some(_) => self.member_text(name, text),
            None => self,
        }
    }

    /// Adds a member that is an integer, or leaves it out.
    pub(crate) fn optional_integer(self, name: &str, integer: Option<i64>) -> Self {
        match integer {
            Some(integer) => self.member_integer(name, integer),
            None => self,
        }
    }

    /// Ends an object and the body.
    pub(crate) fn close(self) -> Vec<u8> {
        self.raw("}").finish()
    }

    /// Ends the body.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}
