//! JSON: read without copies, written, sanitized.

mod cursor;
mod parse;
mod pieces;
mod write;
mod sanitize;

pub(crate) use cursor::{Cursor, Value as CursorValue, may_be_whole, number, unescape};
pub use parse::Json;
pub(crate) use parse::{has_name, same_name};
pub use pieces::Pieces;
pub(crate) use sanitize::sanitize;
#[cfg(test)]
pub(crate) use write::text_of;
pub(crate) use write::{Object, object};
