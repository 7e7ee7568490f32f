//! The body of a reply, as it comes.
//!
//! A file in it is decoded piece by piece, while the piece is in the processor's memory. So its base64 is never in
//! memory as a whole, and whatever reads the text beside it passes over nothing.

use base64_simd::STANDARD_NO_PAD;
use memchr::memchr2;

use super::TransportError;
use crate::job::Format;
use crate::large_body::{LARGE, SMALL};

/// How many characters of base64 tell the format of a file.
const HEAD: usize = 16;

/// How many characters are decoded together, and how many bytes they are.
pub(crate) const GROUP: usize = 4;
const DECODED: usize = 3;

/// As much memory as files need of whose reply the length is not known.
const SMALL_FILE: usize = SMALL / GROUP * DECODED;
const LARGE_FILE: usize = LARGE / GROUP * DECODED;

/// As many files are taken out at most: a reply has one, and perhaps some that the model only thought of.
const MOST_FILES: usize = 8;

/// As much memory as a text needs that loses its files, in bytes: two pieces of a stream.
const TEXT: usize = 512 * 1024;

/// The files of a body, each with where in the text the rest of its base64 stands: its end, which may be padded, and
/// what is not plain base64.
pub(crate) type Files = Vec<(usize, Vec<u8>)>;

/// What has been received of a body.
#[derive(Debug, Default)]
pub struct ReplyBody {
    /// Its text, without the files. What appends to it calls [`ReplyBody::appended`].
    pub text: Vec<u8>,
    pub(crate) files: Files,
    /// Whether files are taken out.
    takes_files: bool,
    /// How much of the text has been searched for the beginnings of files.
    searched: usize,
    /// Where the base64 of a file may stand: behind a quote, and nothing but base64 so far.
    start: Option<usize>,
    /// Whether the last file is the one there.
    is_begun: bool,
    /// The length that the reply announces, or 0.
    announced: usize,
}

impl ReplyBody {
    /// One of which files are taken out.
    pub(crate) fn with_files() -> Self {
        Self { takes_files: true, ..Self::default() }
    }

    /// Makes room for a piece of so many bytes.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn reserve(
        &mut self,
        piece: usize,
        announced: Option<usize>,
        limit: usize,
    ) -> Result<(), TransportError> {
        self.announced = announced.unwrap_or(0);
        let steps = [TEXT, self.announced, SMALL, LARGE];
        reserve(&mut self.text, piece, steps).ok_or(TransportError::TooLarge { limit })
    }

    /// Appends a piece.
    pub fn append(&mut self, piece: &[u8]) {
        self.text.extend_from_slice(piece);
        self.appended();
    }

    /// Takes files out of the text to which something was appended.
    pub fn appended(&mut self) {
        while self.takes_files {
            let Some(rest) = self.text.get(self.searched..) else { return };
            let found = memchr2(b'"', b'\\', rest);
            let end = found.map_or(self.text.len(), |at| self.searched + at);
            let end = end - self.take(end);
            self.searched = end;
            let Some(byte) = found.and(self.text.get(end)) else { return };
            let is_quote = *byte == b'"';
            // What is escaped may be a quote.
            self.searched += if is_quote { 1 } else { 2 };
            self.start = is_quote.then_some(self.searched);
            self.is_begun = false;
        }
    }

    /// Takes out the base64 of a file that stands before `end`; gives how much that is.
    fn take(&mut self, end: usize) -> usize {
        let Some(start) = self.start else { return 0 };
        let decoded = self.decode(start, end);
        match decoded {
            Some(length) => drop(self.text.drain(start..start + length)),
            None => self.start = None,
        }
        decoded.unwrap_or(0)
    }

    /// Decodes the base64 from `start` to `end`, but for the last group, which may be padded; gives how much that was.
    /// None if it is no plain base64 of a file.
    fn decode(&mut self, start: usize, end: usize) -> Option<usize> {
        let base64 = self.text.get(start..end)?;
        let length = base64.len().saturating_sub(GROUP) / GROUP * GROUP;
        if !self.is_begun {
            if length < HEAD {
                return Some(0);
            }
            let mut head = Vec::new();
            decode(base64.get(..HEAD)?, &mut head)?;
            Format::of(&head)?;
            // What is a file itself has no text.
            if self.files.len() == MOST_FILES || Format::of(&self.text).is_some() {
                return None;
            }
            self.files.push((start, Vec::new()));
            self.is_begun = true;
        }
        let (_, file) = self.files.last_mut()?;
        let steps = [0, self.announced / GROUP * DECODED, SMALL_FILE, LARGE_FILE];
        reserve(file, length / GROUP * DECODED, steps)?;
        decode(base64.get(..length)?, file)?;
        Some(length)
    }
}

/// Makes room for `more` bytes, up to the lowest of these steps that suffices: memory that grows leaves its earlier one
/// behind. None if there is no memory.
fn reserve(bytes: &mut Vec<u8>, more: usize, steps: [usize; 4]) -> Option<()> {
    let length = bytes.len().saturating_add(more);
    if length <= bytes.capacity() {
        return Some(());
    }
    let mut enough = usize::MAX;
    for step in steps {
        if step >= length && step < enough {
            enough = step;
        }
    }
    let enough = if enough == usize::MAX { length / 2 * 3 } else { enough };
    bytes.try_reserve_exact(enough - bytes.len()).ok()
}

/// Decodes plain base64 without padding and appends what it is; nothing if it is none.
pub(crate) fn decode(base64: &[u8], file: &mut Vec<u8>) -> Option<()> {
    STANDARD_NO_PAD.decode_append(base64, file).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn base64(file: &[u8]) -> String {
        base64_simd::STANDARD.encode_to_string(file)
    }

    /// A PNG of so many bytes.
    fn png(length: usize) -> Vec<u8> {
        let mut file: Vec<u8> = (0..length).map(|at| (at * at / 7) as u8).collect();
        file.splice(..8, *b"\x89PNG\r\n\x1a\n");
        file
    }

    fn received(body: &str, piece: usize) -> ReplyBody {
        let mut received = ReplyBody::with_files();
        body.as_bytes().chunks(piece).for_each(|piece| received.append(piece));
        received
    }

    #[test]
    fn a_file_leaves_the_text_but_for_its_end() {
        for length in [16, 17, 18, 19, 100, 5000] {
            let base64 = base64(&png(length));
            let body = format!(r#"{{"a\"":["data","{base64}"]}}"#);
            for piece in [1, 2, 3, 4, 5, 6, 7, 23, 500, usize::MAX] {
                let ReplyBody { text, files, .. } = received(&body, piece);
                let (place, file) = files.first().unwrap();
                let end = base64.get(file.len() / 3 * 4..).unwrap();
                assert!((4..8).contains(&end.len()), "{length} in pieces of {piece}: {end}");
                assert_eq!(String::from_utf8(text).unwrap(), body.replace(&base64, end));
                assert_eq!(
                    (*place, &**file),
                    (body.find(&base64).unwrap(), &png(length)[..file.len()])
                );
            }
        }
    }

    #[test]
    fn from_what_is_no_plain_base64_on_all_stays() {
        let base64 = base64(&png(3000));
        for odd in ["\\n", "\\/", "-", "=", " "] {
            for at in [0, 8, 500, 3900] {
                let (before, after) = base64.split_at(at);
                let data = format!("{before}{odd}{after}");
                for piece in [1, 7, 1000, usize::MAX] {
                    let ReplyBody { text, files, .. } = received(&format!("\"{data}\""), piece);
                    let file = files.first().map_or(&b""[..], |(_, file)| file);
                    let left = data.get(file.len() / 3 * 4..).unwrap();
                    assert!(file.len() <= at / 4 * 3 && left.ends_with(after));
                    assert_eq!(String::from_utf8(text).unwrap(), format!("\"{left}\""));
                }
            }
        }
    }

    #[test]
    fn what_is_no_file_in_a_text_stays() {
        let file = base64(&png(300));
        for body in [
            format!("{{\\\"data\\\":\\\"{file}\\\"}}"),
            format!("\x01\x02\x03\x04ftypisom \"{file}\""),
            file.replace("iVBOR", "\"AAAA"),
            "\"iVBORw0KGgoAAAANSUh\"".into(),
            file,
        ] {
            for piece in [1, 7, usize::MAX] {
                let ReplyBody { text, files, .. } = received(&body, piece);
                assert!(files.is_empty() && text == body.as_bytes(), "{body}");
            }
        }
        let many = format!("\"{}\",", base64(&png(30))).repeat(MOST_FILES + 2);
        assert_eq!(received(&many, 100).files.len(), MOST_FILES);
    }

    #[test]
    fn as_much_memory_is_reserved_as_the_file_will_need() {
        const PIECE: usize = 256 * 1024;
        let file = png(3_000_000);
        let body = format!(r#"{{"data":"{}"}}"#, base64(&file));
        for (announced, most) in [(Some(body.len()), 3_000_100), (None, SMALL / 4 * 3)] {
            let mut received = ReplyBody::with_files();
            let mut place = None;
            for piece in body.as_bytes().chunks(PIECE) {
                received.reserve(piece.len(), announced, LARGE).unwrap();
                received.append(piece);
                let (_, file) = received.files.first().unwrap();
                assert_eq!(*place.get_or_insert(file.as_ptr()), file.as_ptr(), "it has moved");
                assert!(file.capacity() <= most && received.text.capacity() <= TEXT);
            }
        }
    }
}
