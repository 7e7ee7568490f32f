//! A service that gives the same reply to every request.

use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use generation_queue::http::{
    Head, Payload, Received, ReplyBody, Request, Transport, TransportError,
};
use http::StatusCode;

/// How much is sent at a time, in bytes.
const PIECE: usize = 256 * 1024;

pub struct Service {
    pub base: &'static str,
    pub reply: Vec<u8>,
}

impl Transport for &Service {
    type Stream = Vec<u8>;

    fn base_url(&self) -> &str {
        self.base
    }

    async fn send(
        &self,
        request: Request<Vec<u8>>,
        _timeout: Duration,
    ) -> Result<(Head, Vec<u8>), TransportError> {
        // As an adapter sends them.
        if let Payload::Bytes(mut pieces) = request.body {
            while let Some(piece) = pieces.next(PIECE) {
                std::hint::black_box(piece);
            }
        }
        Ok((Head::read(StatusCode::OK, |_| None), self.reply.clone()))
    }

    async fn collect(
        &self,
        body: &mut Vec<u8>,
        received: &mut ReplyBody,
        limit: usize,
        _timeout: Duration,
    ) -> Result<bool, TransportError> {
        for piece in body.chunks(PIECE) {
            received.reserve(piece.len(), None, limit)?;
            received.append(piece);
        }
        Ok(true)
    }

    async fn peek(
        &self,
        body: Vec<u8>,
        length: usize,
        _timeout: Duration,
    ) -> Result<Received<Vec<u8>>, TransportError> {
        Ok(Received { head: body.iter().copied().take(length).collect(), whole: body })
    }

    async fn pause(&self, _duration: Duration) {}

    fn random(&self) -> f64 {
        0.5
    }
}

/// The outcome of a future that has nothing to wait for.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing to wait for")
}
