//! The ports spoken over HTTP.
//!
//! Each service is plain code over one [`Transport`](crate::http::Transport): it builds requests, reads
//! replies and says what follows from a failure. `source` is for source images, `google` for the models,
//! `supabase` for the queue and Storage. `redact` takes keys out of what they say.

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
