//! Plain objects across the border, by way of JSON text.
//!
//! What crosses is small, and JSON is linked in anyway: building the objects property by property
//! (`serde-wasm-bindgen`) would add 5 KB of WASM.

use js_sys::JSON;
use serde::Serialize;
use wasm_bindgen::JsValue;

/// A plain object with the keys that JSON would have.
pub(super) fn to_js(value: &impl Serialize) -> Result<JsValue, JsValue> {
    match serde_json::to_string(value) {
        Ok(text) => JSON::parse(&text),
        // Nothing that crosses is of a kind that JSON has no words for.
        Err(_) => Err(JsValue::UNDEFINED),
    }
}

/// The JSON text of a value; `None` for one that JSON cannot carry.
pub(super) fn to_json(value: &JsValue) -> Option<String> {
    JSON::stringify(value).ok()?.as_string()
}
