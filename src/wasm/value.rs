//! Values for JavaScript.

use serde::Serialize;
use serde_wasm_bindgen::{Error, Serializer};
use wasm_bindgen::prelude::*;

/// The value that JSON would carry.
pub(super) fn to_js(value: &impl Serialize) -> Result<JsValue, Error> {
    value.serialize(&Serializer::json_compatible())
}
