//! Values as PostgreSQL needs them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use sea_orm::sqlx::encode::{Encode, IsNull};
use sea_orm::sqlx::error::BoxDynError;
use sea_orm::sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo, Postgres};
use sea_orm::sqlx::{Arguments, Type};
use uuid::Uuid;

use super::decode::epoch;
use super::numeric;
use crate::{HostError, SqlValue};

/// The bytes of a value, as its type has them on the wire; none for null.
struct Wire(Option<Vec<u8>>);

impl Type<Postgres> for Wire {
    /// Not looked at: the statement is prepared, its types are known.
    fn type_info() -> PgTypeInfo {
        <Vec<u8> as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Wire {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        match &self.0 {
            None => Ok(IsNull::Yes),
            Some(bytes) => {
                buffer.extend_from_slice(bytes);
                Ok(IsNull::No)
            }
        }
    }
}

/// Adds a value as what is needed at its place.
pub(super) fn add(
    arguments: &mut PgArguments,
    place: usize,
    value: &SqlValue,
    needed: &PgTypeInfo,
) -> Result<(), HostError> {
    let wire = match value {
        SqlValue::Null => Wire(None),
        value => Wire(Some(bytes(value, needed).ok_or_else(|| misfit(place, value, needed))?)),
    };
    arguments.add(wire).map_err(|error| HostError::Invalid(error.to_string()))
}

fn misfit(place: usize, value: &SqlValue, needed: &PgTypeInfo) -> HostError {
    let found = match value {
        SqlValue::Null => "null",
        SqlValue::Boolean(_) => "a boolean",
        SqlValue::Integer(_) => "an integer",
        SqlValue::Real(_) => "a real number",
        SqlValue::Text(_) => "a text",
        SqlValue::Bytes(_) => "bytes",
    };
    HostError::Invalid(format!(
        "value {place} is {found} that does not fit the type {needed}; `CAST(? AS …)` says what a value is"
    ))
}

/// The bytes of a value of the type, if it can be one. The numbers are those of `pg_type`.
fn bytes(value: &SqlValue, needed: &PgTypeInfo) -> Option<Vec<u8>> {
    use SqlValue::{Boolean, Bytes, Integer, Real, Text};
    let micros = |time: NaiveDateTime| {
        Some(time.signed_duration_since(epoch()).num_microseconds()?.to_be_bytes().to_vec())
    };
    match (needed.oid()?.0, value) {
        // bool
        (16, Boolean(value)) => Some(vec![u8::from(*value)]),
        (16, Integer(value @ (0 | 1))) => Some(vec![u8::from(*value == 1)]),
        // bytea
        (17, Bytes(bytes)) => Some(bytes.clone()),
        // int8, int2, int4
        (20, Integer(number)) => Some(number.to_be_bytes().to_vec()),
        (21, Integer(number)) => Some(i16::try_from(*number).ok()?.to_be_bytes().to_vec()),
        (23, Integer(number)) => Some(i32::try_from(*number).ok()?.to_be_bytes().to_vec()),
        // text, name, bpchar, varchar, unknown
        (25 | 19 | 1042 | 1043 | 705, Text(text)) if !text.contains('\0') => {
            Some(text.clone().into_bytes())
        }
        // json, jsonb
        (114, Text(text)) => Some(text.clone().into_bytes()),
        (3802, Text(text)) => Some([&[1], text.as_bytes()].concat()),
        // float4, float8
        #[expect(clippy::cast_possible_truncation, reason = "the column has no more digits")]
        (700, Real(number)) => Some((*number as f32).to_be_bytes().to_vec()),
        (701, Real(number)) => Some(number.to_be_bytes().to_vec()),
        (700 | 701, Integer(number)) => bytes(&Real(number.to_string().parse().ok()?), needed),
        // numeric
        (1700, Integer(number)) => numeric::from_text(&number.to_string()),
        (1700, Real(number)) if number.is_finite() => numeric::from_text(&number.to_string()),
        (1700, Text(text)) => numeric::from_text(text),
        // date
        (1082, Text(text)) => {
            let days = text.parse::<NaiveDate>().ok()?.signed_duration_since(epoch().date());
            Some(i32::try_from(days.num_days()).ok()?.to_be_bytes().to_vec())
        }
        // time
        (1083, Text(text)) => {
            let time: NaiveTime = text.parse().ok()?;
            let micros = i64::from(time.num_seconds_from_midnight()) * 1_000_000
                + i64::from(time.nanosecond() / 1_000);
            Some(micros.to_be_bytes().to_vec())
        }
        // timestamp, timestamptz
        (1114, Text(text)) => micros(text.parse().ok()?),
        (1184, Text(text)) => micros(DateTime::parse_from_rfc3339(text).ok()?.naive_utc()),
        // uuid
        (2950, Text(text)) => Some(text.parse::<Uuid>().ok()?.into_bytes().to_vec()),
        _ => None,
    }
}
