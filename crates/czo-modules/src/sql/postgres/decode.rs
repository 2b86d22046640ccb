//! What PostgreSQL answers, as values.

use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat};
use sea_orm::sqlx::postgres::{PgRow, PgTypeInfo};
use sea_orm::sqlx::{Column, Row, ValueRef};
use uuid::Uuid;

use super::numeric;
use crate::sql::failure::unavailable;
use crate::{HostError, SqlValue};

/// From when PostgreSQL counts: the beginning of the year 2000.
pub(super) fn epoch() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default().and_time(NaiveTime::MIN)
}

/// A value of a row.
pub(super) fn value(row: &PgRow, index: usize) -> Result<SqlValue, HostError> {
    let found = row.try_get_raw(index).map_err(|error| unavailable(&error))?;
    if found.is_null() {
        return Ok(SqlValue::Null);
    }
    let info = found.type_info();
    let read = found.as_bytes().ok().and_then(|bytes| read(&info, bytes));
    read.ok_or_else(|| {
        let column = row.column(index).name();
        HostError::Invalid(format!(
            "the column `{column}` has the type {info}, which cannot be handed over: convert it with CAST({column} AS text)"
        ))
    })
}

/// The value of these bytes. The numbers are those of `pg_type`.
fn read(info: &PgTypeInfo, bytes: &[u8]) -> Option<SqlValue> {
    use SqlValue::{Boolean, Bytes, Integer, Real, Text};
    let text = |bytes: &[u8]| Some(Text(std::str::from_utf8(bytes).ok()?.to_owned()));
    Some(match info.oid()?.0 {
        // bool
        16 => Boolean(*bytes.first()? == 1),
        // bytea
        17 => Bytes(bytes.to_vec()),
        // int8, int2, int4
        20 => Integer(i64::from_be_bytes(bytes.try_into().ok()?)),
        21 => Integer(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        23 => Integer(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        // text, name, bpchar, varchar, unknown, json
        25 | 19 | 1042 | 1043 | 705 | 114 => text(bytes)?,
        // jsonb, whose first byte is the version of its form
        3802 => text(bytes.get(1..)?)?,
        // float4, float8
        700 => Real(f32::from_be_bytes(bytes.try_into().ok()?).into()),
        701 => Real(f64::from_be_bytes(bytes.try_into().ok()?)),
        // numeric
        1700 => {
            let number = numeric::to_text(bytes)?;
            number.parse().map_or(Text(number), Integer)
        }
        // date
        1082 => {
            let days = i32::from_be_bytes(bytes.try_into().ok()?);
            match (days, Duration::try_days(days.into())) {
                (i32::MIN, _) => Text("-infinity".to_owned()),
                (i32::MAX, _) => Text("infinity".to_owned()),
                (_, days) => Text(epoch().date().checked_add_signed(days?)?.to_string()),
            }
        }
        // time
        1083 => {
            let micros = i64::from_be_bytes(bytes.try_into().ok()?);
            // What ends a day is a time of day too, there.
            let time = epoch().checked_add_signed(Duration::microseconds(micros))?.time();
            Text(if micros == 86_400_000_000 { "24:00:00".to_owned() } else { time.to_string() })
        }
        // timestamp
        1114 => timestamp(bytes, |time| time.format("%Y-%m-%dT%H:%M:%S%.f").to_string())?,
        // timestamptz
        1184 => {
            timestamp(bytes, |time| time.and_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))?
        }
        // uuid
        2950 => Text(Uuid::from_slice(bytes).ok()?.to_string()),
        _ => return None,
    })
}

fn timestamp(bytes: &[u8], write: fn(NaiveDateTime) -> String) -> Option<SqlValue> {
    let text = match i64::from_be_bytes(bytes.try_into().ok()?) {
        i64::MIN => "-infinity".to_owned(),
        i64::MAX => "infinity".to_owned(),
        micros => write(epoch().checked_add_signed(Duration::microseconds(micros))?),
    };
    Some(SqlValue::Text(text))
}
