//! Amounts of money, in minor units of a currency.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A currency of ISO 4217 that has a minor unit or none (`EUR`, `JPY`, `KWD`); fund codes and
/// metals such as `XAU` are refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

/// An amount of money, or text that should be one, is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// Not a currency.
    #[error("expected a currency of ISO 4217 such as `EUR`")]
    Currency,
    /// Not a decimal number.
    #[error("expected a decimal number such as `19.90`, without thousands separators")]
    NotANumber,
    /// Below zero.
    #[error("expected an amount of zero or more")]
    Negative,
    /// More decimals than the currency has.
    #[error("expected at most {digits} decimals, which is what {currency} has")]
    TooPrecise {
        /// The currency.
        currency: Currency,
        /// How many decimals it has.
        digits: u32,
    },
    /// More than [`Money::MAX_MINOR`].
    #[error("expected an amount of at most {} minor units", Money::MAX_MINOR)]
    TooLarge,
}

impl Currency {
    /// How many decimals an amount has.
    #[must_use]
    pub fn digits(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }

    /// The code of three capital letters.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        iso_currency::Currency::from_code(text)
            .filter(|currency| currency.exponent().is_some())
            .map(Self)
            .ok_or(MoneyError::Currency)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::deserialize(deserializer)
    }
}

/// An amount of money, zero or more, exact.
///
/// ```
/// use czo_core::Money;
///
/// let price = Money::parse("19.9", "EUR".parse()?)?;
/// assert_eq!((price.minor_units(), price.amount()), (1990, "19.90".to_owned()));
/// # Ok::<(), czo_core::MoneyError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    minor_units: i64,
    currency: Currency,
}

impl Money {
    /// The largest amount, 10¹² minor units: far above any price, and far below where JSON
    /// numbers lose precision.
    pub const MAX_MINOR: i64 = 1_000_000_000_000;

    /// An amount in minor units (cents, where the currency has cents).
    ///
    /// # Errors
    ///
    /// [`MoneyError::Negative`] or [`MoneyError::TooLarge`].
    pub fn from_minor_units(minor_units: i64, currency: Currency) -> Result<Self, MoneyError> {
        match minor_units {
            ..0 => Err(MoneyError::Negative),
            0..=Self::MAX_MINOR => Ok(Self { minor_units, currency }),
            _ => Err(MoneyError::TooLarge),
        }
    }

    /// Reads a decimal number in major units, such as `19.90`. Trailing zeros beyond what the
    /// currency has are accepted.
    ///
    /// # Errors
    ///
    /// Any variant but [`MoneyError::Currency`].
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let (number, negative) = match text.strip_prefix('-') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole) || !is_digits(decimals) {
            return Err(MoneyError::NotANumber);
        }
        let decimals = decimals.trim_end_matches('0');
        let is_zero = decimals.is_empty() && whole.bytes().all(|b| b == b'0');
        if negative && !is_zero {
            return Err(MoneyError::Negative);
        }
        let digits = currency.digits();
        let missing = (digits as usize)
            .checked_sub(decimals.len())
            .ok_or(MoneyError::TooPrecise { currency, digits })?;
        let minor = format!("{whole}{decimals}{}", "0".repeat(missing));
        // Digits only, so the one thing that can be wrong is too many of them.
        let minor_units = minor.parse().map_err(|_| MoneyError::TooLarge)?;
        Self::from_minor_units(minor_units, currency)
    }

    /// The amount in minor units.
    #[must_use]
    pub fn minor_units(self) -> i64 {
        self.minor_units
    }

    /// The currency.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The amount in major units, with exactly the decimals of the currency.
    #[must_use]
    pub fn amount(self) -> String {
        match self.currency.digits() {
            0 => self.minor_units.to_string(),
            digits => {
                let unit = 10_i64.pow(digits);
                let (whole, rest) = (self.minor_units / unit, self.minor_units % unit);
                format!("{whole}.{rest:0width$}", width = digits as usize)
            }
        }
    }
}

/// As JSON: `{ "amount": "19.90", "currency": "EUR" }`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MoneyParts {
    amount: String,
    currency: Currency,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        MoneyParts { amount: self.amount(), currency: self.currency }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let MoneyParts { amount, currency } = MoneyParts::deserialize(deserializer)?;
        Self::parse(&amount, currency).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    proptest! {
        #[test]
        fn an_amount_reads_back_as_the_same_money(
            minor in 0..=Money::MAX_MINOR,
            code in prop_oneof![Just("EUR"), Just("JPY"), Just("KWD"), Just("IDR")],
        ) {
            let money = Money::from_minor_units(minor, currency(code)).unwrap();
            prop_assert_eq!(Money::parse(&money.amount(), currency(code)), Ok(money));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "[-+0-9.,eE ]{0,40}") {
            let _ = Money::parse(&text, currency("EUR"));
        }
    }

    #[test]
    fn each_wrong_amount_has_its_own_error() {
        let read = |text: &str| Money::parse(text, currency("EUR")).unwrap_err();
        for text in ["", ".", "1.", ".5", "1,5", "1e3", "+1", " 1", "NaN", "--1", "1.2.3", "٣"] {
            assert_eq!(read(text), MoneyError::NotANumber, "{text:?}");
        }
        assert_eq!(read("-0.01"), MoneyError::Negative);
        assert!(matches!(read("0.001"), MoneyError::TooPrecise { digits: 2, .. }));
        assert_eq!(read("10000000000.01"), MoneyError::TooLarge);
        assert_eq!(read(&"9".repeat(400)), MoneyError::TooLarge);
    }

    #[test]
    fn decimals_follow_the_currency() {
        let show = |text, code| Money::parse(text, currency(code)).unwrap().amount();
        assert_eq!(show("5", "EUR"), "5.00");
        assert_eq!(show("5.000", "JPY"), "5");
        assert_eq!(show("0.005", "KWD"), "0.005");
        assert_eq!(show("-0", "EUR"), "0.00");
    }

    #[test]
    fn gold_is_not_a_currency_of_a_shop() {
        assert_eq!("XAU".parse::<Currency>(), Err(MoneyError::Currency));
        assert_eq!("eur".parse::<Currency>(), Err(MoneyError::Currency));
    }
}
