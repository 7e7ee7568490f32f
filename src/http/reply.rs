//! Receiving replies.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, Request, StatusCode};

use super::{Payload, Transport, TransportError};
use crate::json::mend;
use crate::large_body::Room;

/// As much of an error's body as is read: enough for every explanation that was ever seen.
const LONGEST_EXPLANATION: usize = 16 * 1024;

/// How long a body may take once the head is there: 25 MB at 8 Mbit/s.
const BODY_TIMEOUT: Duration = Duration::from_secs(25);

/// How long an explanation may take. It is nice to have, no more.
const EXPLANATION_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest delay that is taken from a service; a longer one is asked for by mistake, and a
/// worker that comes back too early is only told again.
pub(crate) const LONGEST_DELAY: Duration = Duration::from_secs(3600);

/// A reply as a whole.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The body; of one that is no success only the beginning.
    pub(crate) body: Vec<u8>,
}

/// How much of a body is taken into memory.
#[derive(Clone, Copy)]
pub(crate) enum Most<'a> {
    /// So many bytes.
    Bytes(usize),
    /// So many bytes. More than the second number only when there is room for the job.
    InRoom(usize, usize, &'a Room),
}

/// Sends a request and receives the whole reply, a JSON text; of a successful one as much as `most`
/// says. The head may take `timeout`, in which the service does its work; the body is only transfer.
pub(crate) async fn exchange<T: Transport>(
    transport: &T,
    request: Request<Payload<T::Stream>>,
    timeout: Duration,
    most: Most<'_>,
) -> Result<Reply, TransportError> {
    let (head, body) = transport.send(request, timeout).await?.into_parts();
    let mut body = if head.status.is_success() {
        receive(transport, body, timeout.min(BODY_TIMEOUT), most).await?
    } else {
        explanation(transport, body).await
    };
    mend(&mut body);
    Ok(Reply { status: head.status, headers: head.headers, body })
}

/// Receives a body. One that turns out to be large is left on its way until there is room for it,
/// and the time that this takes does not count.
pub(crate) async fn receive<T: Transport>(
    transport: &T,
    mut body: T::Stream,
    timeout: Duration,
    most: Most<'_>,
) -> Result<Vec<u8>, TransportError> {
    let limit = match most {
        Most::Bytes(limit) => limit,
        Most::InRoom(limit, small, room) => {
            if let Some(bytes) = transport.collect(&mut body, limit.min(small), timeout).await? {
                return Ok(bytes);
            }
            room.enlarge().await;
            limit
        }
    };
    let bytes = transport.collect(&mut body, limit, timeout).await?;
    bytes.ok_or(TransportError::TooLarge { limit })
}

/// The beginning of an error's body, empty if it cannot be had.
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

/// The delay that a reply asks for, clamped to [`LONGEST_DELAY`].
///
/// None of the services here names it as a date, which HTTP allows too; reading dates would take
/// 2 KB of WASM.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_DELAY))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn asked(value: &str) -> Option<u64> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        retry_after(&headers).map(|delay| delay.as_secs())
    }

    #[test]
    fn a_delay_is_named_in_seconds() {
        assert_eq!(asked("30"), Some(30));
        assert_eq!(asked(" 0 "), Some(0));
        for text in ["soon", "-1", "", "1.5", "Wed, 25 Nov 2026 00:00:10 GMT"] {
            assert_eq!(asked(text), None, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn no_delay_is_longer_than_an_hour() {
        assert_eq!(asked("999999999999"), Some(3600));
    }
}
