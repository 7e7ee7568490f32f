//! Walks through a JSON text from value to value, without memory of its own.
//!
//! Nothing stops it: what is no JSON is taken for what it was most probably meant to be, and noted.
//! A number too large, a comma too many or an end too early must not lose the image beside it.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;

/// How deep a text is followed. Deeper ones are made of nothing but brackets.
const DEEPEST: u32 = 1 << 20;

/// What is behind a cursor's place.
pub(crate) enum Value<'a> {
    /// The inside of an object: its members follow.
    Object,
    /// The inside of a list: its elements follow.
    List,
    /// A text; where it is between its quotes.
    Text(Range<usize>),
    /// A number or a literal, or what stands where one should.
    Word(&'a [u8]),
}

/// Whether a text may be the whole of what was sent: what begins with a bracket ends with one, and a page is
/// none. To follow it to its end would take as long as to read it.
pub(crate) fn may_be_whole(text: &[u8]) -> bool {
    match text.trim_ascii() {
        [b'[', .., b']'] | [b'{', .., b'}'] => true,
        [b'[' | b'{' | b'<', ..] | [] => false,
        _ => true,
    }
}

/// A place in a text.
pub(crate) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    /// Whether lines may begin with the `data:` of an event stream.
    in_events: bool,
    /// Whether anything up to here was no JSON.
    pub(crate) odd: bool,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, in_events: false, odd: false }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, start: &[u8]) -> bool {
        let found = self.rest().starts_with(start);
        self.at += if found { start.len() } else { 0 };
        found
    }

    fn skip_space(&mut self) {
        while let Some(byte @ (b' ' | b'\t' | b'\n' | b'\r')) = self.peek() {
            self.at += 1;
            if self.in_events && byte < b' ' {
                self.eat(b"data:");
            }
        }
    }

    /// Goes to the next object or list outside of all others; false at the end. An event stream and
    /// lines of JSON have several. What else stands around them is left out.
    pub(crate) fn next_document(&mut self) -> bool {
        loop {
            let may_begin = |byte: &u8| matches!(byte, b'{' | b'[' | b'd');
            self.at += self.rest().iter().position(may_begin).unwrap_or(self.rest().len());
            match self.peek() {
                None => return false,
                Some(b'{' | b'[') => return true,
                Some(_) if self.eat(b"data:") => self.in_events = true,
                Some(_) => self.at += 1,
            }
        }
    }

    /// Whether nothing but space is left.
    pub(crate) fn at_end(&mut self) -> bool {
        self.skip_space();
        self.peek().is_none()
    }

    /// Begins the value that stands here.
    pub(crate) fn value(&mut self) -> Value<'a> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => {
                self.at += 1;
                Value::Object
            }
            Some(b'[') => {
                self.at += 1;
                Value::List
            }
            Some(b'"') => self.string(),
            _ => Value::Word(self.word()),
        }
    }

    /// Goes to the next member or element; false at the end, which is past `close` then.
    pub(crate) fn next(&mut self, close: u8, is_first: bool) -> bool {
        self.skip_space();
        let mut commas = 0;
        while self.eat(b",") {
            commas += 1;
            self.skip_space();
        }
        let expected = usize::from(!is_first);
        match self.peek() {
            Some(byte @ (b'}' | b']')) => {
                self.odd |= commas > 0 || byte != close;
                self.at += 1;
                false
            }
            next => {
                self.odd |= commas != expected || next.is_none();
                next.is_some()
            }
        }
    }

    /// Goes past the name of a member, and its colon.
    pub(crate) fn name(&mut self) -> Range<usize> {
        let name = match self.value() {
            Value::Text(name) => name,
            _ => {
                self.odd = true;
                0..0
            }
        };
        self.skip_space();
        self.odd |= !self.eat(b":");
        name
    }

    /// Goes past the rest of an object or a list, however deep it is. What is deeper than [`DEEPEST`] has no
    /// end.
    pub(crate) fn skip_inside(&mut self) {
        let mut open = 1_u32;
        while let Some(byte) = self.peek().filter(|_| open < DEEPEST) {
            if byte == b'"' {
                self.string();
                continue;
            }
            self.at += 1;
            match byte {
                b'{' | b'[' => open += 1,
                b'}' | b']' if open == 1 => return,
                b'}' | b']' => open -= 1,
                _ => {}
            }
        }
        (self.odd, self.at) = (true, self.text.len());
    }

    /// A text; one that does not end is none.
    fn string(&mut self) -> Value<'a> {
        let start = self.at + 1;
        let mut at = start;
        loop {
            // A loop over the bytes of a large reply would take longer than all the rest.
            let found = memchr2(b'"', b'\\', self.text.get(at..).unwrap_or_default());
            at = found.map_or(self.text.len(), |found| at + found);
            match self.text.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Value::Text(start..at);
                }
                Some(_) => at += 2,
                None => {
                    self.odd = true;
                    self.at = self.text.len();
                    return Value::Word(b"");
                }
            }
        }
    }

    fn word(&mut self) -> &'a [u8] {
        let in_word = |byte: &u8| !b" \t\n\r,:[]{}\"".contains(byte);
        let rest = self.rest();
        let length = rest.iter().position(|byte| !in_word(byte)).unwrap_or(rest.len());
        // A colon alone, so that there is an end to it.
        let length = length.max(usize::from(rest.first() == Some(&b':')));
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// The characters between two quotes.
    pub(crate) fn raw(&self, text: Range<usize>) -> &'a [u8] {
        self.text.get(text).unwrap_or_default()
    }

    /// What a text says, borrowed unless it was written with escapes.
    pub(crate) fn text(&mut self, text: Range<usize>) -> Cow<'a, str> {
        let raw = self.raw(text);
        let raw = str::from_utf8(raw).unwrap_or_else(|error| {
            self.odd = true;
            let valid = raw.get(..error.valid_up_to()).unwrap_or_default();
            str::from_utf8(valid).unwrap_or_default()
        });
        self.odd |= has_control(raw.as_bytes());
        let Some((plain, mut rest)) = raw.split_once('\\') else { return Cow::Borrowed(raw) };
        let mut text = plain.to_owned();
        loop {
            let (meant, length) = unescape(rest.as_bytes());
            self.odd |= meant.is_none();
            text.push(meant.unwrap_or(char::REPLACEMENT_CHARACTER));
            // What is no escape may end within a character.
            rest = rest.get(length..).unwrap_or_default();
            match rest.split_once('\\') {
                Some((plain, later)) => {
                    text.push_str(plain);
                    rest = later;
                }
                None => return Cow::Owned(text + rest),
            }
        }
    }
}

/// Whether a text has characters below the blank. To read each took as long as all the rest of a text.
fn has_control(text: &[u8]) -> bool {
    const EACH: u64 = u64::MAX / 0xff;
    let (blocks, rest) = text.as_chunks();
    // Of a byte below the blank the difference has the highest bit, and the byte has not.
    let is_in = |block: &[u8; 8]| {
        let block = u64::from_ne_bytes(*block);
        block.wrapping_sub(EACH * 0x20) & !block & (EACH * 0x80) != 0
    };
    blocks.iter().any(is_in) || rest.iter().any(|byte| *byte < b' ')
}

/// The character that an escape means, and how long it is without its backslash.
pub(crate) fn unescape(escape: &[u8]) -> (Option<char>, usize) {
    let short = match escape.first() {
        Some(b'u') => return unescape_unit(escape),
        Some(byte @ (b'"' | b'\\' | b'/')) => Some(char::from(*byte)),
        Some(b'b') => Some('\u{8}'),
        Some(b'f') => Some('\u{c}'),
        Some(b'n') => Some('\n'),
        Some(b'r') => Some('\r'),
        Some(b't') => Some('\t'),
        _ => None,
    };
    (short, usize::from(short.is_some()))
}

/// The character of one escaped unit of UTF-16, or of a pair of them.
fn unescape_unit(escape: &[u8]) -> (Option<char>, usize) {
    const UNIT: usize = 5;
    match (unit(escape), escape.get(UNIT..).and_then(|next| unit(next.strip_prefix(b"\\")?))) {
        (Some(high @ 0xd800..0xdc00), Some(low @ 0xdc00..0xe000)) => {
            let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            (char::from_u32(code), 2 * UNIT + 1)
        }
        (Some(unit), _) => (char::from_u32(unit), UNIT),
        (None, _) => (None, 1),
    }
}

/// The number in an escaped unit of UTF-16, without its backslash.
pub(crate) fn unit(escape: &[u8]) -> Option<u32> {
    let digits = escape.strip_prefix(b"u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

/// The number that a word is; none if it is not one of JSON's or too large for a computer.
pub(crate) fn number(word: &[u8]) -> Option<f64> {
    let (negative, digits) = match word.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, word),
    };
    let (whole, rest) = split_digits(digits);
    if whole.is_empty() || whole.len() > 1 && whole.starts_with(b"0") {
        return None;
    }
    let (fraction, rest) = match rest.strip_prefix(b".") {
        Some(rest) => split_digits(rest),
        None => (&b"0"[..], rest),
    };
    let exponent = match rest {
        [] => 0,
        [b'e' | b'E', rest @ ..] => exponent(rest)?,
        _ => return None,
    };
    if fraction.is_empty() {
        return None;
    }
    let size = float(whole, fraction, exponent);
    size.is_finite().then_some(if negative { -size } else { size })
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let length = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(length)
}

/// An exponent; of those that are beyond all numbers one is as good as another.
fn exponent(text: &[u8]) -> Option<i32> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let (digits, rest) = split_digits(digits);
    if digits.is_empty() || !rest.is_empty() {
        return None;
    }
    let size = digits
        .iter()
        .fold(0_i32, |size, digit| size.saturating_mul(10).saturating_add(i32::from(digit - b'0')));
    let size = size.min(100_000);
    Some(if negative { -size } else { size })
}

/// A decimal as the nearest float there is, or one of its neighbours.
fn float(whole: &[u8], fraction: &[u8], exponent: i32) -> f64 {
    const ROOM: u64 = (u64::MAX - 9) / 10;
    const LARGEST: i32 = 308;
    let mut digits = 0_u64;
    let mut exponent = exponent;
    for (part, is_fraction) in [(whole, false), (fraction, true)] {
        for digit in part {
            let fits = digits <= ROOM;
            if fits {
                digits = digits * 10 + u64::from(digit - b'0');
            }
            exponent = exponent.saturating_add(i32::from(!fits) - i32::from(is_fraction));
        }
    }
    let size = digits as f64;
    match exponent {
        _ if digits == 0 => 0.0,
        0.. => size * 10_f64.powi(exponent),
        _ if exponent < -LARGEST => size / 1e308 / 10_f64.powi(-LARGEST - exponent),
        _ => size / 10_f64.powi(-exponent),
    }
}
