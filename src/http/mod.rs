//! Requests and replies, over whatever carries them.

mod transport;
mod request;
mod reply;

pub(crate) use reply::{
    LONGEST_DELAY, Most, Reply, exchange, explanation, passes, receive, retry_after,
};
pub(crate) use request::{JSON, build, get, post_json};
pub use transport::{Payload, Received, Transport, TransportError};
