//! Why there was no reply.

use std::fmt;
use std::time::Duration;

/// Why there was no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportError {
    /// The connection was refused or could not be made: the request did not arrive.
    NotSent(String),
    /// The connection broke: the request may have arrived.
    NoReply(String),
    /// Nothing came within the time: the request may have arrived.
    TimedOut(Duration),
    /// The body is longer than was allowed.
    TooLarge {
        /// What was allowed, in bytes.
        limit: usize,
    },
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(reason) => write!(f, "could not be reached: {reason}"),
            Self::NoReply(reason) => write!(f, "did not answer: {reason}"),
            // As 64 bits: printing 128 bits takes 2 KB of WASM.
            Self::TimedOut(time) => write!(f, "did not answer within {} s", time.as_secs()),
            Self::TooLarge { limit } => {
                write!(f, "sent more than the {} MB that fit into a function", limit >> 20)
            }
        }
    }
}
