//! The body of a reply, as a stream. Its bytes stay in JavaScript until they are read here, and a
//! body that is only passed on never enters the core.

use js_sys::{Array, ArrayBuffer, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamDefaultReader, ReadableStreamReadResult};

use super::abort_guard::{AbortGuard, ignore, no_reply};
use crate::http::{Received, TransportError};
use crate::large_body::SMALL;

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
}

/// A body that may not have been received yet. Dropping it cancels the rest.
pub struct ResponseBody {
    /// What a [`ResponseBody::collect`] with too low a limit has received.
    begun: Pieces,
    unread: Unread,
    guard: AbortGuard,
}

impl ResponseBody {
    /// The body of a reply; `None` where the reply has none.
    pub(super) fn new(stream: Option<ReadableStream>, guard: AbortGuard) -> Self {
        Self { begun: Pieces::default(), unread: Unread(stream), guard }
    }

    /// The stream, to pass it on, and the guard, which has to live until that is done.
    ///
    /// # Errors
    /// A part has been collected already, so the stream is not the whole body.
    pub(super) fn into_parts(
        mut self,
    ) -> Result<(Option<ReadableStream>, AbortGuard), TransportError> {
        if self.begun.length > 0 {
            return Err(TransportError::NotSent("its body has been read in part".into()));
        }
        Ok((self.unread.0.take(), self.guard))
    }

    /// Receives it to its end; `None` if it is longer than `limit`. The rest can still be received.
    ///
    /// The pieces of a small body are gathered in JavaScript and copied once, into memory of exactly
    /// the right size. Those of a large body are copied as they arrive, so that it is never held
    /// twice.
    pub(super) async fn collect(
        &mut self,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, TransportError> {
        let no_memory = TransportError::TooLarge { limit };
        let Some(stream) = self.unread.0.take() else {
            return self.begun.first(self.begun.length).ok_or(no_memory).map(Some);
        };
        let mut reader = Reader::of(stream)?;
        while self.begun.length <= limit.min(SMALL) {
            match reader.next().await? {
                Some(piece) => self.begun.push(piece),
                None => return self.begun.first(self.begun.length).ok_or(no_memory).map(Some),
            }
        }
        if limit <= SMALL {
            self.unread.0 = Some(reader.pause());
            return Ok(None);
        }
        let mut bytes = Vec::new();
        // Reserved at once: a vector that grows leaves its earlier memory behind.
        bytes.try_reserve_exact(limit).map_err(|_| no_memory)?;
        for piece in std::mem::take(&mut self.begun).pieces {
            append(&mut bytes, &piece);
        }
        while let Some(piece) = reader.next().await? {
            if bytes.len() + piece.length() as usize > limit {
                return Ok(None);
            }
            append(&mut bytes, &piece);
        }
        Ok(Some(bytes))
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
        let mut pieces = Pieces::default();
        let mut reader = Reader::of(branches.get(0).unchecked_into())?;
        while pieces.length < length {
            match reader.next().await? {
                Some(piece) => pieces.push(piece),
                None => break,
            }
        }
        let no_memory = || TransportError::NoReply("memory is short for its beginning".into());
        let head = pieces.first(length).ok_or_else(no_memory)?;
        Ok(Received { head, whole })
    }
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

/// Received pieces of a body, still in JavaScript.
#[derive(Default)]
struct Pieces {
    pieces: Vec<Uint8Array>,
    length: usize,
}

impl Pieces {
    fn push(&mut self, piece: Uint8Array) {
        self.length += piece.length() as usize;
        self.pieces.push(piece);
    }

    /// A copy of the first `length` bytes, or of all if there are fewer. `None` if memory is short.
    fn first(&self, length: usize) -> Option<Vec<u8>> {
        let length = length.min(self.length);
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length).ok()?;
        bytes.resize(length, 0);
        let mut left = bytes.as_mut_slice();
        for piece in &self.pieces {
            let wanted = (piece.length() as usize).min(left.len());
            let (here, later) = left.split_at_mut_checked(wanted)?;
            piece.subarray(0, wanted as u32).copy_to(here);
            left = later;
        }
        Some(bytes)
    }
}

/// Appends a copy of a piece.
fn append(bytes: &mut Vec<u8>, piece: &Uint8Array) {
    let start = bytes.len();
    bytes.resize(start + piece.length() as usize, 0);
    if let Some(end) = bytes.get_mut(start..) {
        piece.copy_to(end);
    }
}

/// The piece of a body, if it is one. An object that only inherits from `Uint8Array`, or hides a part
/// of it, throws when it is read.
fn bytes(value: JsValue) -> Option<Uint8Array> {
    let hides = |name: &str| Object::has_own::<JsValue>(value.unchecked_ref(), &name.into());
    let genuine = ArrayBuffer::is_view(&value) && !hides("length") && !hides("subarray");
    value.dyn_into().ok().filter(|_| genuine)
}

/// Reads a stream piece by piece. Dropping it before the end cancels the stream.
struct Reader {
    stream: ReadableStream,
    reader: ReadableStreamDefaultReader,
    open: bool,
}

impl Reader {
    fn of(stream: ReadableStream) -> Result<Self, TransportError> {
        let reader =
            ReadableStreamDefaultReader::new(&stream).map_err(|thrown| no_reply(&thrown))?;
        Ok(Self { stream, reader, open: true })
    }

    /// Releases the rest of the stream to another reader.
    fn pause(mut self) -> ReadableStream {
        self.open = false;
        self.reader.release_lock();
        self.stream.clone()
    }

    /// The next piece that is not empty; `None` at the end.
    async fn next(&mut self) -> Result<Option<Uint8Array>, TransportError> {
        loop {
            let result = JsFuture::from(self.reader.read()).await.map_err(|thrown| {
                self.open = false;
                no_reply(&thrown)
            })?;
            let result: ReadableStreamReadResult = result.unchecked_into();
            if result.get_done() == Some(true) {
                self.open = false;
                return Ok(None);
            }
            match bytes(result.get_value()) {
                // A piece whose memory was transferred is empty, and reading it would throw.
                Some(piece) if piece.length() == 0 => {}
                Some(piece) => return Ok(Some(piece)),
                None => {
                    return Err(TransportError::NoReply("the body is not made of bytes".into()));
                }
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
