//! The head of a reply.

use std::time::Duration;

use http::StatusCode;

/// The status of a success without a body.
const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;

/// The longest delay that is accepted from a service. A longer one is a mistake, and a worker that
/// comes back too early is only told again.
pub(crate) const LONGEST_DELAY: Duration = Duration::from_secs(3600);

/// What the services read of a reply before its body. Maps of all headers took 19 KB of WASM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: StatusCode,
    /// The length of the body, in bytes.
    pub content_length: Option<u64>,
    /// Whether the body of a success says where it ends. Another ends where its connection does, also when that broke.
    pub is_bounded: bool,
    /// The target of a redirect.
    pub location: Option<String>,
    /// The delay that the service asks for, an hour at most.
    pub retry_after: Option<Duration>,
}

impl Head {
    /// The head with this status; `header` returns the value of a header by its name in lower case. It
    /// is asked for those alone that say something with such a status.
    pub fn read(status: StatusCode, header: impl Fn(&str) -> Option<String>) -> Self {
        let header = |name, may_be: bool| may_be.then(|| header(name)).flatten();
        let content_length = header("content-length", true).and_then(|text| text.parse().ok());
        let may_be_cut = content_length.is_none() && status.is_success() && status != NO_CONTENT;
        Self {
            status,
            content_length,
            is_bounded: !may_be_cut || header("transfer-encoding", true).is_some(),
            location: header("location", status.is_redirection()).and_then(|text| plain(&text)),
            retry_after: header("retry-after", !status.is_success()).and_then(|text| delay(&text)),
        }
    }
}

/// The address in a header, in which other bytes than those of ASCII are percent-encoded, as browsers
/// do it. Each is a character of its own, whatever the server meant by them together.
fn plain(text: &str) -> Option<String> {
    let mut plain = String::new();
    for byte in text.chars().map(u8::try_from) {
        match byte.ok()? {
            byte @ (b'\t' | b' '..=b'~') => plain.push(char::from(byte)),
            byte @ 0x80.. => plain.push_str(&format!("%{byte:02X}")),
            _ => return None,
        }
    }
    Some(plain)
}

/// None of the services here names a delay as a date, which HTTP allows too; reading dates would
/// take 2 KB of WASM.
fn delay(text: &str) -> Option<Duration> {
    let seconds = text.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_DELAY))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Head {
        Head::read(StatusCode::FOUND, |asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn a_delay_is_named_in_seconds() {
        let asked = |value| with("retry-after", value).retry_after.map(|delay| delay.as_secs());
        assert_eq!(asked("30"), Some(30));
        assert_eq!(asked(" 0 "), Some(0));
        for text in ["soon", "-1", "", "1.5", "Wed, 25 Nov 2026 00:00:10 GMT"] {
            assert_eq!(asked(text), None, "{text}");
        }
        assert_eq!(with("date", "30").retry_after, None);
    }

    #[test]
    fn no_delay_is_longer_than_an_hour() {
        let head = with("retry-after", "999999999999");
        assert_eq!(head.retry_after, Some(Duration::from_secs(3600)));
    }

    #[test]
    fn a_length_is_a_number_and_a_location_becomes_plain() {
        assert_eq!(with("content-length", "12").content_length, Some(12));
        assert_eq!(with("content-length", "-1").content_length, None);
        assert_eq!(with("location", "/a b").location.unwrap(), "/a b");
        // The bytes of "é" in UTF-8 and in Latin-1.
        for (text, plain) in [("/caf\u{c3}\u{a9}", "/caf%C3%A9"), ("/caf\u{e9}", "/caf%E9")] {
            assert_eq!(with("location", text).location.unwrap(), plain);
        }
        for text in ["/\n", "/\0", "/\u{7f}", "/\u{100}"] {
            assert_eq!(with("location", text).location, None, "{text:?}");
        }
    }
}
