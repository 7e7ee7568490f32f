//! The body of a reply while it is on its way. Its bytes stay in JavaScript until they are asked
//! for, and a body that is only passed on never leaves it.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamDefaultReader, ReadableStreamReadResult};

use super::exchange::{Exchange, ignore, no_reply};
use crate::service::{Received, TransportError};

#[wasm_bindgen]
extern "C" {
    /// `web-sys` declares it as one that never throws, but it does for a locked stream.
    #[wasm_bindgen(catch, method, js_name = tee)]
    fn try_tee(this: &Stream) -> Result<Array, JsValue>;
    #[wasm_bindgen(extends = ReadableStream)]
    type Stream;
}

/// A body on its way. Dropping it gives up what has not been received.
pub struct Incoming {
    unread: Unread,
    exchange: Exchange,
}

impl Incoming {
    /// The body of a reply; `None` where the reply has none.
    pub(super) fn new(stream: Option<ReadableStream>, exchange: Exchange) -> Self {
        Self { unread: Unread(stream), exchange }
    }

    /// Takes it apart for passing it on: the exchange has to live until that is done.
    pub(super) fn into_parts(mut self) -> (Option<ReadableStream>, Exchange) {
        (self.unread.0.take(), self.exchange)
    }

    /// Receives it to its end.
    ///
    /// The pieces are gathered outside and copied in once, into memory of exactly the right size.
    pub(super) async fn collect(mut self, limit: usize) -> Result<Vec<u8>, TransportError> {
        let mut pieces = Pieces::default();
        if let Some(stream) = self.unread.0.take() {
            let mut reader = Reader::of(&stream)?;
            while let Some(piece) = reader.next().await? {
                pieces.push(piece);
                if pieces.length > limit {
                    return Err(TransportError::TooLarge { limit });
                }
            }
        }
        pieces.first(pieces.length).ok_or(TransportError::TooLarge { limit })
    }

    /// Receives its first `length` bytes.
    ///
    /// The stream is forked: one branch is read as far as needed and cancelled, the other keeps
    /// what the first one has read. (Joining a read piece and the rest in a `TransformStream`
    /// with `pipeTo` would do as well, but Deno 2.9.6 puts such pieces in the wrong order.)
    pub(super) async fn peek(self, length: usize) -> Result<Received<Self>, TransportError> {
        let (stream, exchange) = self.into_parts();
        let Some(stream) = stream else {
            return Ok(Received { head: Vec::new(), whole: Self::new(None, exchange) });
        };
        let branches = stream.unchecked_into::<Stream>().try_tee();
        let branches = branches.map_err(|thrown| no_reply(&thrown))?;
        let whole = Self::new(Some(branches.get(1).unchecked_into()), exchange);
        let mut pieces = Pieces::default();
        let mut reader = Reader::of(&branches.get(0).unchecked_into())?;
        while pieces.length < length {
            match reader.next().await? {
                Some(piece) => pieces.push(piece),
                None => break,
            }
        }
        let head = pieces.first(length).ok_or(TransportError::TooLarge { limit: length })?;
        Ok(Received { head, whole })
    }
}

/// A stream that nobody has begun to read. Dropping it cancels it.
struct Unread(Option<ReadableStream>);

impl Drop for Unread {
    fn drop(&mut self) {
        if let Some(stream) = self.0.take() {
            ignore(stream.cancel());
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

    /// A copy of the first `length` bytes, or of all where there are fewer. `None` if there is no
    /// memory for it.
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

/// Reads a stream piece by piece. Dropping it before the end cancels the stream.
struct Reader {
    reader: ReadableStreamDefaultReader,
    open: bool,
}

impl Reader {
    fn of(stream: &ReadableStream) -> Result<Self, TransportError> {
        let reader =
            ReadableStreamDefaultReader::new(stream).map_err(|thrown| no_reply(&thrown))?;
        Ok(Self { reader, open: true })
    }

    /// The next piece; `None` at the end.
    async fn next(&mut self) -> Result<Option<Uint8Array>, TransportError> {
        let result = JsFuture::from(self.reader.read()).await.map_err(|thrown| {
            self.open = false;
            no_reply(&thrown)
        })?;
        let result: ReadableStreamReadResult = result.unchecked_into();
        if result.get_done() == Some(true) {
            self.open = false;
            return Ok(None);
        }
        match result.get_value().dyn_into() {
            Ok(piece) => Ok(Some(piece)),
            Err(_) => Err(TransportError::NoReply("the body is not made of bytes".into())),
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
