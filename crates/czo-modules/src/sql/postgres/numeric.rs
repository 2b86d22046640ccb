//! PostgreSQL's `numeric`, as it is on the wire: digits to the base 10,000.

use std::fmt::Write;

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xc000;
const INFINITY: u16 = 0xd000;
const MINUS_INFINITY: u16 = 0xf000;

/// How many decimal digits one digit to the base 10,000 is.
const WIDTH: usize = 4;

/// How many decimal digits a number handed in may have, before and behind the point.
const MAX_DIGITS: usize = 1_000;

/// A number as text, with all the decimals it has.
pub(super) fn to_text(bytes: &[u8]) -> Option<String> {
    let mut words = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let count = usize::from(words.next()?);
    let weight = i32::from(words.next()?.cast_signed());
    let (sign, scale) = (words.next()?, usize::from(words.next()?));
    match sign {
        NAN => return Some("NaN".to_owned()),
        INFINITY => return Some("Infinity".to_owned()),
        MINUS_INFINITY => return Some("-Infinity".to_owned()),
        _ => {}
    }
    let digits: Vec<u16> = words.collect();
    if digits.len() != count {
        return None;
    }
    // The digit that stands for 10,000 to the power of `place`.
    let digit = |place: i32| {
        usize::try_from(weight - place).ok().and_then(|index| digits.get(index)).copied()
    };
    let mut text = String::new();
    if sign == NEGATIVE {
        text.push('-');
    }
    write!(text, "{}", digit(weight.max(0)).unwrap_or_default()).ok()?;
    for place in (0..weight.max(0)).rev() {
        write!(text, "{:04}", digit(place).unwrap_or_default()).ok()?;
    }
    if scale > 0 {
        text.push('.');
        let end = text.len() + scale;
        let mut place = -1;
        while text.len() < end {
            write!(text, "{:04}", digit(place).unwrap_or_default()).ok()?;
            place -= 1;
        }
        text.truncate(end);
    }
    Some(text)
}

/// The bytes of a number that is written as digits, with a sign and a point where wanted.
pub(super) fn from_text(text: &str) -> Option<Vec<u8>> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (NEGATIVE, rest),
        None => (0, text),
    };
    let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    let fits = whole.len().max(decimals.len()) <= MAX_DIGITS
        && is_number(whole)
        && is_number(decimals)
        && !(whole.is_empty() && decimals.is_empty());
    if !fits {
        return None;
    }
    let ahead = (WIDTH - whole.len() % WIDTH) % WIDTH;
    let behind = (WIDTH - decimals.len() % WIDTH) % WIDTH;
    let padded = format!("{:0>ahead$}{whole}{decimals}{:0>behind$}", "", "");
    let mut digits: Vec<u16> = padded
        .as_bytes()
        .chunks_exact(WIDTH)
        .map(|four| four.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
        .collect();
    let mut weight = i16::try_from(whole.len().div_ceil(WIDTH)).ok()? - 1;
    // As the server has it: no zeros at either end.
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    digits.drain(..zeros);
    weight -= i16::try_from(zeros).ok()?;
    while digits.last() == Some(&0) {
        digits.pop();
    }
    let (sign, weight) = if digits.is_empty() { (0, 0) } else { (sign, weight) };
    let mut bytes = Vec::with_capacity(8 + 2 * digits.len());
    bytes.extend(u16::try_from(digits.len()).ok()?.to_be_bytes());
    bytes.extend(weight.to_be_bytes());
    bytes.extend(sign.to_be_bytes());
    bytes.extend(u16::try_from(decimals.len()).ok()?.to_be_bytes());
    bytes.extend(digits.iter().flat_map(|digit| digit.to_be_bytes()));
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for text in ["0", "1", "-1", "10000", "12345678.0900", "0.0001", "-0.5", "100000000"] {
            let bytes = from_text(text).expect("a number");
            assert_eq!(to_text(&bytes).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "1e5", "0x10", "1.2.3", "one", "+1", " 1"] {
            assert_eq!(from_text(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_decimal_comes_back(whole in 0..u64::MAX, decimals in "[0-9]{0,9}", minus: bool) {
            let number = if decimals.is_empty() { whole.to_string() } else { format!("{whole}.{decimals}") };
            let is_zero = number.bytes().all(|digit| digit == b'0' || digit == b'.');
            let text = if minus && !is_zero { format!("-{number}") } else { number };
            let bytes = from_text(&text).expect("a number");
            prop_assert_eq!(to_text(&bytes), Some(text));
        }
    }
}
