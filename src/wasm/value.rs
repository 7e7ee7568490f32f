//! Values for JavaScript.

use js_sys::JSON;
use wasm_bindgen::prelude::*;

use crate::json::{WriteJson, object};

/// A plain object. By way of a text: a serializer that builds the values takes 15 KB of WASM.
pub(super) fn to_js(value: &impl WriteJson) -> Result<JsValue, JsValue> {
    let text = object(|it| value.write(it)).into_bytes();
    JSON::parse(&String::from_utf8_lossy(&text))
}
