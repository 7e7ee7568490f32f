//! Which hosts a sender may name: the public internet, and nothing that is reached only from
//! within the network that this code runs in.
//!
//! A host is spelled in many ways, and what counts is what `fetch` makes of a spelling (WHATWG
//! URL, "host parsing"). Spellings that need more than ASCII are rejected, so that it does not
//! matter whether two implementations of IDNA agree; a name can always be written in its
//! `xn--` form. Nor are IPv6 addresses looked into: an image that is only to be had at one has
//! not been seen, while the ways to spell a private one are many.
//!
//! A public name can still point to a private address. Names that exist to do just that are
//! refused. The adapter that opens the connection resolves the rest.

use std::fmt;
use std::net::Ipv4Addr;

use crate::search::{Search, is_made_of};

/// A host of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::service) enum Host {
    /// A name in small letters, without a dot at its end.
    Name(String),
    /// An IPv4 address, however it was spelled.
    V4(Ipv4Addr),
    /// What stands in brackets: an IPv6 address.
    V6(String),
}

/// Names, and all below them, that are looked up within a network or on the machine itself
/// (RFC 6761, 6762, 8375, 9476, ICANN's `internal`; metadata services of the clouds), and public
/// names that resolve to the private address that is spelled in front of them.
const PRIVATE_NAMES: &[&str] = &[
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "arpa",
    "alt",
    "onion",
    "metadata.goog",
    "nip.io",
    "sslip.io",
    "xip.io",
    "localtest.me",
    "lvh.me",
    "vcap.me",
    "lacolhost.com",
    "localho.st",
    "1u.ms",
    "rbndr.us",
    "local.gd",
    "traefik.me",
];

impl Host {
    /// Reads a host as it stands in a URL, without its port. None for every spelling that is not
    /// plain ASCII or not certainly one thing.
    pub(in crate::service) fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']')?.to_ascii_lowercase();
            let alphabet = |byte: u8| byte.is_ascii_hexdigit() || b":.".contains(&byte);
            return inner.bytes().all(alphabet).then_some(Host::V6(inner));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let label = |label: &str| (1..=63).contains(&label.len()) && is_made_of("-_", label);
        if name.len() > 253 || !name.split('.').all(label) {
            return None;
        }
        let last = name.cut_last(".").map_or(&*name, |(_, last)| last);
        if is_number(last) { parse_v4(&name).map(Host::V4) } else { Some(Host::Name(name)) }
    }

    /// Whether it is out there on the internet.
    pub(in crate::service) fn is_public(&self) -> bool {
        match self {
            // A name without a dot is looked up in the domain that the machine is in.
            Host::Name(name) => {
                name.contains('.') && !PRIVATE_NAMES.iter().any(|it| below(name, it))
            }
            Host::V4(address) => is_public_v4(*address),
            Host::V6(_) => false,
        }
    }

    /// Whether an entry of an allow-list means this host: its name or address, or with `*.` in
    /// front every name below one.
    pub(in crate::service) fn matches(&self, entry: &str) -> bool {
        let entry = entry.trim();
        match (self, entry.strip_prefix("*.")) {
            (Host::Name(name), Some(parent)) => match Host::parse(parent) {
                Some(Host::Name(parent)) => *name != parent && below(name, &parent),
                _ => false,
            },
            _ => Host::parse(entry).as_ref() == Some(self),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::V4(address) => address.fmt(f),
            Host::V6(address) => write!(f, "[{address}]"),
        }
    }
}

/// Whether a name is another one or lies below it.
fn below(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether a last label makes the whole host an IPv4 address.
fn is_number(label: &str) -> bool {
    match label.strip_prefix("0x") {
        Some(hex) => hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// Reads an address of one to four numbers, each decimal, octal or hexadecimal, the last of
/// which fills all the bytes that are left.
fn parse_v4(text: &str) -> Option<Ipv4Addr> {
    let mut numbers = Vec::new();
    for part in text.split('.') {
        numbers.push(parse_number(part)?);
    }
    let (last, front) = numbers.split_last()?;
    let free_bytes = 4_u32.checked_sub(front.len().try_into().ok()?).filter(|free| *free > 0)?;
    if u64::from(*last) >= 1 << (8 * free_bytes) {
        return None;
    }
    let mut address = *last;
    for (number, shift) in front.iter().zip([24, 16, 8]) {
        address |= u32::from(u8::try_from(*number).ok()?) << shift;
    }
    Some(address.into())
}

fn parse_number(text: &str) -> Option<u32> {
    let (digits, radix) = match (text.strip_prefix("0x"), text.strip_prefix('0')) {
        (Some(""), _) => ("0", 16),
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        _ => (text, 10),
    };
    // As other numbers are read, which is less code.
    u64::from_str_radix(digits, radix).ok()?.try_into().ok()
}

/// The special ranges of IANA's registry (RFC 6890), and the one public address that is not:
/// Azure's host services.
fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127 | 224..=255, ..]
            | [100, 64..=127, ..]
            | [168, 63, 129, 16]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
