//! Reading a stream piece by piece.

use std::cell::RefCell;

use futures_util::future::select;
use js_sys::{ArrayBuffer, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{
    ReadableStream, ReadableStreamByobReader, ReadableStreamDefaultReader, ReadableStreamReadResult,
};

use super::abort_guard::{ignore, no_reply};
use super::promise::{Pending, Settling};
use crate::http::TransportError;

/// How much is received at a time, in bytes.
pub(super) const PIECE: u32 = 256 * 1024;

/// How many pieces of memory are kept: for as many bodies as are usually received at the same time.
const MOST_KEPT: usize = 8;

thread_local! {
    /// Memory to receive into, of bodies that have ended. New one for each piece would have the
    /// garbage collector stop the work every few megabytes.
    static KEPT: RefCell<Vec<JsValue>> = const { RefCell::new(Vec::new()) };
}

#[wasm_bindgen]
extern "C" {
    /// A reader of either kind: one reads into memory of ours, the other takes no notice of it.
    type AnyReader;
    #[wasm_bindgen(method)]
    fn read(this: &AnyReader, into: &JsValue) -> Pending;
    #[wasm_bindgen(method, getter)]
    fn closed(this: &AnyReader) -> Pending;
    #[wasm_bindgen(method, js_name = releaseLock)]
    fn release_lock(this: &AnyReader);
    #[wasm_bindgen(method)]
    fn cancel(this: &AnyReader) -> Promise;
}

pub(super) fn not_bytes() -> TransportError {
    TransportError::NoReply("the body is not made of bytes".into())
}

/// The piece of a body, if it is one. An object that only inherits from `Uint8Array`, or hides a part
/// of it, throws when it is read.
fn bytes(value: JsValue) -> Option<Uint8Array> {
    let hides = |name: &str| Object::has_own::<JsValue>(value.unchecked_ref(), &name.into());
    let genuine = ArrayBuffer::is_view(&value) && !hides("length") && !hides("subarray");
    value.dyn_into().ok().filter(|_| genuine)
}

/// Memory for a piece.
fn free_piece() -> JsValue {
    let kept = KEPT.with_borrow_mut(Vec::pop);
    kept.unwrap_or_else(|| Uint8Array::new_with_length(PIECE).into())
}

/// Reads a stream piece by piece, always into the same memory where the stream can do that. Dropping it
/// before the end cancels the stream.
pub(super) struct Reader {
    stream: ReadableStream,
    reader: AnyReader,
    /// Its end: a stream may end and leave the read pending that has memory of ours.
    closed: Settling,
    /// The memory for the next piece; `undefined` where the stream brings its own.
    into: JsValue,
    open: bool,
}

impl Reader {
    pub(super) fn of(stream: ReadableStream) -> Result<Self, TransportError> {
        let (reader, into) = match ReadableStreamByobReader::new(&stream) {
            Ok(reader) => (reader.unchecked_into(), free_piece()),
            Err(_) => {
                let reader = ReadableStreamDefaultReader::new(&stream);
                let reader = reader.map_err(|thrown| no_reply(&thrown))?;
                (reader.unchecked_into::<AnyReader>(), JsValue::UNDEFINED)
            }
        };
        let closed = Settling::of(&reader.closed());
        Ok(Self { stream, reader, closed, into, open: true })
    }

    /// Releases the rest of the stream to another reader.
    pub(super) fn pause(mut self) -> ReadableStream {
        self.open = false;
        self.reader.release_lock();
        self.stream.clone()
    }

    /// Keeps the memory for another body, unless the stream has lost it.
    fn keep(&mut self) {
        let into = std::mem::take(&mut self.into);
        let is_whole = into.dyn_ref().is_some_and(|it: &Uint8Array| it.length() == PIECE);
        KEPT.with_borrow_mut(|kept| {
            if is_whole && kept.len() < MOST_KEPT {
                kept.push(into);
            }
        });
    }

    /// The next piece that is not empty; `None` at the end. It is valid until the next one.
    pub(super) async fn next(&mut self) -> Result<Option<Uint8Array>, TransportError> {
        loop {
            let read = Settling::of(&self.reader.read(&self.into));
            let (settled, _) = select(read, &mut self.closed).await.factor_first();
            let result = settled.map_err(|thrown| {
                self.open = false;
                no_reply(&thrown)
            })?;
            if result.is_undefined() {
                self.open = false;
                return Ok(None);
            }
            let result: ReadableStreamReadResult = result.unchecked_into();
            let piece = bytes(result.get_value());
            if let Some(piece) = piece.as_ref().filter(|_| !self.into.is_undefined()) {
                self.into = Uint8Array::new(&piece.buffer()).into();
            }
            if result.get_done() == Some(true) {
                self.open = false;
                self.keep();
                return Ok(None);
            }
            let Some(piece) = piece else {
                return Err(not_bytes());
            };
            // A piece whose memory was transferred is empty, and reading it would throw.
            if piece.length() > 0 {
                return Ok(Some(piece));
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if self.open {
            ignore(self.reader.cancel());
        }
    }
}
