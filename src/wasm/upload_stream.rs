//! A large body that is sent piece by piece, as the network takes it.
//!
//! As a whole it would be in memory three times: here, in the request, which keeps a copy, and in
//! the runtime below. Pieces of this size take less CPU time, too. The price is that the request has no
//! content length.
//!
//! The memory of the pieces is freed when the request is over. Left to the garbage collector, it made
//! Deno 2.1.4 search all of the heap after every third image of 2 MB, for a third of the CPU time.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{ArrayBuffer, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::ReadableStream;

use crate::json::Pieces;

/// The size of a piece, in bytes. Shorter bodies are sent as a whole.
pub(super) const PIECE: usize = 256 * 1024;

#[wasm_bindgen]
extern "C" {
    type Controller;
    #[wasm_bindgen(method)]
    fn enqueue(this: &Controller, piece: &Uint8Array);
    #[wasm_bindgen(method)]
    fn close(this: &Controller);
    #[wasm_bindgen(method)]
    fn error(this: &Controller, reason: &str);

    type Memory;
    /// Browsers from before 2024 have none.
    #[wasm_bindgen(catch, method)]
    fn transfer(this: &Memory, length: u32) -> Result<ArrayBuffer, JsValue>;
}

struct Upload {
    /// None when all are handed out, and when the request is over.
    pieces: Option<Pieces>,
    /// The memory of those that were handed out.
    memory: Vec<ArrayBuffer>,
}

/// What is sent, and the stream that sends it. Dropping it frees that, even if the stream lives on.
pub(super) struct UploadStream {
    upload: Rc<RefCell<Upload>>,
    stream: ReadableStream,
}

impl UploadStream {
    pub(super) fn new(pieces: Pieces) -> Result<Self, JsValue> {
        let upload = Upload { pieces: Some(pieces), memory: Vec::new() };
        let upload = Rc::new(RefCell::new(upload));
        let source = Object::new();
        let shared = upload.clone();
        let pull = Closure::<dyn Fn(Controller)>::new(move |controller: Controller| {
            // Nothing may be borrowed while the stream is called, which may call back.
            let next = shared.borrow_mut().next();
            match next {
                Some(Some(piece)) => controller.enqueue(&piece),
                Some(None) => controller.close(),
                None => controller.error("the request has been aborted"),
            }
        });
        Reflect::set(&source, &"pull".into(), &pull.into_js_value())?;
        let stream = ReadableStream::new_with_underlying_source(&source)?;
        Ok(Self { upload, stream })
    }

    pub(super) fn stream(&self) -> &ReadableStream {
        &self.stream
    }
}

impl Upload {
    /// A copy of the next piece; none at the end, and when the request is over.
    fn next(&mut self) -> Option<Option<Uint8Array>> {
        let piece = self.pieces.as_mut()?.next(PIECE);
        let piece = piece.map(|piece| Uint8Array::from(&*piece));
        match &piece {
            Some(piece) => self.memory.push(piece.buffer()),
            None => self.pieces = None,
        }
        Some(piece)
    }
}

impl Drop for UploadStream {
    fn drop(&mut self) {
        let mut upload = self.upload.borrow_mut();
        // Of a body that was not read to its end, the stream may still have a piece.
        if upload.pieces.take().is_none() {
            for memory in &upload.memory {
                let _ = memory.unchecked_ref::<Memory>().transfer(0);
            }
        }
    }
}
