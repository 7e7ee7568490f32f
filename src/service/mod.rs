//! The ports spoken over HTTP.
//!
//! Each service is plain code over one [`Transport`]: it builds requests, reads replies and says
//! what follows from a failure. The bottom is shared: requests and replies, base64 in place,
//! Google's errors, texts made fit for a log, and which addresses a stranger may name.

mod address;
mod base64;
pub(crate) mod document;
mod download;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gemini;
mod google_error;
mod mend;
mod omni;
mod pgmq;
mod redact;
mod reply;
pub(crate) mod request;
mod rows;
mod source;
mod storage;
mod transport;
mod veo;
mod video;
mod web_url;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod testing;

pub use gemini::Gemini;
pub use pgmq::Pgmq;
pub use source::Sources;
pub use storage::Storage;
pub use transport::{Payload, Received, Transport, TransportError};
pub use video::Videos;
