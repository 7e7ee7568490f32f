//! The transport of production: an adapter that the edge function passed in. It knows the address of
//! its service and adds the credentials, which therefore never enter the core.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use gloo_net::http::Headers;
use http::StatusCode;
use js_sys::{Function, JsString, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{ReadableStream, Response};

use super::abort_guard::{AbortGuard, no_reply, not_sent, within};
use super::error::{property, unexpected};
use super::event::JsEvent;
use super::promise::Settling;
use super::response_body::ResponseBody;
use super::upload_stream::{PIECE, UploadStream};
use crate::http::{Head, Header, Payload, Received, ReplyBody, Transport, TransportError};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** The connection to one service. It adds the credentials; they never enter the core. */
export interface Adapter {
    /** The address of the service, without a slash at its end; empty for any address. */
    url: string;
    /**
     * Sends a request as it is, plus credentials, as `fetch` does. Must not follow redirects. Requests
     * share their `headers`, which have to stay as they are. The pieces of a body that is a stream are
     * there until the reply is. An error whose name is `NotSent` says that
     * nothing was sent.
     */
    fetch(url: string, init: RequestInit): Promise<Response>;
}

/** The services of any run. */
export interface Adapters {
    pgmq: Adapter;
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

/** The services of a run that makes images. */
export interface ImageAdapters extends Adapters {
    gemini: Adapter;
}

/** The services of a run that makes videos. */
export interface VideoAdapters extends Adapters {
    veo: Adapter;
}
"#;

/// `fetch` takes an address and plain values. A `Request`, as gloo-net makes one, would be made into
/// another by each adapter and by `fetch` itself, and each time its body is piped once more. What the
/// adapter's own object may throw when it is read ends the process in gloo-net, as in web-sys.
#[wasm_bindgen]
extern "C" {
    type Init;
    #[wasm_bindgen(method, setter)]
    fn set_method(this: &Init, method: &JsString);
    #[wasm_bindgen(method, setter)]
    fn set_headers(this: &Init, headers: &web_sys::Headers);
    #[wasm_bindgen(method, setter)]
    fn set_body(this: &Init, body: &JsValue);
    #[wasm_bindgen(method, setter)]
    fn set_duplex(this: &Init, duplex: &JsString);
    #[wasm_bindgen(method, setter)]
    fn set_redirect(this: &Init, redirect: &JsString);
    #[wasm_bindgen(method, setter)]
    fn set_signal(this: &Init, signal: &JsValue);

    type Reply;
    #[wasm_bindgen(catch, method, getter)]
    fn status(this: &Reply) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, method, getter)]
    fn headers(this: &Reply) -> Result<ReplyHeaders, JsValue>;
    #[wasm_bindgen(catch, method, getter)]
    fn body(this: &Reply) -> Result<JsValue, JsValue>;
    type ReplyHeaders;
    #[wasm_bindgen(catch, method)]
    fn get(this: &ReplyHeaders, name: &str) -> Result<JsValue, JsValue>;
}

// Texts that cross the border with each request would be decoded each time.
#[rustfmt::skip] // It takes the texts away.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, static_string)]
    static POST: JsString = "POST";
    #[wasm_bindgen(thread_local_v2, static_string)]
    static HALF: JsString = "half";
    #[wasm_bindgen(thread_local_v2, static_string)]
    static MANUAL: JsString = "manual";
}

thread_local! {
    /// The headers of the requests so far: there are a few kinds of requests, and many of each.
    static HEADERS: RefCell<Vec<(Vec<Header>, web_sys::Headers)>> = const { RefCell::new(Vec::new()) };
}

/// One of the caller's adapters. Clones are the same adapter.
#[derive(Clone)]
pub(super) struct Adapter(Rc<Service>);

struct Service {
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
        Ok(Self(Rc::new(Service { url: text.trim_end_matches('/').to_owned(), this, fetch })))
    }

    /// Sends a request through the adapter.
    async fn fetch(&self, url: &str, init: &Init) -> Result<Reply, TransportError> {
        let reply = self.0.fetch.call2(&self.0.this, &url.into(), init);
        let reply = reply.map_err(|thrown| no_reply(&thrown))?;
        let reply = Settling::of(Promise::resolve(&reply).unchecked_ref()).await;
        let reply: Result<Response, _> = reply.map_err(|thrown| no_reply(&thrown))?.dyn_into();
        let reply = reply.map(JsValue::from).map(JsCast::unchecked_into);
        reply.map_err(|_| unusable("the adapter answered with something other than a Response"))
    }
}

impl Transport for Adapter {
    type Stream = ResponseBody;

    fn base_url(&self) -> &str {
        &self.0.url
    }

    async fn send(
        &self,
        request: crate::http::Request<ResponseBody>,
        timeout: Duration,
    ) -> Result<(Head, ResponseBody), TransportError> {
        let guard = AbortGuard::new()?;
        let crate::http::Request { url, headers, body: payload } = request;
        let init = Object::new().unchecked_into::<Init>();
        if !matches!(payload, Payload::Empty) {
            POST.with(|post| init.set_method(post));
        }
        init.set_headers(&request_headers(headers));
        MANUAL.with(|manual| init.set_redirect(manual));
        init.set_signal(&guard.signal());
        // Dropped at the end, when the body has been passed on or is no longer needed.
        let (mut _upload, mut _stream) = (None, None);
        match payload {
            Payload::Empty => {}
            Payload::Bytes(pieces) if !pieces.fits(PIECE) => {
                let stream = UploadStream::new(pieces).map_err(|thrown| not_sent(&thrown))?;
                init.set_stream(_stream.insert(stream).stream());
            }
            Payload::Bytes(pieces) => init.set_body(&whole(&pieces.into_bytes())),
            Payload::Stream(body) => {
                let (stream, upload) = body.into_parts()?;
                _upload = Some(upload);
                stream.iter().for_each(|stream| init.set_stream(stream));
            }
        }
        let reply = within(timeout, self.fetch(&url, &init)).await?;
        let head = head(&reply)?;
        let body = reply.body().map_err(|thrown| no_reply(&thrown))?;
        let body = ResponseBody::new(stream_of(body)?, guard);
        let body = body.announced(head.content_length, &reply);
        Ok((head, body))
    }

    fn collect(
        &self,
        body: &mut ResponseBody,
        received: &mut ReplyBody,
        limit: usize,
        timeout: Duration,
    ) -> impl Future<Output = Result<bool, TransportError>> {
        within(timeout, body.collect(received, limit))
    }

    fn peek(
        &self,
        body: ResponseBody,
        length: usize,
        timeout: Duration,
    ) -> impl Future<Output = Result<Received<ResponseBody>, TransportError>> {
        within(timeout, body.peek(length))
    }

    fn pause(&self, duration: Duration) -> impl Future<Output = ()> {
        JsEvent::after(duration)
    }

    fn random(&self) -> f64 {
        js_sys::Math::random()
    }
}

impl Init {
    /// A streamed body, for which `fetch` requires this mode.
    fn set_stream(&self, body: &ReadableStream) {
        self.set_body(body);
        HALF.with(|half| self.set_duplex(half));
    }
}

/// A body that is sent at once. Of a JSON text the text: adapters read some, and would decode the bytes.
fn whole(bytes: &[u8]) -> JsValue {
    match str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => Uint8Array::from(bytes).into(),
    }
}

/// The headers of a request, made once for all of its kind.
fn request_headers(wanted: Vec<Header>) -> web_sys::Headers {
    HEADERS.with_borrow_mut(|made| {
        if let Some((_, headers)) = made.iter().find(|(names, _)| *names == wanted) {
            return headers.clone();
        }
        let headers = Headers::new();
        wanted.iter().for_each(|(name, value)| headers.append(name, value));
        let headers = headers.into_raw();
        made.push((wanted, headers.clone()));
        headers
    })
}

/// The head of a reply.
fn head(reply: &Reply) -> Result<Head, TransportError> {
    let status = reply.status().map_err(|thrown| no_reply(&thrown))?.as_f64();
    let status = status.and_then(|status| StatusCode::from_u16(status as u16).ok());
    let status = status.ok_or_else(|| unusable("the adapter's Response has no status"))?;
    let headers = reply.headers().map_err(|thrown| no_reply(&thrown))?;
    Ok(Head::read(status, |name| headers.get(name).ok()?.as_string()))
}

/// The body of a reply, if it has one.
fn stream_of(body: JsValue) -> Result<Option<ReadableStream>, TransportError> {
    if body.is_null() || body.is_undefined() {
        return Ok(None);
    }
    body.dyn_into().map(Some).map_err(|_| unusable("the adapter's Response has no body"))
}

fn unusable(reason: &str) -> TransportError {
    TransportError::NoReply(reason.into())
}
