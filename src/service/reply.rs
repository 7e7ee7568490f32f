//! Receiving replies.

use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, Request, StatusCode};

use super::{Payload, Transport, TransportError, http_date};

/// As much of an error's body as is read: enough for every explanation that was ever seen.
const LONGEST_EXPLANATION: usize = 16 * 1024;

/// How long an explanation may take. It is nice to have, no more.
const EXPLANATION_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest delay that is taken from a service; a longer one is asked for by mistake, and a
/// worker that comes back too early is only told again.
pub(super) const LONGEST_DELAY: Duration = Duration::from_secs(3600);

/// A reply as a whole.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The body; of one that is no success only the beginning.
    pub(super) body: Vec<u8>,
}

/// Sends a request and receives the whole reply, a successful one of `limit` bytes at most.
pub(super) async fn exchange<T: Transport>(
    transport: &T,
    request: Request<Payload<T::Stream>>,
    timeout: Duration,
    limit: usize,
) -> Result<Reply, TransportError> {
    let (head, body) = transport.send(request, timeout).await?.into_parts();
    let body = if head.status.is_success() {
        transport.collect(body, limit, timeout).await?
    } else {
        explanation(transport, body).await
    };
    Ok(Reply { status: head.status, headers: head.headers, body })
}

/// The beginning of an error's body, empty if it cannot be had.
pub(super) async fn explanation<T: Transport>(transport: &T, body: T::Stream) -> Vec<u8> {
    let received = transport.peek(body, LONGEST_EXPLANATION, EXPLANATION_TIMEOUT).await;
    let mut head = received.map(|received| received.head).unwrap_or_default();
    head.truncate(LONGEST_EXPLANATION);
    head
}

/// Whether a status says that the same request may succeed later.
pub(super) fn passes(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 423 | 425 | 429 | 500..)
}

/// The delay that a reply asks for, in seconds or as a date, clamped to [`LONGEST_DELAY`].
///
/// A date is measured from the reply's own `Date`, so nobody's clock has to be right.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let value = text(RETRY_AFTER)?;
    let seconds = match value.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => http_date::parse(value)?.saturating_sub(http_date::parse(text(DATE)?)?),
    };
    Some(Duration::from_secs(seconds).min(LONGEST_DELAY))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn asked(pairs: &[(http::HeaderName, &str)]) -> Option<u64> {
        let headers = pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        retry_after(&headers.collect()).map(|delay| delay.as_secs())
    }

    #[test]
    fn a_delay_is_named_in_seconds() {
        assert_eq!(asked(&[(RETRY_AFTER, "30")]), Some(30));
        assert_eq!(asked(&[(RETRY_AFTER, " 0 ")]), Some(0));
        assert_eq!(asked(&[(RETRY_AFTER, "soon")]), None);
        assert_eq!(asked(&[(RETRY_AFTER, "-1")]), None);
        assert_eq!(asked(&[]), None);
    }

    #[test]
    fn a_delay_is_named_as_a_date() {
        let later = (RETRY_AFTER, "Wed, 25 Nov 2026 00:00:10 GMT");
        assert_eq!(asked(&[later.clone(), (DATE, "Tue, 24 Nov 2026 23:59:40 GMT")]), Some(30));
        assert_eq!(asked(&[later.clone(), (DATE, "Wed, 25 Nov 2026 08:00:00 GMT")]), Some(0));
        assert_eq!(asked(&[later]), None);
    }

    #[test]
    fn no_delay_is_longer_than_an_hour() {
        assert_eq!(asked(&[(RETRY_AFTER, "999999999999")]), Some(3600));
    }
}
