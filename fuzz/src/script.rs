//! An input for a service: a question, and the replies to the requests that come of it.
//!
//! Parts are separated by lines of `====`. The first is the question, each of the others a reply:
//! a status, headers, an empty line and the body, or `refused` or `lost` and a reason.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use generation_queue::http::{
    Head, Header, Payload, Received, ReplyBody, Request, Transport, TransportError,
};
use generation_queue::large_body::{LargeBodies, LargeBodyPermit};
use generation_queue::service::fuzzing::sanitize;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use crate::secret;

const SEPARATOR: &[u8] = b"\n====\n";

/// A question and the replies.
pub struct Script {
    pub question: String,
    pub replies: Rc<RefCell<VecDeque<Reply>>>,
}

/// What comes back of a request.
pub type Reply = Result<(Head, Vec<u8>), TransportError>;

impl Script {
    pub fn read(input: &[u8]) -> Self {
        let input = secret::put_into(input);
        let mut parts = split(&input, SEPARATOR).into_iter();
        let question = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        Self { question, replies: Rc::new(RefCell::new(parts.map(reply).collect())) }
    }

    /// A service at this address that gives the replies in their order.
    pub fn service(&self, base: &str) -> Service {
        Service {
            base: base.into(),
            replies: Rc::clone(&self.replies),
            sent: RefCell::default(),
            received: RefCell::default(),
        }
    }
}

fn split<'a>(text: &'a [u8], separator: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(separator.len()).position(|it| it == separator) {
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len()..];
    }
    parts.push(rest);
    parts
}

fn reply(text: &[u8]) -> Reply {
    let (head, body) = match split(text, b"\n\n").first() {
        Some(head) if head.len() < text.len() => (*head, &text[head.len() + 2..]),
        _ => (text, &b""[..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    if let Some(reason) = first.strip_prefix("refused") {
        return Err(TransportError::NotSent(reason.into()));
    }
    if let Some(reason) = first.strip_prefix("lost") {
        return Err(TransportError::NoReply(reason.into()));
    }
    let status = first.parse().ok().and_then(|status| StatusCode::from_u16(status).ok());
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii_start());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let head = Head::read(status.unwrap_or(StatusCode::OK), |name| {
        Some(headers.get(name)?.as_bytes().iter().copied().map(char::from).collect())
    });
    Ok((head, body.to_vec()))
}

/// A transport that answers as the script says, and what went over it.
pub struct Service {
    base: String,
    replies: Rc<RefCell<VecDeque<Reply>>>,
    pub sent: RefCell<Vec<RecordedRequest>>,
    pub received: RefCell<Vec<Reply>>,
}

/// A request that was sent.
pub struct RecordedRequest {
    pub url: String,
    pub headers: Vec<Header>,
    pub body: Vec<u8>,
}

impl Service {
    pub fn urls(&self) -> Vec<String> {
        self.sent.borrow().iter().map(|sent| sent.url.clone()).collect()
    }

    /// The bodies of the successes, each with the address that was asked.
    pub fn successes(&self) -> Vec<(String, Vec<u8>)> {
        let received = self.received.borrow();
        let replies = self.urls().into_iter().zip(received.iter());
        let success = |(url, reply): (String, &Reply)| {
            let (head, body) = reply.as_ref().ok()?;
            head.status.is_success().then(|| (url, body.clone()))
        };
        replies.filter_map(success).collect()
    }

    /// The last reply: its status and its body.
    pub fn last(&self) -> Option<(StatusCode, Vec<u8>)> {
        let received = self.received.borrow();
        let reply = received.last()?.as_ref().ok()?;
        Some((reply.0.status, reply.1.clone()))
    }

    /// The last reply as JSON, sanitized as every reply is, if it was a success and is one that a
    /// plain reader reads.
    pub fn last_value(&self) -> Option<Value> {
        serde_json::from_slice(&self.last_success()?).ok()
    }

    /// The last reply, sanitized as every reply is, if it was a success.
    pub fn last_success(&self) -> Option<Vec<u8>> {
        let (status, mut body) = self.last()?;
        sanitize(&mut body);
        status.is_success().then_some(body)
    }

    /// Every body that was sent is JSON, and every address the one that was meant.
    pub fn check_requests(&self) {
        for sent in self.sent.borrow().iter() {
            let url = url::Url::parse(&sent.url).expect("an address");
            assert_eq!(url.as_str(), sent.url, "the address means something else");
            assert!(sent.url.starts_with(&format!("{}/", self.base)), "{}", sent.url);
            if sent.headers.contains(&("content-type", "application/json")) {
                serde_json::from_slice::<Value>(&sent.body).expect("a body of JSON");
            }
        }
    }
}

impl Transport for &Service {
    type Stream = Vec<u8>;

    fn base_url(&self) -> &str {
        &self.base
    }

    async fn send(
        &self,
        request: Request<Vec<u8>>,
        _timeout: Duration,
    ) -> Result<(Head, Vec<u8>), TransportError> {
        let Request { url, headers, body, .. } = request;
        let body = match body {
            Payload::Empty => Vec::new(),
            Payload::Bytes(pieces) => pieces.into_bytes(),
            Payload::Stream(bytes) => bytes,
        };
        self.sent.borrow_mut().push(RecordedRequest { url, headers, body });
        let reply = self.replies.borrow_mut().pop_front();
        let reply = reply.unwrap_or_else(|| Err(TransportError::NoReply("silence".into())));
        self.received.borrow_mut().push(reply.clone());
        reply
    }

    async fn collect(
        &self,
        body: &mut Vec<u8>,
        received: &mut ReplyBody,
        limit: usize,
        _timeout: Duration,
    ) -> Result<bool, TransportError> {
        let rest = body.split_off(body.len().min(limit));
        // Of pieces of all lengths, as a network gives them.
        let piece = 1 + body.len() % 97;
        body.chunks(piece).for_each(|piece| received.append(piece));
        *body = rest;
        Ok(body.is_empty())
    }

    async fn peek(
        &self,
        body: Vec<u8>,
        length: usize,
        _timeout: Duration,
    ) -> Result<Received<Vec<u8>>, TransportError> {
        // A real one gives what a piece of the network has beyond that, too.
        let head = body.iter().copied().take(length + 7).collect();
        Ok(Received { head, whole: body })
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

/// The permit of the only job.
pub fn permit() -> LargeBodyPermit {
    LargeBodies::default().permit()
}
