//! Base64, decoded as the WHATWG writes it down ("forgiving-base64 decode"), one digit at a time,
//! in both alphabets.

pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut digits: Vec<char> = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if digits.len().is_multiple_of(4) {
        for _ in 0..2 {
            if digits.last() == Some(&'=') {
                digits.pop();
            }
        }
    }
    if digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for digit in digits {
        bits = bits << 6 | value(digit)?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

fn value(digit: char) -> Option<u32> {
    let from = |first: char| digit as u32 - first as u32;
    match digit {
        'A'..='Z' => Some(from('A')),
        'a'..='z' => Some(26 + from('a')),
        '0'..='9' => Some(52 + from('0')),
        '+' | '-' => Some(62),
        '/' | '_' => Some(63),
        _ => None,
    }
}
