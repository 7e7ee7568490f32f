//! Requests and replies, over whatever carries them.

mod head;
mod transport;
mod request;
mod reply;

pub use head::Head;
pub(crate) use head::LONGEST_DELAY;
pub(crate) use reply::{Most, Reply, exchange, explanation, passes, receive};
pub(crate) use request::{CONTENT_TYPE, JSON, build, get, post_json};
pub use request::{Header, Payload, Request};
pub use transport::{Received, Transport, TransportError};
