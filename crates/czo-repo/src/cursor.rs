//! Places in a list, signed.
//!
//! A cursor is the values of a row's sorted columns and a signature over them and over the list
//! they belong to: its statement with all of its values. So a cursor of another list, another
//! filter, order, shop or table is refused, as is one that was changed or cut off. What it says
//! is no secret: whoever has it has seen the row.

use std::fmt::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::Mac;
use sea_orm::sea_query::Value;
use sea_orm::{IdenStatic, ModelTrait, QueryTrait};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::connection::Connection;
use crate::environment::CursorKey;
use crate::sort::{Sort, Term};
use crate::{PageError, Ready, Repository, Resource};

/// The bytes of a signature: half of HMAC-SHA256 (RFC 2104, section 5, asks for at least half).
const SIGNATURE_BYTES: usize = 16;

/// How long a text may be that rows are sorted by.
const MAX_TEXT_BYTES: usize = 2 * 1024;

/// No cursor that this module made is longer: a few such texts, each of its bytes six at most as
/// JSON, and a third more in base 64. What is longer is not looked at.
const MAX_CURSOR_BYTES: usize = 128 * 1024;

/// One value of a cursor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cache", derive(schemars::JsonSchema))]
pub(crate) enum Part {
    #[serde(rename = "0")]
    Null,
    #[serde(rename = "b")]
    Bool(bool),
    #[serde(rename = "i")]
    Int(i64),
    #[serde(rename = "s")]
    Text(String),
    #[serde(rename = "u")]
    Uuid(Uuid),
    #[serde(rename = "t")]
    Time(DateTime<Utc>),
}

/// Where the rows of a page are in their list. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Positions {
    list: Arc<List>,
    rows: Arc<[Vec<Part>]>,
}

/// A list: whatever tells it from others, and the key of its cursors.
#[derive(Debug)]
pub(crate) struct List {
    key: CursorKey,
    /// The statement and its values.
    identity: String,
}

impl List {
    /// The list that a repository's scope and order are.
    pub(crate) fn of<E: Resource, A>(
        repository: &Repository<E, Ready, A>,
        db: &impl Connection,
    ) -> Self {
        let statement = repository.select().build(db.backend());
        let mut identity = statement.sql;
        for value in statement.values.iter().flat_map(|values| values.iter()) {
            // A text may hold whatever stands between two of them; its length may not.
            let text = format!("{value:?}");
            let _ = write!(identity, "|{}:{text}", text.len());
        }
        Self { key: db.environment().cursor_key.clone(), identity }
    }

    /// Whatever tells it from others.
    #[cfg(feature = "cache")]
    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }

    fn signature(&self, payload: &[u8]) -> hmac::Hmac<sha2::Sha256> {
        let mut mac = self.key.mac();
        // The length first, so that the end of one cannot be taken for the start of the other.
        mac.update(&self.identity.len().to_be_bytes());
        mac.update(self.identity.as_bytes());
        mac.update(payload);
        mac
    }

    fn write(&self, parts: &[Part]) -> Option<String> {
        let mut bytes = serde_json::to_vec(parts).ok()?;
        let signature = self.signature(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&signature[..SIGNATURE_BYTES]);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The values of a cursor of this list.
    pub(crate) fn read(
        &self,
        argument: &'static str,
        cursor: &str,
        columns: usize,
    ) -> Result<Vec<Value>, PageError> {
        let refused = || PageError::Cursor { argument };
        if cursor.len() > MAX_CURSOR_BYTES {
            return Err(refused());
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
        let payload = bytes.len().checked_sub(SIGNATURE_BYTES).ok_or_else(refused)?;
        let (payload, signature) = bytes.split_at(payload);
        // In constant time.
        self.signature(payload).verify_truncated_left(signature).map_err(|_| refused())?;
        let parts: Vec<Part> = serde_json::from_slice(payload).map_err(|_| refused())?;
        if parts.len() == columns {
            Ok(parts.into_iter().map(Part::into_value).collect())
        } else {
            Err(refused())
        }
    }
}

impl Positions {
    /// The positions of rows in a list of this order.
    pub(crate) fn of<E: Resource>(
        list: List,
        sort: &Sort<E>,
        rows: &[E::Model],
    ) -> Result<Self, PageError> {
        let position = |row: &E::Model| {
            let part = |term: Term<E>| Part::of(term.column.as_str(), row.get(term.column));
            sort.terms().map(part).collect()
        };
        let rows: Arc<[Vec<Part>]> = rows.iter().map(position).collect::<Result<_, PageError>>()?;
        let longest = |part: &Part| matches!(part, Part::Text(text) if text.len() > MAX_TEXT_BYTES);
        for (term, place) in rows.iter().flat_map(|row| sort.terms().zip(row)) {
            if longest(place) {
                return Err(PageError::Unsortable { column: term.column.as_str() });
            }
        }
        Ok(Self { list: Arc::new(list), rows })
    }

    /// The positions that rows of this list were found to have.
    #[cfg(feature = "cache")]
    pub(crate) fn kept(list: List, rows: &[Vec<Part>]) -> Self {
        Self { list: Arc::new(list), rows: rows.into() }
    }

    #[cfg(feature = "cache")]
    pub(crate) fn to_keep(&self) -> Vec<Vec<Part>> {
        self.rows.to_vec()
    }

    pub(crate) fn cursor(&self, place: usize) -> Option<String> {
        self.list.write(self.rows.get(place)?)
    }
}

impl Part {
    fn of(column: &'static str, value: Value) -> Result<Self, PageError> {
        Ok(match value {
            Value::Bool(value) => value.map_or(Self::Null, Self::Bool),
            Value::TinyInt(value) => value.map_or(Self::Null, |value| Self::Int(value.into())),
            Value::SmallInt(value) => value.map_or(Self::Null, |value| Self::Int(value.into())),
            Value::Int(value) => value.map_or(Self::Null, |value| Self::Int(value.into())),
            Value::BigInt(value) => value.map_or(Self::Null, Self::Int),
            Value::String(value) => value.map_or(Self::Null, Self::Text),
            Value::Uuid(value) => value.map_or(Self::Null, Self::Uuid),
            Value::ChronoDateTimeUtc(value) => value.map_or(Self::Null, Self::Time),
            _ => return Err(PageError::Unsortable { column }),
        })
    }

    fn into_value(self) -> Value {
        match self {
            Self::Null => Value::String(None),
            Self::Bool(value) => value.into(),
            Self::Int(value) => value.into(),
            Self::Text(value) => value.into(),
            Self::Uuid(value) => value.into(),
            Self::Time(value) => value.into(),
        }
    }
}
