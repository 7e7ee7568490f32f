//! The URLs of senders that the core follows.
//!
//! The `url` crate would read them all, and add 70 KB to the WASM. This reads less: what is left
//! of its leniency is refused, and what it takes is written back in one plain form, so that
//! `fetch` cannot understand anything else by it. The tests hold it against that crate.

use std::fmt;

use super::address::Host;

use crate::search::Search;

/// An absolute http(s) URL without credentials and fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::service) struct WebUrl {
    /// Whether it is https.
    pub(in crate::service) secure: bool,
    /// The host.
    pub(in crate::service) host: Host,
    /// The port, unless it is the scheme's own.
    port: Option<u16>,
    /// The path and the query, beginning with a slash.
    rest: String,
}

impl WebUrl {
    /// Reads an absolute URL.
    ///
    /// # Errors
    /// What is wrong with it, as a clause that goes on from "the URL".
    pub(in crate::service) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err("has control characters");
        }
        let (scheme, rest) = text.cut("://").ok_or("is not absolute")?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err("is neither http nor https"),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        if authority.contains('@') {
            return Err("has credentials");
        }
        let (host, port) = match authority.cut_last(":") {
            // The colons of an IPv6 address stand before its bracket.
            Some((host, port)) if !port.contains(']') => (host, parse_port(port)?),
            _ => (authority, None),
        };
        let host = Host::parse(host).ok_or("has a host that is no name or address in ASCII")?;
        let port = port.filter(|port| *port != if secure { 443 } else { 80 });
        let slash = if rest.starts_with('/') { "" } else { "/" };
        Ok(Self { secure, host, port, rest: format!("{slash}{}", encoded(rest)) })
    }

    /// Reads the address of a redirect from here, which may be relative.
    ///
    /// # Errors
    /// As for [`WebUrl::parse`].
    pub(in crate::service) fn join(&self, location: &str) -> Result<Self, &'static str> {
        let location = location.trim_ascii();
        let scheme_end = location.find([':', '/', '?', '#', '\\']);
        if scheme_end.is_some_and(|end| location.get(end..).is_some_and(|it| it.starts_with(':'))) {
            return Self::parse(location);
        }
        if location.starts_with("//") {
            let scheme = if self.secure { "https:" } else { "http:" };
            return Self::parse(&format!("{scheme}{location}"));
        }
        let path = self.path();
        let directory = path.cut_last("/").map_or("", |(directory, _)| directory);
        let rest = match location.chars().next() {
            Some('/') => location.to_owned(),
            Some('?') => format!("{path}{location}"),
            Some('#') | None => self.rest.clone(),
            Some(_) => format!("{directory}/{location}"),
        };
        Self::parse(&format!("{}{rest}", self.origin()))
    }

    /// The path, without the query.
    pub(in crate::service) fn path(&self) -> &str {
        self.rest.split('?').next().unwrap_or_default()
    }

    /// The scheme, the host and the port.
    pub(in crate::service) fn origin(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}://{}{port}", self.host)
    }

    /// Whether another URL is of the same origin.
    pub(in crate::service) fn same_origin(&self, other: &Self) -> bool {
        self.secure == other.secure && self.host == other.host && self.port == other.port
    }

    /// What follows in the path and the query when this URL lies below a base, without a slash
    /// at its beginning. A path that climbs (`..`, in every spelling) lies below nothing.
    pub(in crate::service) fn below(&self, base: &Self) -> Option<&str> {
        let climbs =
            |segment: &str| matches!(segment, "." | "%2e" | ".." | ".%2e" | "%2e." | "%2e%2e");
        let path = self.path().to_ascii_lowercase();
        if path.split('/').any(climbs) || path.has("%2f") || path.has("%5c") {
            return None;
        }
        let prefix = base.path().trim_end_matches('/');
        let rest = self.rest.strip_prefix(prefix)?.strip_prefix('/')?;
        self.same_origin(base).then_some(rest)
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.rest)
    }
}

fn parse_port(text: &str) -> Result<Option<u16>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port > 0);
    port.map(Some).ok_or("has a port that is none")
}

/// A path and query in which everything that is not plain is percent-encoded.
fn encoded(rest: &str) -> String {
    let mut encoded = String::with_capacity(rest.len());
    for byte in rest.bytes() {
        match byte {
            b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x7f.. => {
                const HEX: [char; 16] = [
                    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
                ];
                encoded.push('%');
                let digits = [byte >> 4, byte & 15];
                encoded.extend(digits.iter().filter_map(|digit| HEX.get(usize::from(*digit))));
            }
            _ => encoded.push(char::from(byte)),
        }
    }
    encoded
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        WebUrl::parse(text).unwrap().to_string()
    }

    #[test]
    fn a_url_is_written_back_in_one_plain_form() {
        for (text, form) in [
            ("https://a.test/x.png", "https://a.test/x.png"),
            ("HTTPS://A.Test:443", "https://a.test/"),
            ("http://a.test:80/?q#f", "http://a.test/?q"),
            ("http://a.test.:8080?q=/a@b", "http://a.test:8080/?q=/a@b"),
            ("http://a.test:/", "http://a.test/"),
            ("http://[::1]:54321/x", "http://[::1]:54321/x"),
            ("http://0x8.8.8.8/", "http://8.8.8.8/"),
            ("https://a.test/ä b\\c|d?e=\"f\"", "https://a.test/%C3%A4%20b%5Cc%7Cd?e=%22f%22"),
            ("https://a.test/%41?x=%zz", "https://a.test/%41?x=%zz"),
        ] {
            assert_eq!(plain(text), form);
            assert_eq!(plain(form), form, "the plain form stays");
        }
    }

    #[test]
    fn fetch_understands_the_same_by_it() {
        for text in [
            "https://a.test/x.png",
            "http://a.test.:8080?q=/a@b",
            "http://0x7f.1:1/",
            "http://0177.1/a/../b",
            "https://[::1]:8443/",
            "https://a.test/ä b\\c",
            "https://a.test/?a=\\@b.test",
            "https://a.test#@b.test",
            "https://a.test/\\b.test",
            "https://A_b.test:65535/",
        ] {
            let ours = WebUrl::parse(text).unwrap();
            for form in [text.to_owned(), ours.to_string()] {
                let theirs = url::Url::parse(&form).unwrap();
                let host = Host::parse(theirs.host_str().unwrap());
                assert_eq!(host.as_ref(), Some(&ours.host), "{form}");
                assert_eq!((theirs.scheme() == "https", theirs.port()), (ours.secure, ours.port));
            }
        }
    }

    #[test]
    fn what_is_not_plain_is_refused() {
        for text in [
            "",
            "a.test",
            "/x",
            "//a.test/x",
            "https:a.test",
            "https:/a.test",
            "https:///a.test",
            "https://",
            "ftp://a.test/",
            "javascript://a.test/%0aalert(1)",
            "data:image/png;base64,AA",
            "file:///etc/passwd",
            "gopher://a.test/",
            " https://a.test/",
            "https://user@a.test/",
            "https://user:pass@a.test/",
            "https://@a.test/",
            "https://a.test\\@b.test/",
            "https://a.test\\b/",
            "https://a.test:0/",
            "https://a.test:65536/",
            "https://a.test:8a/",
            "https://a.test:+80/",
            "https://a.test:80:80/",
            "https://a.te st/",
            "https://a.test%2f/",
            "https://bücher.test/",
            "https://a.test/\n",
            "ht\ntps://a.test/",
            "https://a.test/\0",
            "https://[::1]x/",
            "https://[::1",
            "https://::1/",
            "https://a.test,b.test/",
            "https://./",
        ] {
            assert!(WebUrl::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_redirect_is_absolute_or_relative() {
        let base = WebUrl::parse("https://a.test:444/dir/file?q=1").unwrap();
        for (location, target) in [
            ("http://b.test/x", "http://b.test/x"),
            ("//b.test/x", "https://b.test/x"),
            ("/x", "https://a.test:444/x"),
            ("x:y", ""),
            ("x/y:z", "https://a.test:444/dir/x/y:z"),
            ("?r", "https://a.test:444/dir/file?r"),
            ("#f", "https://a.test:444/dir/file?q=1"),
            ("", "https://a.test:444/dir/file?q=1"),
            (" /x ", "https://a.test:444/x"),
            ("\\\\b.test", "https://a.test:444/dir/%5C%5Cb.test"),
            ("javascript:alert(1)", ""),
        ] {
            let found = base.join(location).map(|url| url.to_string()).unwrap_or_default();
            assert_eq!(found, target, "{location:?}");
        }
    }

    #[test]
    fn a_url_lies_below_a_base_or_not() {
        let base = WebUrl::parse("http://127.0.0.1:54321/storage/v1").unwrap();
        let rest = |path: &str| {
            let url = WebUrl::parse(&format!("http://127.0.0.1:54321{path}")).unwrap();
            url.below(&base).map(str::to_owned)
        };
        assert_eq!(rest("/storage/v1/object/a?t=1").as_deref(), Some("object/a?t=1"));
        for path in [
            "/storage/v1",
            "/storage/v10/a",
            "/rest/v1/a",
            "/storage/v1/../../rest/v1/a",
            "/storage/v1/%2E%2e/a",
            "/storage/v1/.%2e/a",
            "/storage/v1/./a",
            "/storage/v1/a%2F..%2Fb",
            "/storage/v1/a\\..\\b",
        ] {
            assert_eq!(rest(path), None, "{path}");
        }
        let other = WebUrl::parse("http://127.0.0.1:54322/storage/v1/a").unwrap();
        assert_eq!(other.below(&base), None);
    }
}
