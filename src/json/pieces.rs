//! What is sent piece by piece, as the network takes it.
//!
//! The files in a JSON text become base64 when their turn comes. Written out with all of them, the text
//! would be in memory beside the files, and larger than they are together.

use std::borrow::Cow;
use std::rc::Rc;

/// Bytes on their way out.
#[derive(Debug, Default)]
pub struct Pieces {
    /// Everything but the base64.
    pub(super) text: Vec<u8>,
    /// The files, each with where in the text its base64 stands. None is empty.
    pub(super) files: Vec<(usize, Rc<Vec<u8>>)>,
    /// Whether it is no text, but the files as they are.
    as_they_are: bool,
    /// How much of the text has been handed out.
    sent: usize,
    /// How many files have been handed out.
    files_sent: usize,
    /// How much of the next file has been handed out.
    encoded: usize,
}

impl From<Vec<u8>> for Pieces {
    fn from(text: Vec<u8>) -> Self {
        Self { text, ..Self::default() }
    }
}

/// A file as it is, without a copy of it.
impl From<Rc<Vec<u8>>> for Pieces {
    fn from(file: Rc<Vec<u8>>) -> Self {
        let files = if file.is_empty() { Vec::new() } else { vec![(0, file)] };
        Self { files, as_they_are: true, ..Self::default() }
    }
}

impl Pieces {
    /// Whether there are no more bytes than so many, of which none has been handed out.
    pub fn fits(&self, most: usize) -> bool {
        self.length() <= most
    }

    /// Hands out the next bytes, so many at most; `None` at the end.
    pub fn next(&mut self, most: usize) -> Option<Cow<'_, [u8]>> {
        let file = self.files.get(self.files_sent);
        let end = file.map_or(self.text.len(), |(place, _)| *place);
        if self.sent < end {
            let start = self.sent;
            self.sent = end.min(start.saturating_add(most));
            return self.text.get(start..self.sent).map(Cow::Borrowed);
        }
        let (_, file) = file?;
        let start = self.encoded;
        // Three bytes are four characters, so only the end of a file is padded.
        let piece = if self.as_they_are { most } else { most / 4 * 3 };
        let end = file.len().min(start.saturating_add(piece));
        self.encoded = end;
        if end == file.len() {
            self.files_sent += 1;
            self.encoded = 0;
        }
        let bytes = file.get(start..end)?;
        Some(match self.as_they_are {
            true => Cow::Borrowed(bytes),
            false => Cow::Owned(base64_simd::STANDARD.encode_type(bytes)),
        })
    }

    /// All bytes at once.
    pub fn into_bytes(mut self) -> Vec<u8> {
        if self.files.is_empty() && self.sent == 0 {
            return self.text;
        }
        let mut bytes = Vec::with_capacity(self.length());
        while let Some(piece) = self.next(usize::MAX) {
            bytes.extend_from_slice(&piece);
        }
        bytes
    }

    fn length(&self) -> usize {
        let files = self.files.iter().map(|(_, file)| match self.as_they_are {
            true => file.len(),
            false => file.len().div_ceil(3) * 4,
        });
        self.text.len() + files.sum::<usize>()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::json::object;

    fn pieces() -> Pieces {
        object(|it| {
            let file = |length: u8| Rc::new((0..length).collect::<Vec<u8>>());
            it.text("a", "before").base64("b", &file(7)).base64("c", &file(0));
            it.base64("d", &file(9)).text("e", "after");
        })
    }

    #[test]
    fn pieces_are_the_whole_however_long_they_are() {
        let whole = br#"{"a":"before","b":"AAECAwQFBg==","c":"","d":"AAECAwQFBgcI","e":"after"}"#;
        assert_eq!(pieces().into_bytes(), whole);
        assert!(pieces().fits(whole.len()) && !pieces().fits(whole.len() - 1));
        for most in [4, 5, 7, 8, 64, usize::MAX] {
            let (mut pieces, mut handed_out) = (pieces(), Vec::new());
            while let Some(piece) = pieces.next(most) {
                assert!((1..=most).contains(&piece.len()));
                handed_out.extend_from_slice(&piece);
            }
            assert_eq!(handed_out, whole, "{most}");
        }
    }

    #[test]
    fn a_file_as_it_is_can_be_handed_out_more_than_once() {
        let file = Rc::new((0..9).collect::<Vec<u8>>());
        for most in [4, 9, usize::MAX] {
            let (mut pieces, mut handed_out) = (Pieces::from(file.clone()), Vec::new());
            assert!(pieces.fits(9) && !pieces.fits(8));
            while let Some(piece) = pieces.next(most) {
                assert!((1..=most).contains(&piece.len()));
                handed_out.extend_from_slice(&piece);
            }
            assert_eq!(handed_out, *file);
        }
        assert!(Pieces::from(Rc::new(Vec::new())).into_bytes().is_empty());
    }

    #[test]
    fn a_file_is_not_written_out_before_its_turn() {
        let pieces = object(|it| {
            it.base64("data", &Rc::new(vec![0; 1 << 20]));
        });
        assert_eq!(pieces.text, br#"{"data":""}"#);
    }
}
