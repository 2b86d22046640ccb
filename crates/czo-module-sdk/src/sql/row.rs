//! A row as a type of the module.

use serde::de::value::{Error, MapDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::Value;
use crate::Failure;

/// Reads a row into a type whose fields are named as the columns.
pub(super) fn read<R: DeserializeOwned>(columns: &[String], row: Vec<Value>) -> Result<R, Failure> {
    let cells = columns.iter().map(String::as_str).zip(row.into_iter().map(Cell));
    R::deserialize(MapDeserializer::<_, Error>::new(cells))
        .map_err(|error| Failure::Broken(format!("a row: {error}")))
}

/// One value of a row.
#[derive(Debug)]
struct Cell(Value);

impl IntoDeserializer<'_, Error> for Cell {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Cell {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Boolean(value) => visitor.visit_bool(value),
            Value::Integer(value) => visitor.visit_i64(value),
            Value::Real(value) => visitor.visit_f64(value),
            Value::Text(value) => visitor.visit_string(value),
            Value::Bytes(value) => visitor.visit_byte_buf(value),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    // SQLite gives a boolean back as an integer.
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Integer(value @ (0 | 1)) => visitor.visit_bool(value == 1),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Bytes(value) => {
                visitor.visit_seq(serde::de::value::SeqDeserializer::new(value.into_iter()))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Text(value) => IntoDeserializer::<Error>::into_deserializer(value)
                .deserialize_enum(name, variants, visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Tier {
        Gold,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Customer(String);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        customer: Customer,
        points: u32,
        share: f64,
        active: bool,
        note: Option<String>,
        tier: Option<Tier>,
        mark: Vec<u8>,
    }

    fn columns() -> Vec<String> {
        ["customer", "points", "share", "active", "note", "tier", "mark"].map(str::to_owned).into()
    }

    fn row() -> Vec<Value> {
        vec![
            Value::Text("ada".to_owned()),
            Value::Integer(12),
            Value::Integer(1),
            Value::Integer(1),
            Value::Null,
            Value::Text("gold".to_owned()),
            Value::Bytes(vec![7]),
        ]
    }

    #[test]
    fn columns_become_the_fields_of_their_names() {
        let expected = Row {
            customer: Customer("ada".to_owned()),
            points: 12,
            share: 1.0,
            active: true,
            note: None,
            tier: Some(Tier::Gold),
            mark: vec![7],
        };
        assert_eq!(read::<Row>(&columns(), row()), Ok(expected));
    }

    #[test]
    fn what_does_not_fit_is_the_fault_of_the_module() {
        let mut row = row();
        row[1] = Value::Integer(-1);
        let Err(Failure::Broken(message)) = read::<Row>(&columns(), row) else {
            panic!("expected it to be broken");
        };
        assert!(message.contains("invalid value: integer `-1`"), "{message}");
    }
}
