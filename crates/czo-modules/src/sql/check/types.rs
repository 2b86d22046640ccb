//! Types that values are converted into.

use sqlparser::ast::{CharacterLength, DataType, ExactNumberInfo};

use super::SqlRefusal;

/// The longest text that a type may ask for: `char(n)` is filled up to it.
const MAX_LENGTH: u64 = 10_000;

/// The types that both databases know, and those of PostgreSQL that modules need. None that looks up
/// names, as `regclass` does.
pub(super) fn data_type(data_type: &DataType) -> Result<(), SqlRefusal> {
    let is_allowed = match data_type {
        DataType::Character(length)
        | DataType::Char(length)
        | DataType::CharacterVarying(length)
        | DataType::CharVarying(length)
        | DataType::Varchar(length) => is_short(length.as_ref()),
        DataType::Numeric(info)
        | DataType::Decimal(info)
        | DataType::Dec(info)
        | DataType::Float(info)
        | DataType::Double(info) => is_exact(info),
        DataType::Blob(None)
        | DataType::SmallInt(None)
        | DataType::Int2(None)
        | DataType::Int(None)
        | DataType::Int4(None)
        | DataType::Int8(None)
        | DataType::Integer(None)
        | DataType::BigInt(None)
        | DataType::Float4
        | DataType::Float8
        | DataType::Real
        | DataType::DoublePrecision
        | DataType::Bool
        | DataType::Boolean
        | DataType::Date
        | DataType::Time(..)
        | DataType::Datetime(None)
        | DataType::Timestamp(..)
        | DataType::Interval { fields: None, precision: None }
        | DataType::JSON
        | DataType::JSONB
        | DataType::Text
        | DataType::Bytea
        | DataType::Uuid => true,
        _ => false,
    };
    if is_allowed { Ok(()) } else { Err(SqlRefusal::Type(data_type.to_string())) }
}

fn is_short(length: Option<&CharacterLength>) -> bool {
    match length {
        None => true,
        Some(CharacterLength::IntegerLength { length, unit: None }) => *length <= MAX_LENGTH,
        Some(_) => false,
    }
}

fn is_exact(info: &ExactNumberInfo) -> bool {
    match info {
        ExactNumberInfo::None => true,
        ExactNumberInfo::Precision(precision) => *precision <= 1_000,
        ExactNumberInfo::PrecisionAndScale(precision, scale) => {
            *precision <= 1_000 && (0..=1_000).contains(scale)
        }
    }
}
