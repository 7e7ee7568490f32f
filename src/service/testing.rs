//! A transport that answers from a script and remembers what it was asked.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use http::StatusCode;
use serde_json::Value;

use crate::http::{Head, Header, Payload, Received, ReplyBody, Request, Transport, TransportError};
use crate::large_body::{LargeBodies, LargeBodyPermit};

/// A request that was sent.
#[derive(Debug)]
pub(super) struct RecordedRequest {
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) headers: Vec<Header>,
    pub(super) body: Vec<u8>,
}

impl RecordedRequest {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.0 == name).map(|header| header.1)
    }
}

/// How much of a body comes at a time, in bytes.
const PIECE: usize = 50;

/// What comes back of a request.
type Answer = Result<(Head, Vec<u8>), TransportError>;

/// A transport that gives the replies it was told to, in their order.
pub(super) struct Recorded {
    base: String,
    replies: RefCell<VecDeque<Answer>>,
    /// How the next body breaks, behind what there is of it.
    breaks: RefCell<Option<TransportError>>,
    pub(super) sent: RefCell<Vec<RecordedRequest>>,
    /// The pauses between requests that were repeated.
    pub(super) pauses: RefCell<Vec<Duration>>,
    /// How much of the last body has been received, if it was longer.
    received: Cell<usize>,
    /// How much of bodies was asked for.
    pub(super) limits: RefCell<Vec<usize>>,
}

impl Recorded {
    pub(super) fn at(base: &str) -> Self {
        Self {
            base: base.into(),
            replies: RefCell::default(),
            breaks: RefCell::default(),
            sent: RefCell::default(),
            pauses: RefCell::default(),
            received: Cell::default(),
            limits: RefCell::default(),
        }
    }

    pub(super) fn reply(self, status: u16, body: impl AsRef<[u8]>) -> Self {
        self.reply_with(status, &[], body)
    }

    pub(super) fn json(self, status: u16, body: Value) -> Self {
        self.reply(status, body.to_string())
    }

    pub(super) fn reply_with(
        self,
        status: u16,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Self {
        let head = Head::read(StatusCode::from_u16(status).unwrap(), |name| {
            let header = headers.iter().find(|header| header.0 == name);
            header.map(|header| header.1.to_owned())
        });
        self.replies.borrow_mut().push_back(Ok((head, body.as_ref().to_vec())));
        self
    }

    pub(super) fn fails(self, error: TransportError) -> Self {
        self.replies.borrow_mut().push_back(Err(error));
        self
    }

    /// Has the body of the next reply break at its end.
    pub(super) fn breaks(self, error: TransportError) -> Self {
        *self.breaks.borrow_mut() = Some(error);
        self
    }

    pub(super) fn urls(&self) -> Vec<String> {
        self.sent.borrow().iter().map(|sent| sent.url.clone()).collect()
    }

    /// The only request that was sent.
    pub(super) fn only(&self) -> RecordedRequest {
        assert_eq!(self.urls().len(), 1, "{:?}", self.urls());
        self.sent.borrow_mut().remove(0)
    }
}

impl Transport for &Recorded {
    type Stream = Vec<u8>;

    fn base_url(&self) -> &str {
        &self.base
    }

    async fn send(&self, request: Request<Vec<u8>>, _timeout: Duration) -> Answer {
        let Request { url, headers, body } = request;
        self.received.set(0);
        self.sent.borrow_mut().push(RecordedRequest {
            method: if matches!(body, Payload::Empty) { "GET" } else { "POST" },
            url: url.clone(),
            headers,
            body: match body {
                Payload::Empty => Vec::new(),
                Payload::Bytes(pieces) => pieces.into_bytes(),
                Payload::Stream(bytes) => bytes,
            },
        });
        let reply = self.replies.borrow_mut().pop_front();
        reply.unwrap_or_else(|| panic!("no reply left for {url}"))
    }

    async fn collect(
        &self,
        body: &mut Vec<u8>,
        received: &mut ReplyBody,
        limit: usize,
        _timeout: Duration,
    ) -> Result<bool, TransportError> {
        self.limits.borrow_mut().push(limit);
        let before = self.received.replace(limit);
        let rest = body.split_off(body.len().min(limit - before));
        body.chunks(PIECE).for_each(|piece| received.append(piece));
        *body = rest;
        self.breaks.borrow_mut().take().map_or(Ok(body.is_empty()), Err)
    }

    async fn peek(
        &self,
        body: Vec<u8>,
        length: usize,
        _timeout: Duration,
    ) -> Result<Received<Vec<u8>>, TransportError> {
        Ok(Received { head: body.iter().copied().take(length).collect(), whole: body })
    }

    async fn pause(&self, duration: Duration) {
        self.pauses.borrow_mut().push(duration);
    }

    fn random(&self) -> f64 {
        // The next double below 1 has all 53 bits.
        1.0 - f64::EPSILON / 2.0 - self.sent.borrow().len() as f64 * f64::EPSILON
    }
}

/// The outcome of a future that has nothing to wait for.
pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().unwrap()
}

/// The permit of the only job.
pub(super) fn permit() -> LargeBodyPermit {
    LargeBodies::default().permit()
}

/// A PNG as far as its parts tell.
pub(super) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\0IHDR\0\0\0\x01";

/// An MP4 as far as its parts tell.
pub(super) const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2";
