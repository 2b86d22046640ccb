//! A value as it is kept: whole numbers apart, so that one statement can add to them.

use sea_orm::{QueryResult, Value};

use crate::ModuleError;
use crate::store::row;

/// A value as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// A whole number in its shortest form.
    Number(i64),
    /// Anything else.
    Bytes(Vec<u8>),
}

impl Kept {
    /// Only what is written as this program would write it is a number: so it comes back byte for
    /// byte.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        let number = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse::<i64>().ok());
        match number {
            Some(number) if number.to_string().as_bytes() == bytes => Self::Number(number),
            _ => Self::Bytes(bytes),
        }
    }

    pub(super) fn read(row: &QueryResult) -> Result<Self, ModuleError> {
        match row::get(row, "number")? {
            Some(number) => Ok(Self::Number(number)),
            None => row::get(row, "value").map(Self::Bytes),
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Number(number) => number.to_string().into_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// The columns `value` and `number`.
    pub(super) fn columns(&self) -> [Value; 2] {
        match self {
            Self::Number(number) => [Value::Bytes(None), (*number).into()],
            Self::Bytes(bytes) => [bytes.clone().into(), Value::BigInt(None)],
        }
    }

    /// How many bytes it counts for. Numbers count the same, so that adding to one changes nothing.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Number(_) => size_of::<i64>(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_shortest_form_is_a_number() {
        for text in ["0", "-1", "9223372036854775807", "-9223372036854775808"] {
            assert!(matches!(Kept::of(text.into()), Kept::Number(_)), "{text}");
        }
        for text in ["", "-0", "+1", "01", " 1", "1.0", "1e3", "9223372036854775808", "one"] {
            assert!(matches!(Kept::of(text.into()), Kept::Bytes(_)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_value_comes_back_byte_for_byte(bytes: Vec<u8>, number: i64) {
            prop_assert_eq!(Kept::of(bytes.clone()).into_bytes(), bytes);
            let text = number.to_string().into_bytes();
            prop_assert_eq!(Kept::of(text.clone()).into_bytes(), text);
        }
    }
}
