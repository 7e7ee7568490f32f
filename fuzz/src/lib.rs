//! What is checked of every reader of foreign bytes, for any bytes.
//!
//! Each target is a function `check` that takes an input and panics when something does not hold.
//! libFuzzer runs it on inputs that it makes up (`targets/`), `cargo test` on those that are kept
//! (`corpus/`).

pub mod image_replies;
pub mod json_texts;
pub mod messages;
pub mod queue_replies;
pub mod redaction;
pub mod source_images;
pub mod storage_replies;
pub mod video_replies;

mod base64;
mod failure;
mod files;
mod internet;
mod script;
mod secret;
