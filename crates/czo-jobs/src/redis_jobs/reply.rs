//! What scripts answer.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use czo_core::JobId;
use fred::bytes_utils::Str;
use fred::types::Value;

use super::RedisJobsError;

/// The values of a list, one after the other.
pub(super) struct Reply(std::vec::IntoIter<Value>);

impl Reply {
    pub(super) fn of(value: Value) -> Result<Self, RedisJobsError> {
        match value {
            Value::Array(values) => Ok(Self(values.into_iter())),
            _ => Err(RedisJobsError::Answer { expected: "a list" }),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }

    pub(super) fn next(&mut self) -> Result<Value, RedisJobsError> {
        self.0.next().ok_or(RedisJobsError::Answer { expected: "a longer list" })
    }

    pub(super) fn text(&mut self) -> Result<Str, RedisJobsError> {
        text(self.next()?)
    }

    /// A text that may be missing.
    pub(super) fn maybe_text(&mut self) -> Result<Option<Str>, RedisJobsError> {
        match self.next()? {
            Value::Null => Ok(None),
            value => text(value).map(Some),
        }
    }

    pub(super) fn number<N: TryFrom<i64>>(&mut self) -> Result<N, RedisJobsError> {
        number(&self.next()?)
    }

    pub(super) fn id(&mut self) -> Result<JobId, RedisJobsError> {
        parse(&self.text()?, "the id of a job")
    }

    pub(super) fn time(&mut self) -> Result<DateTime<Utc>, RedisJobsError> {
        let micros = parse(&self.text()?, "a time")?;
        DateTime::from_timestamp_micros(micros).ok_or(RedisJobsError::Answer { expected: "a time" })
    }
}

pub(super) fn text(value: Value) -> Result<Str, RedisJobsError> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(RedisJobsError::Answer { expected: "text" }),
    }
}

pub(super) fn number<N: TryFrom<i64>>(value: &Value) -> Result<N, RedisJobsError> {
    let Value::Integer(number) = value else {
        return Err(RedisJobsError::Answer { expected: "a number" });
    };
    N::try_from(*number).map_err(|_| RedisJobsError::Answer { expected: "a smaller number" })
}

pub(super) fn parse<T>(text: &str, expected: &'static str) -> Result<T, RedisJobsError>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(|_| RedisJobsError::Answer { expected })
}
