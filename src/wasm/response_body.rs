//! The body of a reply, as a stream. Its bytes stay in JavaScript until they are read here, and a
//! body that is only passed on never enters the core.

use js_sys::{Array, ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::ReadableStream;

use super::abort_guard::{AbortGuard, ignore, no_reply};
use super::promise::{Pending, Settling};
use super::stream_reader::{Reader, not_bytes};
use crate::http::{Received, ReplyBody, TransportError};

/// As long a body as is received in one go, in bytes. An image is longer: of a reply that breaks behind
/// one, what has arrived is kept.
const SHORT: usize = 16 * 1024;

#[wasm_bindgen]
extern "C" {
    /// `web-sys` declares that it never throws, but it does for a locked stream.
    #[wasm_bindgen(catch, method, js_name = tee)]
    fn try_tee(this: &Stream) -> Result<Array, JsValue>;
    /// As above: an adapter's own object may throw.
    #[wasm_bindgen(catch, method, js_name = cancel)]
    fn try_cancel(this: &Stream) -> Result<Promise, JsValue>;
    #[wasm_bindgen(extends = ReadableStream)]
    type Stream;

    /// A reply that `fetch` itself has made.
    type Fetched;
    /// Its address would say so, too, but is parsed each time it is asked for.
    #[wasm_bindgen(catch, method, getter, js_name = type)]
    fn kind(this: &Fetched) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, method, js_name = arrayBuffer)]
    fn array_buffer(this: &Fetched) -> Result<Pending, JsValue>;
}

/// A body that may not have been received yet. Dropping it cancels the rest.
pub struct ResponseBody {
    /// How many bytes have been received.
    received: usize,
    /// The piece that was too much for that limit, still in JavaScript.
    next: Option<Uint8Array>,
    unread: Unread,
    /// The length that the reply announces, in bytes.
    announced: Option<usize>,
    /// The reply, if its body is short.
    short: Option<Fetched>,
    guard: AbortGuard,
}

impl ResponseBody {
    /// The body of a reply; `None` where the reply has none.
    pub(super) fn new(stream: Option<ReadableStream>, mut guard: AbortGuard) -> Self {
        if stream.is_none() {
            guard.release();
        }
        let unread = Unread(stream);
        Self { received: 0, next: None, unread, announced: None, short: None, guard }
    }

    /// The same body, with the length that its reply announces. `fetch` ends a body there, but the
    /// Response of an adapter's own, which is not of its type, may have more.
    pub(super) fn announced(mut self, length: Option<u64>, reply: &JsValue) -> Self {
        self.announced = length.and_then(|length| length.try_into().ok());
        let is_short = self.announced.is_some_and(|length| length <= SHORT);
        let kind = || reply.unchecked_ref::<Fetched>().kind();
        let is_fetched = || kind().is_ok_and(|kind| kind == "basic");
        self.short = (is_short && is_fetched()).then(|| reply.clone().unchecked_into());
        self
    }

    /// The stream, to pass it on, and the guard, which has to live until that is done.
    ///
    /// # Errors
    /// A part has been collected already, so the stream is not the whole body.
    pub(super) fn into_parts(
        mut self,
    ) -> Result<(Option<ReadableStream>, AbortGuard), TransportError> {
        if self.received > 0 || self.next.is_some() {
            return Err(TransportError::NotSent("its body has been read in part".into()));
        }
        Ok((self.unread.0.take(), self.guard))
    }

    /// Receives it to its end; false if it is longer than `limit`. The rest can still be received.
    ///
    /// Each piece is copied as it arrives, so that none keeps the memory into which Deno received it: a
    /// body that was compressed comes in thousands of small ones.
    pub(super) async fn collect(
        &mut self,
        received: &mut ReplyBody,
        limit: usize,
    ) -> Result<bool, TransportError> {
        // The beginning of one that is too long would be in memory while the job waits for its permit.
        if self.unread.0.is_some() && self.announced.is_some_and(|length| length > limit) {
            return Ok(false);
        }
        if let Some(reply) = self.short.take() {
            self.unread.0 = None;
            received.text = whole(&reply).await?;
            received.appended();
            self.guard.release();
        }
        if let Some(stream) = self.unread.0.take() {
            let mut reader = Reader::of(stream)?;
            loop {
                let next = match self.next.take() {
                    Some(piece) => Some(piece),
                    None => reader.next().await?,
                };
                let Some(piece) = next else { break };
                let length = piece.length() as usize;
                if self.received + length > limit {
                    self.next = Some(piece);
                    self.unread.0 = Some(reader.pause());
                    return Ok(false);
                }
                self.received += length;
                received.reserve(length, self.announced, limit)?;
                append(&mut received.text, &piece);
                received.appended();
            }
            self.guard.release();
        }
        received.text.shrink_to_fit();
        Ok(true)
    }

    /// Receives its first `length` bytes.
    ///
    /// The stream is forked: one branch is read as far as needed and cancelled, the other keeps the
    /// whole body. (A `TransformStream` that joins the pieces read and the rest with `pipeTo` would
    /// do as well, but Deno 2.9.6 puts them in the wrong order.)
    pub(super) async fn peek(self, length: usize) -> Result<Received<Self>, TransportError> {
        let (stream, guard) = self.into_parts()?;
        let Some(stream) = stream else {
            return Ok(Received { head: Vec::new(), whole: Self::new(None, guard) });
        };
        let branches = stream.unchecked_into::<Stream>().try_tee();
        let branches = branches.map_err(|thrown| no_reply(&thrown))?;
        let whole = Self::new(Some(branches.get(1).unchecked_into()), guard);
        let mut head = Vec::new();
        let mut reader = Reader::of(branches.get(0).unchecked_into())?;
        while head.len() < length {
            let Some(piece) = reader.next().await? else { break };
            let missing = (length - head.len()) as u32;
            append(&mut head, &piece.subarray(0, missing));
        }
        Ok(Received { head, whole })
    }
}

/// A short body, received in one go: for most replies that is as much work as one piece of a stream.
async fn whole(reply: &Fetched) -> Result<Vec<u8>, TransportError> {
    let buffer = reply.array_buffer().map_err(|thrown| no_reply(&thrown))?;
    let buffer = Settling::of(&buffer).await.map_err(|thrown| no_reply(&thrown))?;
    let buffer: ArrayBuffer = buffer.dyn_into().map_err(|_| not_bytes())?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// A stream without a reader. Dropping it cancels the stream.
struct Unread(Option<ReadableStream>);

impl Drop for Unread {
    fn drop(&mut self) {
        if let Some(stream) = self.0.take() {
            if let Ok(cancelled) = stream.unchecked_into::<Stream>().try_cancel() {
                ignore(cancelled);
            }
        }
    }
}

/// Appends a copy of a piece.
fn append(bytes: &mut Vec<u8>, piece: &Uint8Array) {
    let length = piece.length() as usize;
    bytes.reserve(length);
    if let Some(free) = bytes.spare_capacity_mut().get_mut(..length) {
        piece.copy_to_uninit(free);
        let length = bytes.len() + length;
        // SAFETY: as many bytes have just been written there. Zeros before them would take longer than
        // they do: at this size of code they are written one by one.
        #[allow(unsafe_code)]
        unsafe {
            bytes.set_len(length);
        }
    }
}
