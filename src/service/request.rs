//! Building requests.

use http::header::CONTENT_TYPE;
use http::{Method, Request};
use serde_json::Value;

use super::{Payload, TransportError};

/// A request without a body.
pub(super) fn get<S>(url: &str) -> Result<Request<Payload<S>>, TransportError> {
    build(Method::GET, url, &[], Payload::Empty)
}

/// A request with a JSON body.
pub(super) fn post_json<S>(
    url: &str,
    body: Vec<u8>,
) -> Result<Request<Payload<S>>, TransportError> {
    build(Method::POST, url, &[(CONTENT_TYPE.as_str(), JSON)], Payload::Bytes(body))
}

/// The media type of JSON.
pub(super) const JSON: &str = "application/json";

/// A request with headers of its own.
///
/// # Errors
/// The URL is none, or a header has characters that headers do not have; nothing was sent then.
pub(super) fn build<S>(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: Payload<S>,
) -> Result<Request<Payload<S>>, TransportError> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).map_err(|error| TransportError::NotSent(error.to_string()))
}

/// Writes a JSON body piece by piece, so that an image goes into it as base64 with no copy on
/// the way.
pub(super) struct JsonBody(Vec<u8>);

impl JsonBody {
    /// Begins a body that will hold `media` bytes as base64.
    pub(super) fn with_media(media: usize) -> Self {
        const REST: usize = 1024;
        Self(Vec::with_capacity(media / 3 * 4 + REST))
    }

    /// Adds JSON that is known to be right.
    pub(super) fn raw(mut self, json: &str) -> Self {
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    /// Adds a text as a JSON string.
    pub(super) fn text(self, text: &str) -> Self {
        let json = Value::from(text).to_string();
        self.raw(&json)
    }

    /// Adds bytes as a JSON string of base64.
    pub(super) fn base64(mut self, bytes: &[u8]) -> Self {
        self.0.push(b'"');
        base64_simd::STANDARD.encode_append(bytes, &mut self.0);
        self.0.push(b'"');
        self
    }

    /// Ends the body.
    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}
