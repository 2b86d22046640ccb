//! Rows, read column by column.

use chrono::{DateTime, Utc};
use sea_orm::{QueryResult, TryGetable};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use crate::ModuleError;

pub(crate) fn get<T: TryGetable>(row: &QueryResult, column: &str) -> Result<T, ModuleError> {
    Ok(row.try_get("", column)?)
}

/// A text that is read as a value.
pub(crate) fn parse<T>(row: &QueryResult, column: &str) -> Result<T, ModuleError>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: String = get(row, column)?;
    text.parse().map_err(|error| corrupt(format!("{column} `{text}`"), error))
}

pub(crate) fn json<T: DeserializeOwned>(row: &QueryResult, column: &str) -> Result<T, ModuleError> {
    let text: String = get(row, column)?;
    serde_json::from_str(&text).map_err(|error| corrupt(column, error))
}

pub(crate) fn to_json(what: &str, value: &impl Serialize) -> Result<String, ModuleError> {
    serde_json::to_string(value).map_err(|error| corrupt(what, error))
}

pub(crate) fn time(row: &QueryResult, column: &str) -> Result<DateTime<Utc>, ModuleError> {
    let millis: i64 = get(row, column)?;
    DateTime::from_timestamp_millis(millis)
        .ok_or_else(|| corrupt(column, format!("{millis} is no time")))
}

pub(crate) fn time_or_none(
    row: &QueryResult,
    column: &str,
) -> Result<Option<DateTime<Utc>>, ModuleError> {
    match get::<Option<i64>>(row, column)? {
        Some(_) => time(row, column).map(Some),
        None => Ok(None),
    }
}

/// A word that is read as a value.
pub(crate) fn word<T>(
    row: &QueryResult,
    column: &str,
    read: fn(&str) -> Option<T>,
) -> Result<T, ModuleError> {
    let word: String = get(row, column)?;
    read(&word).ok_or_else(|| corrupt(column, format!("there is no {column} `{word}`")))
}

/// A number of the database that counts something.
pub(crate) fn count(row: &QueryResult, column: &str) -> Result<u64, ModuleError> {
    let number: i64 = get(row, column)?;
    u64::try_from(number).map_err(|error| corrupt(column, error))
}

pub(crate) fn corrupt(
    what: impl Into<String>,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> ModuleError {
    StoreError::Corrupt { what: what.into(), source: source.into() }.into()
}
