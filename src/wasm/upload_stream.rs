//! A large body that is sent piece by piece, as the network takes it.
//!
//! As a whole it would be in memory three times: here, in the request, which keeps a copy, and in
//! the runtime below. Pieces of this size take less CPU time, too: they are soon collected. The price
//! is that the request has no content length.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Object, Reflect, Uint8Array};
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
}

/// What is sent, and the stream that sends it. Dropping it frees that, even if the stream lives on.
pub(super) struct UploadStream {
    /// None when the request is over.
    pieces: Rc<RefCell<Option<Pieces>>>,
    stream: ReadableStream,
}

impl UploadStream {
    pub(super) fn new(pieces: Pieces) -> Result<Self, JsValue> {
        let pieces = Rc::new(RefCell::new(Some(pieces)));
        let source = Object::new();
        let shared = pieces.clone();
        let pull = Closure::<dyn Fn(Controller)>::new(move |controller: Controller| {
            // Nothing may be borrowed while the stream is called, which may call back.
            let copy = |pieces: &mut Pieces| Some(Uint8Array::from(&*pieces.next(PIECE)?));
            let next = shared.borrow_mut().as_mut().map(copy);
            match next {
                Some(Some(piece)) => controller.enqueue(&piece),
                Some(None) => controller.close(),
                None => controller.error("the request has been aborted"),
            }
        });
        Reflect::set(&source, &"pull".into(), &pull.into_js_value())?;
        let stream = ReadableStream::new_with_underlying_source(&source)?;
        Ok(Self { pieces, stream })
    }

    pub(super) fn stream(&self) -> &ReadableStream {
        &self.stream
    }
}

impl Drop for UploadStream {
    fn drop(&mut self) {
        self.pieces.take();
    }
}
