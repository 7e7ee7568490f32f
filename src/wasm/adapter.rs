//! The transport of production: an adapter that the edge function passed in. It knows the address of
//! its service and adds the credentials, which therefore never enter the core.

use std::time::Duration;

use gloo_net::http::{Request, RequestBuilder};
use http::StatusCode;
use js_sys::{Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, ReadableStream, RequestInit, RequestRedirect};

use super::abort_guard::{AbortGuard, no_reply, not_sent, within};
use super::error::{property, unexpected, without_addresses};
use super::response_body::ResponseBody;
use super::upload_stream::UploadStream;
use crate::http::{Head, Payload, Received, Transport, TransportError};
use crate::large_body::SMALL;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** The connection to one service. It adds the credentials; they never enter the core. */
export interface Adapter {
    /** The address of the service, without a slash at its end; empty for any address. */
    url: string;
    /**
     * Sends a request as it is, plus credentials. Must not follow redirects. An error whose name is
     * `NotSent` says that nothing was sent.
     */
    fetch(request: Request): Promise<Response>;
}

/** The services of a run that makes images. */
export interface ImageAdapters {
    pgmq: Adapter;
    gemini: Adapter;
    /** Vertex AI, without a version in its address. Adds project and location to paths without them. */
    vertex: Adapter;
    storage: Adapter;
    /**
     * Fetches source images from anywhere, without credentials. Answers 421 for a host whose name
     * leads into a private network, and rejects for one without a known address.
     */
    source: Adapter;
}

/** The services of a run that makes videos. */
export interface VideoAdapters {
    pgmq: Adapter;
    veo: Adapter;
    /**
     * Vertex AI, without a version in its address, and the objects of Cloud Storage. Adds project and
     * location to paths without them.
     */
    vertex: Adapter;
    storage: Adapter;
    /**
     * Fetches source images from anywhere, without credentials. Answers 421 for a host whose name
     * leads into a private network, and rejects for one without a known address.
     */
    source: Adapter;
}
"#;

/// One of the caller's adapters. Clones are the same adapter.
#[derive(Clone)]
pub(super) struct Adapter {
    url: String,
    this: JsValue,
    fetch: Function,
}

impl Adapter {
    /// Takes the adapter `name` out of the caller's adapters.
    pub(super) fn of(adapters: &JsValue, name: &str) -> Result<Self, JsValue> {
        let this = property(adapters, "adapters", name)?;
        let path = format!("adapters.{name}");
        let url = property(&this, &path, "url")?;
        let Some(text) = url.as_string() else {
            return Err(unexpected(&format!("{path}.url"), &url, "a string"));
        };
        let fetch = property(&this, &path, "fetch")?
            .dyn_into()
            .map_err(|fetch| unexpected(&format!("{path}.fetch"), &fetch, "a function"))?;
        Ok(Self { url: text.trim_end_matches('/').to_owned(), this, fetch })
    }

    /// Sends a request through the adapter. gloo-net would call the global `fetch` instead.
    async fn fetch(&self, request: Request) -> Result<web_sys::Response, TransportError> {
        let request = web_sys::Request::from(request);
        let reply = self.fetch.call1(&self.this, &request).map_err(|thrown| no_reply(&thrown))?;
        let reply = JsFuture::from(Promise::resolve(&reply)).await;
        let reply = reply.map_err(|thrown| no_reply(&thrown))?.dyn_into();
        reply.map_err(|_| unusable("the adapter answered with something other than a Response"))
    }
}

impl Transport for Adapter {
    type Stream = ResponseBody;

    fn base_url(&self) -> &str {
        &self.url
    }

    async fn send(
        &self,
        request: crate::http::Request<ResponseBody>,
        timeout: Duration,
    ) -> Result<(Head, ResponseBody), TransportError> {
        let guard = AbortGuard::new()?;
        let crate::http::Request { method, url, headers, body: payload } = request;
        let request = RequestBuilder::new(&url)
            .method(method)
            .redirect(RequestRedirect::Manual)
            .abort_signal(Some(&guard.signal()));
        let request = headers.iter().fold(request, |it, (name, value)| it.header(name, value));
        // Dropped at the end, when the body has been passed on or is no longer needed.
        let (mut _upload, mut _stream) = (None, None);
        let request = match payload {
            Payload::Empty => request.build().map_err(malformed)?,
            Payload::Bytes(bytes) if bytes.len() > SMALL => {
                let stream = UploadStream::new(bytes).map_err(|thrown| not_sent(&thrown))?;
                streamed(request, _stream.insert(stream).stream())?
            }
            Payload::Bytes(bytes) => {
                request.body(Uint8Array::from(bytes.as_slice())).map_err(malformed)?
            }
            Payload::Stream(body) => {
                let (stream, upload) = body.into_parts()?;
                _upload = Some(upload);
                match stream {
                    Some(stream) => streamed(request, &stream)?,
                    None => request.build().map_err(malformed)?,
                }
            }
        };
        let reply = within(timeout, self.fetch(request)).await?;
        Ok((head(&reply)?, ResponseBody::new(body(&reply)?, guard)))
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

/// The request with a streamed body. `fetch` requires `duplex: "half"` for one, which gloo-net
/// cannot set.
fn streamed(request: RequestBuilder, body: &ReadableStream) -> Result<Request, TransportError> {
    let request = web_sys::Request::from(request.build().map_err(malformed)?);
    let init = RequestInit::new();
    init.set_body(body);
    let request = Reflect::set(&init, &"duplex".into(), &"half".into())
        .and_then(|_| web_sys::Request::new_with_request_and_init(&request, &init));
    request.map(Request::from).map_err(|thrown| not_sent(&thrown))
}

/// The error for a request that cannot be built. gloo-net panics if something other than an `Error`
/// is thrown, but building a request calls no code of the adapter's.
fn malformed(error: gloo_net::Error) -> TransportError {
    TransportError::NotSent(without_addresses(&error.to_string()))
}

/// A property of a reply. The adapter's own object may throw when it is read, and what web-sys declares
/// as never throwing would then end the process.
fn read(reply: &web_sys::Response, name: &str) -> Result<JsValue, TransportError> {
    Reflect::get(reply, &name.into()).map_err(|thrown| no_reply(&thrown))
}

/// The head of a reply.
fn head(reply: &web_sys::Response) -> Result<Head, TransportError> {
    let status = read(reply, "status")?.as_f64().map(|status| status as u16);
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.ok_or_else(|| unusable("the adapter's Response has no status"))?;
    // A copy, because the adapter's own object could throw.
    let headers = read(reply, "headers")?.unchecked_into();
    let headers = Headers::new_with_headers(&headers).map_err(|thrown| no_reply(&thrown))?;
    Ok(Head::read(status, |name| headers.get(name).ok().flatten()))
}

/// The body of a reply, if it has one.
fn body(reply: &web_sys::Response) -> Result<Option<ReadableStream>, TransportError> {
    let body = read(reply, "body")?;
    if body.is_null() || body.is_undefined() {
        return Ok(None);
    }
    body.dyn_into().map(Some).map_err(|_| unusable("the adapter's Response has no body"))
}

fn unusable(reason: &str) -> TransportError {
    TransportError::NoReply(reason.into())
}
