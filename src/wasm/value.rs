//! Values for JavaScript.

use std::io::{Result as Written, Write};

use js_sys::JSON;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use wasm_bindgen::prelude::*;

/// A plain object, by way of its text: to build the values one by one is more code.
pub(super) fn to_js(value: &impl Serialize) -> Result<JsValue, JsValue> {
    let mut text = Vec::new();
    let written = value.serialize(&mut Serializer::with_formatter(&mut text, ToTheMillionth));
    written.map_err(|_| JsValue::UNDEFINED)?;
    JSON::parse(&String::from_utf8_lossy(&text))
}

/// How numbers are written. Dollars and seconds need no more digits, and those of all numbers take tables.
struct ToTheMillionth;

impl Formatter for ToTheMillionth {
    fn write_f64<W: ?Sized + Write>(&mut self, text: &mut W, value: f64) -> Written<()> {
        let millionths = (value * 1e6).round() as u64;
        write!(text, "{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
    }
}
