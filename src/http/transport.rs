//! One HTTP exchange, whoever carries it out.
//!
//! A service knows what to ask and how to read the answer; the transport knows where the service
//! is and holds the credentials. In production it is a fetch-based adapter of the function, in a
//! test a list of recorded replies.

use std::fmt;
use std::time::Duration;

use super::{Head, Request};

/// The body of a reply, as far as it has been received.
#[derive(Debug)]
pub struct Received<S> {
    /// Its first bytes, at least as many as were asked for unless the body is shorter.
    pub head: Vec<u8>,
    /// The whole body, the head included.
    pub whole: S,
}

/// Why there was no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportError {
    /// The connection was refused or could not be made: the request did not arrive.
    NotSent(String),
    /// Nothing came within the time, or the connection broke: the request may have arrived.
    NoReply(String),
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
            Self::TooLarge { limit } => {
                write!(f, "sent more than the {} MB that fit into a function", limit >> 20)
            }
        }
    }
}

/// Carries requests to one service. Redirects are never followed: a 3xx is a reply like others.
#[allow(async_fn_in_trait)] // everything runs on one thread
pub trait Transport {
    /// A body that is still on its way.
    type Stream;

    /// The address of the service, without a slash at its end. Empty where any address will do.
    fn base_url(&self) -> &str;

    /// Sends a request to an absolute URL and waits for the head of the reply, for `timeout` at
    /// most.
    async fn send(
        &self,
        request: Request<Self::Stream>,
        timeout: Duration,
    ) -> Result<(Head, Self::Stream), TransportError>;

    /// Receives a body to its end within `timeout`. None if it is longer than `limit` bytes: what
    /// has been received is kept then, and the rest stays on its way until it is asked for again.
    async fn collect(
        &self,
        body: &mut Self::Stream,
        limit: usize,
        timeout: Duration,
    ) -> Result<Option<Vec<u8>>, TransportError>;

    /// Receives the first `length` bytes of a body and keeps the rest on its way.
    async fn peek(
        &self,
        body: Self::Stream,
        length: usize,
        timeout: Duration,
    ) -> Result<Received<Self::Stream>, TransportError>;
}
