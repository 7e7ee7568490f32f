//! Reading a stream piece by piece.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use js_sys::{ArrayBuffer, Function, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{
    ReadableStream, ReadableStreamByobReader, ReadableStreamDefaultReader, ReadableStreamReadResult,
};

use super::abort_guard::{ignore, no_reply};
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

    /// A promise of a reader.
    type Pending;
    #[wasm_bindgen(method)]
    fn then(this: &Pending, resolved: &Function, rejected: &Function);
}

type Settled = Result<JsValue, JsValue>;

/// The promises of a reader: that of its last read, and that of the end. A stream may end and leave the read
/// pending that has memory of ours.
const READ: usize = 0;
const END: usize = 1;

/// How they were settled.
#[derive(Default)]
struct Outcome {
    settled: [Cell<Option<Settled>>; 2],
    waker: Cell<Option<Waker>>,
}

impl Outcome {
    /// A function that notes how one of the promises was settled. JavaScript frees it when no promise has it
    /// any more.
    fn note(self: &Rc<Self>, promise: usize, how: fn(JsValue) -> Settled) -> Function {
        let outcome = self.clone();
        let note = Closure::<dyn Fn(JsValue)>::new(move |value| {
            outcome.settled.get(promise).map(|settled| settled.set(Some(how(value))));
            outcome.waker.take().map(Waker::wake);
        });
        note.into_js_value().unchecked_into()
    }

    /// Waits until one of them is settled.
    async fn next(&self) -> Settled {
        poll_fn(|context| {
            self.waker.set(Some(context.waker().clone()));
            self.settled.iter().find_map(Cell::take).map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
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
    outcome: Rc<Outcome>,
    /// Called with each read: two new functions for each of them would keep the garbage collector busy with
    /// a body that comes in thousands of pieces.
    on_read: [Function; 2],
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
        let outcome = Rc::new(Outcome::default());
        let on_read = [outcome.note(READ, Ok), outcome.note(READ, Err)];
        reader.closed().then(&outcome.note(END, Ok), &outcome.note(END, Err));
        Ok(Self { stream, reader, outcome, on_read, into, open: true })
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
            let [resolved, rejected] = &self.on_read;
            self.reader.read(&self.into).then(resolved, rejected);
            let result = self.outcome.next().await.map_err(|thrown| {
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
