//! The file in a reply. Most of its base64 has usually been decoded when the reply was received; here it is known among
//! all that a reply may have, and its end is decoded.

use std::ops::Range;

use super::result::{NO_RESULT, is_metadata, is_of_request, is_over, is_yes};
use super::whole::is_whole;
use crate::http::{Files, GROUP, decode};
use crate::job::Format;
use crate::json::{Cursor, CursorValue as Value, has_name, same_name, unescape};
use crate::search::Search as _;

/// How deep a reply is searched.
const DEPTH: u8 = 64;

/// How many bytes of a file tell its format, as base64.
const HEAD: usize = 16;

/// What stands before the data of a `data:` URL; some leave out the rest of it.
const BASE64: &[u8] = b"base64";

/// In how many characters those bytes stand, escapes and white space included.
const LONGEST_HEAD: usize = 256;

/// How long a word is at most that says of an object what it is.
const LONGEST_WORD: usize = 16;

/// How long the line at least is that begins a block of code in Markdown.
const FENCE: usize = 3;

/// How many values are searched. A reply has some hundred.
const MOST_VALUES: u32 = 1 << 20;

/// How many commas in texts may be what a `data:` URL has before its data, the last ones of each text first.
/// Each costs a look around, and a reply may be nothing but commas.
const MOST_COMMAS: u32 = 1 << 16;

/// How many files are decoded, the last first, until one is whole.
const MOST_TRIES: u32 = 4;

/// Makes a reply the last file of a wanted format in it, whatever stands around that. `files` are those that
/// were taken out of it. A file's own first bytes tell what it is. What the model only thought of is none, and neither
/// is what it was given.
///
/// Base64 is read in both alphabets, with padding, without, with white space in between and with
/// escapes. In an operation that is not over there is no result yet. Without a file the reply remains; of one whose
/// last file was cut nothing does.
pub(in crate::service) fn take_file(
    reply: &mut Vec<u8>,
    files: &mut Files,
    is_wanted: fn(Format) -> bool,
) -> Option<Format> {
    take(reply, files, is_wanted, true)
}

/// The same of an image in a reply that is no operation, whatever stands beside it.
pub(super) fn take_image(reply: &mut Vec<u8>, files: &mut Files) -> Option<Format> {
    take(reply, files, Format::is_image, false)
}

fn take(
    reply: &mut Vec<u8>,
    files: &mut Files,
    is_wanted: fn(Format) -> bool,
    is_operation: bool,
) -> Option<Format> {
    if Format::of(reply).is_some_and(is_wanted) {
        return whole_file(reply, true);
    }
    for _ in 0..MOST_TRIES {
        let (found, nested) = find_file(reply, files, is_wanted, is_operation);
        let Some(Range { start, end }) = found else {
            let mut inner = reply.get(nested?)?.to_vec();
            let length = unescape_in_place(&mut inner, false);
            inner.truncate(length);
            let format = take(&mut inner, &mut Files::new(), is_wanted, is_operation);
            if format.is_some() || inner.is_empty() {
                *reply = inner;
            }
            return format;
        };
        // In JSON a quote follows.
        let is_open = end == reply.len();
        let text = reply.get_mut(start..end)?;
        let begun = files.iter().position(|(place, _)| *place == start);
        let mut file = begun.map_or_else(Vec::new, |at| files.swap_remove(at).1);
        if decode_rest(text, &mut file).is_some() {
            file.shrink_to_fit();
            *reply = file;
            return whole_file(reply, is_open);
        }
        // It was no base64 after all, and is not found again.
        text.fill(b'!');
    }
    None
}

/// The format of a file; one that was cut is emptied.
fn whole_file(file: &mut Vec<u8>, is_open: bool) -> Option<Format> {
    let format = Format::of(file)?;
    if is_whole(format, file, is_open) {
        return Some(format);
    }
    file.clear();
    None
}

/// Where the last file of a wanted format is, and the longest text that may be JSON itself.
fn find_file(
    reply: &[u8],
    files: &Files,
    is_wanted: fn(Format) -> bool,
    is_operation: bool,
) -> (Option<Range<usize>>, Option<Range<usize>>) {
    let cursor = Cursor::new(reply);
    let (values, commas) = (MOST_VALUES, MOST_COMMAS);
    let mut search =
        Search { reply, files, cursor, is_wanted, is_operation, nested: None, values, commas };
    let mut found = None;
    if reply.trim_ascii_start().starts_with(b"\"") {
        let value = search.cursor.value();
        found = search.in_value(value, DEPTH);
    }
    while search.values > 0 && search.cursor.next_document() {
        let value = search.cursor.value();
        found = search.in_value(value, DEPTH).or(found);
    }
    // A text that is no JSON at all.
    if found.is_none() && !reply.contains(&b'{') {
        found = search.in_text(0..reply.len());
    }
    (found, search.nested)
}

/// The search for a file in a reply.
struct Search<'a> {
    reply: &'a [u8],
    files: &'a Files,
    cursor: Cursor<'a>,
    is_wanted: fn(Format) -> bool,
    is_operation: bool,
    nested: Option<Range<usize>>,
    /// How many values more are searched.
    values: u32,
    /// How many commas more are checked.
    commas: u32,
}

impl Search<'_> {
    fn in_value(&mut self, value: Value<'_>, depth: u8) -> Option<Range<usize>> {
        self.values = self.values.saturating_sub(1);
        match value {
            Value::Text(text) => self.in_text(text),
            Value::Word(_) => None,
            _ if depth == 0 => {
                self.cursor.skip_inside();
                None
            }
            Value::Object => self.in_object(depth - 1),
            Value::List => {
                let mut found = None;
                while self.has_next(b']') {
                    let value = self.cursor.value();
                    found = self.in_value(value, depth - 1).or(found);
                }
                found
            }
        }
    }

    /// Goes to the next member or element; false at the end, and where no more are searched.
    fn has_next(&mut self, close: u8) -> bool {
        if self.values == 0 {
            self.cursor.skip_inside();
        }
        self.values > 0 && self.cursor.next(close, true)
    }

    fn in_object(&mut self, depth: u8) -> Option<Range<usize>> {
        let (mut found, mut in_metadata, mut over) = (None, None, None);
        let mut is_result = true;
        while self.has_next(b'}') {
            let name = self.cursor.name();
            let name = str::from_utf8(self.cursor.raw(name)).unwrap_or_default();
            let value = self.cursor.value();
            let said = match &value {
                Value::Text(text) if text.len() <= LONGEST_WORD => self.cursor.raw(text.clone()),
                Value::Word(word) => word,
                _ => b"",
            };
            let said = str::from_utf8(said).unwrap_or_default();
            is_result &= !says_otherwise(name, said);
            over = is_over(name, said).or(over);
            let inside = self.in_value(value, depth).filter(|_| !is_of_request(name));
            let place = if is_metadata(name) { &mut in_metadata } else { &mut found };
            *place = inside.or(place.take());
        }
        let found = found.or(in_metadata.filter(|_| over.is_some()));
        found.filter(|_| is_result && (over != Some(false) || !self.is_operation))
    }

    fn in_text(&mut self, text: Range<usize>) -> Option<Range<usize>> {
        if self.is_file(&text) {
            return Some(text);
        }
        let text = in_fence(self.reply, text);
        let raw = self.reply.get(text.clone())?;
        let is_longer = self.nested.as_ref().is_none_or(|nested| nested.len() < raw.len());
        if raw.trim_ascii_start().starts_with(b"{") && is_longer {
            self.nested = Some(text);
            return None;
        }
        if self.is_file(&text) {
            return Some(text);
        }
        // The last one that a text leads to by a `data:` URL.
        let mut end = raw.len();
        while let Some(comma) = raw.get(..end)?.iter().rposition(|byte| *byte == b',') {
            self.commas = self.commas.checked_sub(1)?;
            end = comma;
            let data = |most| {
                let Range { start, end } = data_of_url(raw, comma, most)?;
                Some(text.start + start..text.start + end)
            };
            if data(LONGEST_HEAD).is_some_and(|head| self.is_file(&head)) {
                return data(usize::MAX);
            }
        }
        None
    }

    /// Whether a file of a wanted format stands here.
    fn is_file(&self, data: &Range<usize>) -> bool {
        let begun = self.files.iter().find(|(place, _)| *place == data.start);
        let format = match begun {
            Some((_, file)) if !file.is_empty() => Format::of(file),
            _ => self.reply.get(data.clone()).and_then(format_of),
        };
        format.is_some_and(self.is_wanted)
    }
}

/// What stands in the last block of code in a text, behind the line that begins it and that may name a language; all
/// of the text if there is none. In JSON an escape ends a line.
fn in_fence(reply: &[u8], text: Range<usize>) -> Range<usize> {
    let raw = reply.get(text.clone()).unwrap_or_default();
    // Nearly no text has one.
    if !raw.contains(&b'`') {
        return text;
    }
    let inside = || {
        let (before, _) = str::from_utf8(raw).ok()?.cut_last("```")?;
        let (opening, block) = before.cut_last("```")?;
        let line = block.find(['\n', '\\'])?;
        let escape = usize::from(block.as_bytes().get(line) == Some(&b'\\'));
        let start = text.start + opening.len() + FENCE + line + 1 + escape;
        Some(start..text.start + before.len())
    };
    inside().unwrap_or_else(|| text.clone())
}

/// Whether a member says that its object is no part of the result.
fn says_otherwise(name: &str, value: &str) -> bool {
    if same_name(name, "thought") {
        return is_yes(value);
    }
    has_name(&["type", "role"], name) && NO_RESULT.contains(&value)
}

/// Where the data of a `data:` URL are, if they begin behind this comma: up to what ends a URL, or the first
/// `most` bytes of them.
fn data_of_url(text: &[u8], comma: usize, most: usize) -> Option<Range<usize>> {
    let before = text.get(..comma)?;
    let encoding = before.get(comma.saturating_sub(BASE64.len())..).unwrap_or_default();
    let is_url = before.starts_with(b"data:") || before.ends_with(b"data:");
    if !encoding.eq_ignore_ascii_case(BASE64) && !is_url {
        return None;
    }
    let data = text.get(comma + 1..)?;
    let data = data.get(..most).unwrap_or(data);
    let ends = |(at, byte): (usize, &u8)| match byte {
        b')' | b' ' | b'<' | b'>' | b'"' | b'\'' | b'`' => true,
        // Those of a slash and of what a number stands for are escapes of the data.
        b'\\' => !matches!(data.get(at + 1), Some(b'/' | b'u')),
        _ => false,
    };
    let length = data.iter().enumerate().position(ends).unwrap_or(data.len());
    Some(comma + 1..comma + 1 + length)
}

/// The format of a file in base64.
fn format_of(text: &[u8]) -> Option<Format> {
    let mut head = [0; HEAD];
    let mut length = 0;
    let mut rest = text;
    while let (Some(place), Some(byte)) = (head.get_mut(length), next_plain(&mut rest)) {
        *place = byte;
        length += usize::from(!byte.is_ascii_whitespace());
    }
    let mut file = Vec::new();
    decode_rest(head.get_mut(..length)?, &mut file)?;
    Format::of(&file)
}

/// Takes the first byte off a text, escaped or not. No character but those of ASCII is of base64.
fn next_plain(text: &mut &[u8]) -> Option<u8> {
    let (first, mut rest) = text.split_first()?;
    let mut plain = *first;
    if plain == b'\\' {
        let (meant, length) = unescape(rest);
        plain = meant.and_then(|meant| u8::try_from(meant).ok()).unwrap_or(b'!');
        rest = rest.get(length..)?;
    }
    *text = rest;
    Some(plain)
}

/// Replaces the escapes in a text, and leaves out what is no digit of base64 if it is that; gives the length of what
/// is there then.
fn unescape_in_place(text: &mut [u8], is_base64: bool) -> usize {
    let (mut from, mut to) = (0, 0);
    while let Some(mut rest) = text.get(from..).filter(|rest| !rest.is_empty()) {
        let left = rest.len();
        let plain = match next_plain(&mut rest).unwrap_or(b'!') {
            b'-' if is_base64 => b'+',
            b'_' if is_base64 => b'/',
            plain => plain,
        };
        from += (left - rest.len()).max(1);
        if is_base64 && plain.is_ascii_whitespace() {
            continue;
        }
        if let Some(place) = text.get_mut(to) {
            *place = plain;
        }
        to += 1;
    }
    to
}

/// Decodes what is left of the base64 of a file, behind what there is of it.
fn decode_rest(text: &mut [u8], file: &mut Vec<u8>) -> Option<()> {
    // Nearly all texts are plain but for their end. To go through the characters takes several times as long.
    let plain = text.len().saturating_sub(GROUP) / GROUP * GROUP;
    let done = decode(text.get(..plain)?, file).map_or(0, |()| plain);
    let rest = text.get_mut(done..)?;
    let length = unescape_in_place(rest, true);
    let mut digits = rest.get(..length)?;
    if length.is_multiple_of(GROUP) {
        for _ in 0..2 {
            digits = digits.strip_suffix(b"=").unwrap_or(digits);
        }
    }
    let (groups, last) = digits.split_at(digits.len() / GROUP * GROUP);
    decode(groups, file)?;
    let missing = GROUP - last.len();
    let mut group = [b'A'; GROUP];
    group.iter_mut().zip(last).for_each(|(place, digit)| *place = *digit);
    match missing {
        1 | 2 => decode(&group, file)?,
        GROUP => return Some(()),
        _ => return None,
    }
    file.truncate(file.len() - missing);
    Some(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
