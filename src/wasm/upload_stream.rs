//! A large body on its way out, piece by piece as the network takes it.
//!
//! Handed over as a whole it would stand in memory three times: here, in the request, which keeps
//! a copy of what it is made of, and below it in the runtime. The price is that its length is not
//! sent ahead.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::ReadableStream;

/// How much is sent at a time, in bytes.
const PIECE: usize = 64 * 1024;

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

/// Bytes and the stream that they leave by. Dropping it frees the bytes, whoever still has the
/// stream.
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
                None => controller.error("nobody waits for the reply any more"),
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
