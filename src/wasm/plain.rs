//! Plain objects across the border, by way of JSON text.
//!
//! What crosses is small, and JSON is linked in anyway: building the objects property by property
//! (`serde-wasm-bindgen`) would add 5 KB of WASM.

use js_sys::JSON;
use wasm_bindgen::JsValue;

/// The JSON text of a value; `None` for one that JSON cannot carry.
pub(super) fn to_json(value: &JsValue) -> Option<String> {
    JSON::stringify(value).ok()?.as_string()
}
