//! Files that were cut: one that says where it ends has to reach that end.

use crate::job::Format;

/// What stands before the chunks of a PNG.
const PNG_HEAD: usize = 8;

/// What a chunk of a PNG has beside its data.
const AROUND: u32 = 12;

/// The name of the last chunk.
const LAST: &[u8; 4] = b"IEND";

/// Whether a file reaches the end that it declares. In a reply that nothing closes (`is_open`) it may have been cut
/// anywhere. Elsewhere what has not even one whole part is believed: it may be no such file at all. A JPEG says nothing
/// of its length, and the length of a WebP is not that of its parts.
pub(super) fn is_whole(format: Format, file: &[u8], is_open: bool) -> bool {
    let (start, more) = if format == Format::Png { (PNG_HEAD, AROUND) } else { (0, 0) };
    let (mut at, mut is_believed) = (start, !is_open);
    while let Some([a, b, c, d, name @ ..]) =
        file.get(at..).and_then(|rest| rest.first_chunk::<8>())
    {
        let length = u32::from_be_bytes([*a, *b, *c, *d]).saturating_add(more);
        // The last part, what is no part, and a length that stands elsewhere: the file does not say where it ends.
        if name == LAST || length < 8 || !name.iter().all(u8::is_ascii_alphabetic) {
            return true;
        }
        at = at.saturating_add(length as usize);
        if at > file.len() {
            return is_believed;
        }
        is_believed = false;
    }
    true
}
