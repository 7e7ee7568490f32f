//! Receiving replies.

use std::time::Duration;

use http::StatusCode;

use super::{Files, ReplyBody, Request, Transport, TransportError};
use crate::job::Format;
use crate::json::sanitize;
use crate::large_body::LargeBodyPermit;

/// As much of an error's body as is read: enough for every explanation that was ever seen.
const LONGEST_EXPLANATION: usize = 16 * 1024;

/// How long a body may take once the head is there: 25 MB at 8 Mbit/s.
const BODY_TIMEOUT: Duration = Duration::from_secs(25);

/// How long an explanation may take. It is optional.
const EXPLANATION_TIMEOUT: Duration = Duration::from_secs(5);

/// A reply as a whole.
#[derive(Default)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    /// The delay that the service asks for.
    pub(crate) retry_after: Option<Duration>,
    /// The body; of one that is no success only the beginning.
    pub(crate) body: Vec<u8>,
    /// The files that were taken out of it. None of what is no success.
    pub(crate) files: Files,
    /// Whether there is no body, as far as is known: it may have been lost.
    pub(crate) may_be_lost: bool,
    /// Why the body is not whole, of a reply that may hold what was paid for.
    pub(crate) broken: Option<TransportError>,
}

/// How much of a body is taken into memory.
#[derive(Clone, Copy)]
pub(crate) enum BodyLimit<'a> {
    /// So many bytes.
    Bytes(usize),
    /// So many bytes. More than the second number only with the job's permit.
    WithPermit(usize, usize, &'a LargeBodyPermit),
    /// The same of a reply that may hold what was paid for: where it breaks, what has arrived is kept. Of one
    /// that is no success no more than the second number, and what is beyond that is left out.
    Paid(usize, usize, &'a LargeBodyPermit),
}

/// Sends a request and receives the whole reply, a JSON text; of a successful one as much as `most`
/// says. The head may take `timeout`, in which the service does its work; the body is only transfer.
pub(crate) async fn send<T: Transport>(
    transport: &T,
    request: Request<T::Stream>,
    timeout: Duration,
    limit: BodyLimit<'_>,
) -> Result<Reply, TransportError> {
    let (head, mut body) = transport.send(request, timeout).await?;
    let is_paid = matches!(limit, BodyLimit::Paid(..));
    let limit = match limit {
        BodyLimit::Paid(_, small, _) if !head.status.is_success() => BodyLimit::Bytes(small),
        limit => limit,
    };
    let mut broken = None;
    let mut received = match limit {
        BodyLimit::Bytes(_) => ReplyBody::default(),
        BodyLimit::WithPermit(..) | BodyLimit::Paid(..) => ReplyBody::with_files(),
    };
    if is_paid || head.status.is_success() {
        let timeout = timeout.min(BODY_TIMEOUT);
        broken = receive(transport, &mut body, &mut received, timeout, limit).await.err();
        if let Some(error) = broken.take_if(|_| !is_paid) {
            return Err(error);
        }
    } else {
        received.text = explanation(transport, body).await;
    }
    let ReplyBody { text: mut body, files, .. } = received;
    // Some proxies answer with the file itself.
    if Format::of(&body).is_none() {
        sanitize(&mut body);
    }
    let may_be_lost = !head.is_bounded && body.trim_ascii().is_empty();
    Ok(Reply {
        status: head.status,
        retry_after: head.retry_after,
        body,
        files,
        may_be_lost,
        broken,
    })
}

/// Receives a body. One that turns out to be large is left on its way until the job has the permit,
/// and the time that this takes does not count.
pub(crate) async fn receive<T: Transport>(
    transport: &T,
    body: &mut T::Stream,
    received: &mut ReplyBody,
    timeout: Duration,
    limit: BodyLimit<'_>,
) -> Result<(), TransportError> {
    let limit = match limit {
        BodyLimit::Bytes(limit) => limit,
        BodyLimit::WithPermit(limit, small, permit) | BodyLimit::Paid(limit, small, permit) => {
            if transport.collect(body, received, limit.min(small), timeout).await? {
                return Ok(());
            }
            permit.acquire().await;
            limit
        }
    };
    let is_whole = transport.collect(body, received, limit, timeout).await?;
    if is_whole { Ok(()) } else { Err(TransportError::TooLarge { limit }) }
}

/// The beginning of an error's body, empty if it cannot be received.
pub(crate) async fn explanation<T: Transport>(transport: &T, body: T::Stream) -> Vec<u8> {
    let received = transport.peek(body, LONGEST_EXPLANATION, EXPLANATION_TIMEOUT).await;
    let mut head = received.map(|received| received.head).unwrap_or_default();
    head.truncate(LONGEST_EXPLANATION);
    head
}

/// Whether a status says that the same request may succeed later.
pub(crate) fn passes(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 423 | 425 | 429 | 500..)
}
