//! Values for JavaScript.

use js_sys::JSON;
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// A plain object, made from JSON: the core has to write that anyway, so nothing else is needed.
pub(super) fn to_js(value: &impl Serialize) -> Result<JsValue, JsValue> {
    JSON::parse(&serde_json::to_string(value).unwrap_or_default())
}
