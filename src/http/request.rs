//! Building requests.

use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Method, Request, Uri};

use super::{Payload, TransportError};

/// The media type of JSON.
pub(crate) const JSON: &str = "application/json";

/// A request without a body.
pub(crate) fn get<S>(url: &str) -> Result<Request<Payload<S>>, TransportError> {
    build(Method::GET, url, &[], Payload::Empty)
}

/// A request with a JSON body.
pub(crate) fn post_json<S>(
    url: &str,
    body: Vec<u8>,
) -> Result<Request<Payload<S>>, TransportError> {
    build(Method::POST, url, &[(CONTENT_TYPE, JSON)], Payload::Bytes(body))
}

/// A request with headers of its own.
///
/// # Errors
/// The URL is none; nothing was sent then.
pub(crate) fn build<S>(
    method: Method,
    url: &str,
    headers: &[(HeaderName, &'static str)],
    body: Payload<S>,
) -> Result<Request<Payload<S>>, TransportError> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() =
        Uri::try_from(url).map_err(|_| TransportError::NotSent("its address is no URL".into()))?;
    for (name, value) in headers {
        request.headers_mut().append(name, HeaderValue::from_static(value));
    }
    Ok(request)
}
