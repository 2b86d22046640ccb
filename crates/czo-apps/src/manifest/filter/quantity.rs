//! Numbers, compared exactly.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// Up to here floating point numbers have no gaps between whole numbers.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// What a number of JSON amounts to. serde_json has it as a whole number of 64 bits, or as a
/// floating point number, which is never NaN; each is compared as exactly what it is.
#[derive(Clone, Debug)]
pub(super) enum Quantity {
    Whole(i128),
    Float(f64),
}

impl Quantity {
    /// What a value amounts to, if it is a number.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let Value::Number(number) = value else { return None };
        let signed = number.as_i64().map(i128::from);
        let whole = signed.or_else(|| number.as_u64().map(i128::from));
        whole.map(Self::Whole).or_else(|| number.as_f64().map(Self::Float))
    }

    /// Whether the number is what was written: a fraction that is written with more than 53 bits
    /// was rounded when it was read, as was a whole number beyond 64 bits.
    pub(super) fn is_exact(&self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Float(float) => float.abs() < MAX_EXACT,
        }
    }

    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Whole(whole) => i64::try_from(*whole)
                .map(Number::from)
                .or_else(|_| u64::try_from(*whole).map(Number::from))
                .map_or(Value::Null, Value::Number),
            Self::Float(float) => Number::from_f64(*float).map_or(Value::Null, Value::Number),
        }
    }

    fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            (Self::Whole(whole), Self::Float(float)) => compare(*whole, *float),
            (Self::Float(float), Self::Whole(whole)) => {
                compare(*whole, *float).map(Ordering::reverse)
            }
        }
    }
}

/// Compares a whole number of 65 bits with a floating point number.
fn compare(whole: i128, float: f64) -> Option<Ordering> {
    const BEYOND: f64 = 1e30;
    match float {
        nan if nan.is_nan() => None,
        large if large >= BEYOND => Some(Ordering::Less),
        small if small <= -BEYOND => Some(Ordering::Greater),
        float => {
            #[expect(clippy::cast_possible_truncation, reason = "within 10³⁰, far below 2¹²⁷")]
            let floor = float.floor() as i128;
            // The same whole part: a fraction decides.
            let fraction = if float.fract() == 0.0 { Ordering::Equal } else { Ordering::Less };
            Some(whole.cmp(&floor).then(fraction))
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.compare(other)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn quantity(value: &Value) -> Quantity {
        Quantity::of(value).unwrap()
    }

    proptest! {
        #[test]
        fn halves_are_compared_as_if_there_were_no_floating_point(
            a in -(1_i64 << 53)..(1_i64 << 53), b in -(1_i64 << 52)..(1_i64 << 52), near in -3..3_i64,
        ) {
            // `halves / 2` is exact below 2⁵², and `a` is a whole number.
            for halves in [b, a.clamp(-(1 << 51), 1 << 51) * 2 + near] {
                #[expect(clippy::cast_precision_loss, reason = "53 bits at most")]
                let float = halves as f64 / 2.0;
                let compared = quantity(&json!(a)).partial_cmp(&quantity(&json!(float)));
                prop_assert_eq!(compared, Some((i128::from(a) * 2).cmp(&i128::from(halves))));
            }
        }

        #[test]
        fn whole_numbers_of_64_bits_are_exact(a in any::<u64>(), b in any::<i64>()) {
            let compared = quantity(&json!(a)).partial_cmp(&quantity(&json!(b)));
            prop_assert_eq!(compared, Some(i128::from(a).cmp(&i128::from(b))));
            prop_assert_eq!(quantity(&json!(a)).to_value(), json!(a));
            prop_assert_eq!(quantity(&json!(b)).to_value(), json!(b));
        }
    }

    #[test]
    fn large_numbers_are_not_rounded() {
        let limit = 9_007_199_254_740_992_u64;
        assert!(quantity(&json!(limit + 1)) > quantity(&json!(limit)));
        assert!(quantity(&json!(limit + 1)) > quantity(&json!(9_007_199_254_740_992.0)));
        assert_eq!(quantity(&json!(limit)), quantity(&json!(9_007_199_254_740_992.0)));
        assert!(quantity(&json!(u64::MAX)) < quantity(&json!(18_446_744_073_709_551_616.0)));
        assert!(quantity(&json!(i64::MIN)) > quantity(&json!(-1e300)));
        assert!(quantity(&json!(u64::MAX)) < quantity(&json!(f64::MAX)));
        assert_eq!(quantity(&json!(0)), quantity(&json!(-0.0)));
        assert!(quantity(&json!(-1)) > quantity(&json!(-1.5)));
        assert!(quantity(&json!(-2)) < quantity(&json!(-1.5)));
    }
}
