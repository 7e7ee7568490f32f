//! The transport of production: an adapter that the function passed in. It knows where its
//! service is and adds the credentials, which therefore never get in here.

use std::time::Duration;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use js_sys::{Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, Request, RequestInit, RequestRedirect, Response};

use super::abort_guard::{AbortGuard, no_reply, not_sent, within};
use super::property::Property;
use super::response_body::ResponseBody;
use super::upload_stream::UploadStream;
use crate::http::{Payload, Received, Transport, TransportError};
use crate::large_body::SMALL;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** The way to one service. It adds the credentials; they never enter the core. */
export interface Adapter {
    /** The address of the service, without a slash at its end; empty for any address. */
    url: string;
    /** Sends a request as it is, plus credentials. Must not follow redirects. */
    fetch(request: Request): Promise<Response>;
}

/** The services of a run that makes images. */
export interface ImageAdapters {
    pgmq: Adapter;
    gemini: Adapter;
    storage: Adapter;
    /**
     * Fetches source images from anywhere, without credentials. Answers 421 for a host whose name
     * leads into a private network.
     */
    source: Adapter;
}

/** The services of a run that makes videos. */
export interface VideoAdapters {
    pgmq: Adapter;
    veo: Adapter;
    storage: Adapter;
    /**
     * Fetches source images from anywhere, without credentials. Answers 421 for a host whose name
     * leads into a private network.
     */
    source: Adapter;
}
"#;

/// An adapter of the caller's. Clones are the same adapter.
#[derive(Clone)]
pub(super) struct Adapter {
    url: String,
    this: JsValue,
    fetch: Function,
}

impl Adapter {
    /// Takes the adapter `name` out of the caller's adapters.
    pub(super) fn of(adapters: &Property, name: &str) -> Result<Self, JsValue> {
        let adapter = adapters.get(name)?;
        let url = adapter.get("url")?.string()?.trim_end_matches('/').to_owned();
        let fetch = adapter.get("fetch")?.function()?;
        Ok(Self { url, this: adapter.value, fetch })
    }

    async fn fetch(&self, request: &Request) -> Result<Response, TransportError> {
        let reply = self.fetch.call1(&self.this, request).map_err(|thrown| no_reply(&thrown))?;
        let reply = JsFuture::from(Promise::resolve(&reply)).await;
        reply.map_err(|thrown| no_reply(&thrown))?.dyn_into().map_err(|_| {
            TransportError::NoReply(
                "the adapter answered with something other than a Response".into(),
            )
        })
    }
}

impl Transport for Adapter {
    type Stream = ResponseBody;

    fn base_url(&self) -> &str {
        &self.url
    }

    async fn send(
        &self,
        request: http::Request<Payload<ResponseBody>>,
        timeout: Duration,
    ) -> Result<http::Response<ResponseBody>, TransportError> {
        let guard = AbortGuard::new()?;
        let (head, payload) = request.into_parts();
        // Dropped when this is over: by then the body has been passed on, or nobody wants it.
        let (mut _upload, mut _stream) = (None, None);
        let body = match payload {
            Payload::Empty => JsValue::UNDEFINED,
            Payload::Bytes(bytes) if bytes.len() > SMALL => {
                let stream = UploadStream::new(bytes).map_err(|thrown| not_sent(&thrown))?;
                _stream.insert(stream).stream().clone().into()
            }
            Payload::Bytes(bytes) => Uint8Array::from(bytes.as_slice()).into(),
            Payload::Stream(body) => {
                let (stream, upload) = body.into_parts()?;
                _upload = Some(upload);
                stream.into()
            }
        };
        let request = outgoing(&head, &body, &guard);
        let request = request.map_err(|thrown| not_sent(&thrown))?;
        let reply = within(timeout, self.fetch(&request)).await?;
        answer(&reply, guard)
    }

    async fn collect(
        &self,
        body: &mut ResponseBody,
        limit: usize,
        timeout: Duration,
    ) -> Result<Option<Vec<u8>>, TransportError> {
        within(timeout, body.collect(limit)).await
    }

    async fn peek(
        &self,
        body: ResponseBody,
        length: usize,
        timeout: Duration,
    ) -> Result<Received<ResponseBody>, TransportError> {
        within(timeout, body.peek(length)).await
    }
}

/// The request as JavaScript's `fetch` wants it.
fn outgoing(
    head: &http::request::Parts,
    body: &JsValue,
    guard: &AbortGuard,
) -> Result<Request, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &head.headers {
        let value: String = value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
        headers.append(name.as_str(), &value)?;
    }
    let init = RequestInit::new();
    init.set_method(head.method.as_str());
    init.set_headers(&headers);
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(&guard.signal()));
    init.set_body(body);
    // Required for a streaming body: it is sent before the reply is read.
    Reflect::set(&init, &"duplex".into(), &"half".into())?;
    Request::new_with_str_and_init(&head.uri.to_string(), &init)
}

/// The reply as the services read it.
fn answer(
    reply: &Response,
    guard: AbortGuard,
) -> Result<http::Response<ResponseBody>, TransportError> {
    let status = StatusCode::from_u16(reply.status())
        .map_err(|_| TransportError::NoReply("the adapter's Response has no status".into()))?;
    let mut answer = http::Response::new(ResponseBody::new(reply.body(), guard));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers(reply);
    Ok(answer)
}

/// The headers that services read. Taking over all would mean reading names as well, which is the
/// largest single function there is.
const READ: [HeaderName; 5] = [CONTENT_LENGTH, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER];

/// The headers of a reply, as far as they are of interest.
fn headers(reply: &Response) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let given = reply.headers();
    for name in READ {
        let value = given.get(name.as_str()).ok().flatten();
        // Header values are bytes; JavaScript shows each as the character of that number.
        let value: Option<Vec<u8>> =
            value.and_then(|text| text.chars().map(|char| u8::try_from(char).ok()).collect());
        if let Some(value) = value.and_then(|bytes| HeaderValue::from_bytes(&bytes).ok()) {
            headers.append(name, value);
        }
    }
    headers
}
