//! A price with two decimals.

use std::fmt;
use std::str::FromStr;

use czo_module_sdk::prelude::*;
use serde::{Deserialize, Deserializer, de};

/// A price, in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(u64);

/// Text that is no price such as `19`, `19.9` or `19.90`.
#[derive(Debug)]
pub struct NoPrice;

impl Price {
    /// The price of as many whole units that ends in these two digits: 19.20 becomes 19.99.
    pub fn ending_in(self, digits: &str) -> Result<Self, Failure> {
        let digits: u64 = digits.parse().map_err(|_| Failure::broken("the ending is no number"))?;
        Ok(Self(self.0 / 100 * 100 + digits))
    }
}

impl FromStr for Price {
    type Err = NoPrice;

    fn from_str(text: &str) -> Result<Self, NoPrice> {
        let digits = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse::<u64>().map_err(|_| NoPrice),
            false => Err(NoPrice),
        };
        let (units, rest) = text.split_once('.').unwrap_or((text, "00"));
        let hundredths = match rest.len() {
            1 => digits(rest)? * 10,
            2 => digits(rest)?,
            _ => return Err(NoPrice),
        };
        let units = digits(units)?.checked_mul(100).ok_or(NoPrice)?;
        // The ending of the largest price is no overflow.
        units.checked_add(99).ok_or(NoPrice)?;
        Ok(Self(units + hundredths))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|NoPrice| de::Error::custom(format!("`{text}` is no price")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().expect("a price")
    }

    #[test]
    fn prices_have_at_most_two_decimals() {
        assert_eq!(price("19"), price("19.0"));
        assert_eq!(price("19.9").to_string(), "19.90");
        for text in ["", ".5", "1.", "1.234", "-1", "+1", "1e3", "99999999999999999999"] {
            assert!(text.parse::<Price>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_price_keeps_its_whole_units_and_gets_the_ending() -> Result<(), Failure> {
        assert_eq!(price("19.20").ending_in("99")?, price("19.99"));
        assert_eq!(price("19.99").ending_in("00")?, price("19"));
        Ok(())
    }
}
