//! JSON: parsed without copies, written, sanitized; base64 decoded in place.

mod parse;
mod write;
mod sanitize;
mod base64;

pub(crate) use base64::Encoded;
pub(crate) use parse::Json;
#[cfg(target_family = "wasm")]
pub(crate) use parse::owned;
pub(crate) use sanitize::sanitize;
pub(crate) use write::{Object, object, object_with_media};
