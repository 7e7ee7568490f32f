//! JSON: read without copies, written, sanitized.

mod cursor;
mod parse;
mod pieces;
mod write;
mod sanitize;

pub(crate) use cursor::{Cursor, Value as CursorValue, number, unescape};
pub use parse::Json;
pub(crate) use parse::{has_name, same_name};
pub use pieces::Pieces;
pub(crate) use sanitize::sanitize;
pub(crate) use write::object;
#[cfg(test)]
pub(crate) use write::text_of;
pub use write::{Object, WriteJson};
