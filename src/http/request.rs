//! Requests.

use super::TransportError;
use crate::json::Pieces;

/// The media type of JSON.
pub(crate) const JSON: &str = "application/json";

/// The name of the header that says what a body is.
pub(crate) const CONTENT_TYPE: &str = "content-type";

/// A header that a request has.
pub type Header = (&'static str, &'static str);

/// A request, except for its credentials: those are the transport's. It is a `POST` if it has a body, and else a
/// `GET`.
#[derive(Debug)]
pub struct Request<S> {
    /// The absolute URL.
    pub url: String,
    /// The headers, their names in lower case.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Payload<S>,
}

/// The body of a request.
#[derive(Debug)]
pub enum Payload<S> {
    /// None.
    Empty,
    /// Bytes in memory.
    Bytes(Pieces),
    /// The body of a reply, passed on unread.
    Stream(S),
}

/// A request without a body.
pub(crate) fn get<S>(url: &str) -> Result<Request<S>, TransportError> {
    build(url, &[], Payload::Empty)
}

/// A request with a JSON body.
pub(crate) fn post_json<S>(url: &str, body: Pieces) -> Result<Request<S>, TransportError> {
    build(url, &[(CONTENT_TYPE, JSON)], Payload::Bytes(body))
}

/// A request with headers of its own.
///
/// # Errors
/// The URL is invalid, and nothing was sent. (A transport that repaired it would request another.)
pub(crate) fn build<S>(
    url: &str,
    headers: &[Header],
    body: Payload<S>,
) -> Result<Request<S>, TransportError> {
    let in_url = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'`');
    if !url.bytes().all(in_url) {
        return Err(TransportError::NotSent("its address is no URL".into()));
    }
    Ok(Request { url: url.to_owned(), headers: headers.to_vec(), body })
}
