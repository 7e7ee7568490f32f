//! Requests and replies, over any transport.

mod head;
mod error;
mod request;
mod reply_body;
mod transport;
mod reply;

pub use error::TransportError;
pub use head::Head;
pub(crate) use head::LONGEST_DELAY;
pub(crate) use reply::{BodyLimit, Reply, explanation, passes, receive, send};
pub use reply_body::ReplyBody;
pub(crate) use reply_body::{Files, GROUP, decode};
pub(crate) use request::{CONTENT_TYPE, JSON, build, get, post_json};
pub use request::{Header, Payload, Request};
pub use transport::{Received, Transport};
