//! What carries requests to a service.
//!
//! A service knows what to ask and how to read the answer; the transport knows where the service
//! is and holds the credentials. In production it is a fetch-based adapter of the function, in a
//! test a list of recorded replies.

use std::time::Duration;

use super::{Head, ReplyBody, Request, TransportError};

/// The body of a reply, as far as it has been received.
#[derive(Debug)]
pub struct Received<S> {
    /// Its first bytes, at least as many as were asked for unless the body is shorter.
    pub head: Vec<u8>,
    /// The whole body, the head included.
    pub whole: S,
}

/// Carries requests to one service. Redirects are never followed: a 3xx is a reply like others.
#[allow(async_fn_in_trait)] // everything runs on one thread
pub trait Transport {
    /// A body that is still being transferred.
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

    /// Receives a body to its end within `timeout`. False if it is longer than `limit` bytes: then
    /// the rest stays on its way until it is asked for again.
    async fn collect(
        &self,
        body: &mut Self::Stream,
        received: &mut ReplyBody,
        limit: usize,
        timeout: Duration,
    ) -> Result<bool, TransportError>;

    /// Receives the first `length` bytes of a body and leaves the rest to be transferred.
    async fn peek(
        &self,
        body: Self::Stream,
        length: usize,
        timeout: Duration,
    ) -> Result<Received<Self::Stream>, TransportError>;

    /// Waits before a request is repeated.
    async fn pause(&self, duration: Duration);

    /// A number from 0 to 1, by chance, by which a request is known that may be repeated.
    fn random(&self) -> f64;
}
