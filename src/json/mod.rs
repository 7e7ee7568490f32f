//! JSON: read without copies, written, sanitized; base64 found and decoded in place.

mod cursor;
mod parse;
mod write;
mod sanitize;
mod base64;

pub(crate) use base64::{OF_REQUEST, take_file};
#[cfg(target_family = "wasm")]
pub(crate) use parse::owned;
pub(crate) use parse::{Json, same_name};
pub(crate) use sanitize::sanitize;
pub(crate) use write::{Object, object, object_with_media};
