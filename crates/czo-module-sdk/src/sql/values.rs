//! What may stand for the `?` of a statement.

use super::Value;

/// The values for the `?` of a statement, in their order: a tuple of up to twelve, an array, a
/// `Vec`, or `()` for none.
pub trait Values {
    /// The values.
    fn into_values(self) -> Vec<Value>;
}

/// What can be a [`Value`]. `None` becomes NULL.
pub trait ToValue {
    /// The value.
    fn to_value(&self) -> Value;
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, ToValue::to_value)
    }
}

impl ToValue for Value {
    fn to_value(&self) -> Value {
        self.clone()
    }
}

impl ToValue for bool {
    fn to_value(&self) -> Value {
        Value::Boolean(*self)
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl ToValue for [u8] {
    fn to_value(&self) -> Value {
        Value::Bytes(self.to_vec())
    }
}

impl ToValue for Vec<u8> {
    fn to_value(&self) -> Value {
        Value::Bytes(self.clone())
    }
}

macro_rules! numbers {
    ($variant:ident($wide:ty): $($number:ty),+) => { $(
        impl ToValue for $number {
            fn to_value(&self) -> Value {
                Value::$variant(<$wide>::from(*self))
            }
        }
    )+ };
}

// What fits without loss; a `u64` or a `usize` does not.
numbers!(Integer(i64): i8, i16, i32, i64, u8, u16, u32);
numbers!(Real(f64): f32, f64);

impl Values for () {
    fn into_values(self) -> Vec<Value> {
        Vec::new()
    }
}

impl<T: ToValue> Values for Vec<T> {
    fn into_values(self) -> Vec<Value> {
        self.iter().map(ToValue::to_value).collect()
    }
}

impl<T: ToValue, const N: usize> Values for [T; N] {
    fn into_values(self) -> Vec<Value> {
        self.iter().map(ToValue::to_value).collect()
    }
}

macro_rules! tuples {
    ($($first:ident $($rest:ident)*)?) => { $(
        impl<$first: ToValue, $($rest: ToValue),*> Values for ($first, $($rest,)*) {
            #[expect(non_snake_case, reason = "each value has the name of its type")]
            fn into_values(self) -> Vec<Value> {
                let ($first, $($rest,)*) = self;
                vec![$first.to_value(), $($rest.to_value()),*]
            }
        }
        tuples!($($rest)*);
    )? };
}

tuples!(A B C D E F G H I J K L);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tuple_may_hold_values_of_many_types() {
        let name = "ada".to_owned();
        let values = (&name, 12_i64, 0.5, true, None::<String>, Some("x"), &b"ab"[..]);
        assert_eq!(
            values.into_values(),
            [
                Value::Text("ada".to_owned()),
                Value::Integer(12),
                Value::Real(0.5),
                Value::Boolean(true),
                Value::Null,
                Value::Text("x".to_owned()),
                Value::Bytes(b"ab".to_vec()),
            ]
        );
    }

    #[test]
    fn a_list_holds_as_many_as_there_are() {
        assert_eq!([1, 2].into_values(), vec![1, 2].into_values());
        assert_eq!(().into_values(), []);
    }
}
