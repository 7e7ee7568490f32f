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

/// Bytes, and the stream that sends them. Dropping it frees the bytes, even if the stream lives
/// on.
pub(super) struct UploadStream {
    bytes: Rc<RefCell<Vec<u8>>>,
    stream: ReadableStream,
}

impl UploadStream {
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self, JsValue> {
        let length = bytes.len();
        let bytes = Rc::new(RefCell::new(bytes));
        let source = Object::new();
        let mut sent = 0;
        let shared = bytes.clone();
        let pull = Closure::<dyn FnMut(Controller)>::new(move |controller: Controller| {
            if sent == length {
                return controller.close();
            }
            let end = length.min(sent + PIECE);
            match shared.borrow().get(sent..end) {
                Some(piece) => controller.enqueue(&Uint8Array::from(piece)),
                None => controller.error("the request has been aborted"),
            }
            sent = end;
        });
        Reflect::set(&source, &"pull".into(), &pull.into_js_value())?;
        let stream = ReadableStream::new_with_underlying_source(&source)?;
        Ok(Self { bytes, stream })
    }

    pub(super) fn stream(&self) -> &ReadableStream {
        &self.stream
    }
}

impl Drop for UploadStream {
    fn drop(&mut self) {
        self.bytes.take();
    }
}
