//! Base64 inside a reply, decoded in place.
//!
//! The reply's memory becomes the image's: nothing is copied but the decoded bytes, once, to the
//! beginning.

use std::ops::Range;

use memchr::memchr2;

/// Base64 that was found in a reply.
#[derive(Debug)]
pub(crate) enum Encoded {
    /// At this range of the reply.
    Within(Range<usize>),
    /// Apart from it, because it was written with escapes.
    Apart(String),
}

impl Encoded {
    /// Where a text of a document is in the reply that the document was read from.
    pub(crate) fn locate(text: &str, reply: &[u8]) -> Self {
        if !reply.as_ptr_range().contains(&text.as_ptr()) {
            return Encoded::Apart(text.to_owned());
        }
        let start = text.as_ptr() as usize - reply.as_ptr() as usize;
        Encoded::Within(start..start + text.len())
    }

    /// Decodes it, making the reply's memory its own.
    ///
    /// Both alphabets are read, with padding, without, and with white space in between; none if
    /// it is no base64.
    pub(crate) fn decode(self, mut reply: Vec<u8>) -> Option<Vec<u8>> {
        match self {
            Encoded::Within(range) => {
                let start = range.start;
                let length = decode_in_place(reply.get_mut(range)?)?;
                reply.truncate(start + length);
                reply.drain(..start);
                Some(reply)
            }
            Encoded::Apart(text) => {
                let mut bytes = text.into_bytes();
                let length = decode_in_place(&mut bytes)?;
                bytes.truncate(length);
                Some(bytes)
            }
        }
    }
}

/// Decodes to the front of the same memory; gives the length of what is there then.
fn decode_in_place(text: &mut [u8]) -> Option<usize> {
    // A loop over the bytes would take several times as long as the decoding.
    if memchr2(b'-', b'_', text).is_some() {
        for byte in text.iter_mut() {
            match byte {
                b'-' => *byte = b'+',
                b'_' => *byte = b'/',
                _ => {}
            }
        }
    }
    base64_simd::forgiving_decode_inplace(text).ok().map(|decoded| decoded.len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::json::Json;

    fn decode(json: &str) -> Option<Vec<u8>> {
        let body = format!("{{\"before\": 1, \"data\": \"{json}\", \"after\": 2}}").into_bytes();
        let encoded = {
            let document = Json::read(&body).unwrap();
            Encoded::locate(document.get("data").text().unwrap(), &body)
        };
        encoded.decode(body)
    }

    #[test]
    fn every_way_of_writing_it_is_read() {
        let bytes = Some(vec![0xfb, 0xef, 0xff, 0x01]);
        for json in
            ["++//AQ==", "++//AQ", "--__AQ==", "--__AQ", "+-/_AQ", "++\\/\\/AQ==", "++//\\r\\nAQ=="]
        {
            assert_eq!(decode(json), bytes, "{json}");
        }
        assert_eq!(decode("QUJD"), Some(b"ABC".to_vec()));
    }

    #[test]
    fn the_replys_memory_becomes_the_images() {
        let body = b"{\"data\": \"QUJD\"}".to_vec();
        let address = body.as_ptr();
        let image = Encoded::Within(10..14).decode(body).unwrap();
        assert_eq!((image.as_slice(), image.as_ptr()), (&b"ABC"[..], address));
    }

    #[test]
    fn what_is_no_base64_gives_none() {
        for json in ["A", "QUJD!", "QU=JD", "äöü=", "QUJDR==="] {
            assert_eq!(decode(json), None, "{json}");
        }
        assert_eq!(Encoded::Within(3..99).decode(vec![0; 5]), None);
    }
}
