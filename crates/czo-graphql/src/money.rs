//! Money in a schema.

use async_graphql::{
    InputValueError, InputValueResult, Number, Scalar, ScalarType, SimpleObject, Value,
};
use czo_core::Money;

/// A whole number of minor units (cents, where the currency has cents), 0 to 10¹²: more than
/// `Int` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinorUnits(pub i64);

/// A whole number of minor units (cents, where the currency has cents), 0 to 10¹²: more than
/// `Int` holds.
#[Scalar]
impl ScalarType for MinorUnits {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => number
                .as_i64()
                .map(Self)
                .ok_or_else(|| InputValueError::custom("expected a whole number of minor units")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::Number(Number::from(self.0))
    }
}

/// An amount of money.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Money", shareable)]
pub struct MoneyValue {
    /// The amount in major units, with the decimals of its currency: `"19.90"`.
    pub amount: String,
    /// The currency, by ISO 4217: `"EUR"`.
    pub currency_code: &'static str,
    /// The amount in minor units: `1990`.
    pub minor_units: MinorUnits,
}

impl From<Money> for MoneyValue {
    fn from(money: Money) -> Self {
        Self {
            amount: money.amount(),
            currency_code: money.currency().code(),
            minor_units: MinorUnits(money.minor_units()),
        }
    }
}
