//! The ports spoken over HTTP.
//!
//! Each service is plain code over one [`Transport`](crate::http::Transport): it builds requests, reads replies and says
//! what follows from a failure. The bottom is shared: requests and replies, base64 in place,
//! Google's errors, texts made fit for a log, and which addresses a sender may name.

mod redact;
mod source;
mod google;
mod supabase;
#[cfg(fuzzing)]
pub mod fuzzing;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod testing;

pub use google::{Gemini, Operations};
pub use source::Sources;
pub use supabase::{Pgmq, Storage};
