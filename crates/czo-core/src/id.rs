//! Typed identifiers: a UUIDv7 inside, prefixed text outside.
//!
//! The text form follows the TypeID specification, version 0.3: a prefix, an underscore, and
//! the 128 bits in 26 characters of lower-case Crockford base 32. Text sorts as the bits do,
//! so identifiers made later sort later.

use std::fmt;

use thiserror::Error;
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const ENCODED_LEN: usize = 26;

/// Text that is not an identifier of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdError {
    /// The text has another prefix, or none.
    #[error("expected an id that starts with `{expected}_`")]
    Prefix {
        /// The prefix of the expected kind.
        expected: &'static str,
    },
    /// The part behind the prefix is not 26 characters of base 32.
    #[error(
        "expected 26 characters of lower-case Crockford base 32 behind `{prefix}_`, the first at most 7"
    )]
    Encoding {
        /// The prefix of the expected kind.
        prefix: &'static str,
    },
}

/// Writes `prefix_` and the identifier in base 32.
#[doc(hidden)]
pub fn format(prefix: &str, uuid: Uuid, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut bits = uuid.as_u128();
    let mut text = [0_u8; ENCODED_LEN];
    for place in text.iter_mut().rev() {
        let [digit, ..] = (bits & 31).to_le_bytes();
        *place = ALPHABET[usize::from(digit)];
        bits >>= 5;
    }
    f.write_str(prefix)?;
    f.write_str("_")?;
    text.iter().try_for_each(|byte| fmt::Write::write_char(f, char::from(*byte)))
}

/// Reads what [`format()`] wrote.
#[doc(hidden)]
pub fn parse(prefix: &'static str, text: &str) -> Result<Uuid, IdError> {
    let encoded = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .ok_or(IdError::Prefix { expected: prefix })?;
    let wrong = IdError::Encoding { prefix };
    // 26 digits hold 130 bits; the first may use three of its five.
    if encoded.len() != ENCODED_LEN || !matches!(encoded.as_bytes()[0], b'0'..=b'7') {
        return Err(wrong);
    }
    let mut bits = 0_u128;
    for byte in encoded.bytes() {
        let digit = ALPHABET.iter().position(|&letter| letter == byte).ok_or(wrong.clone())?;
        bits = (bits << 5) | digit as u128;
    }
    Ok(Uuid::from_u128(bits))
}

/// What every identifier of [`typed_id!`](crate::typed_id) can do, for code that is generic over
/// them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an id that czo can make",
    note = "declare it with `czo_core::typed_id!`"
)]
pub trait TypedId: Copy + Eq + Ord + fmt::Display {
    /// Makes a new identifier, later than every one this generator gave before.
    fn generate(ids: &dyn crate::IdGenerator) -> Self;
}

/// Declares a typed identifier: `typed_id!(/** docs */ pub struct OrderId("order"))`.
///
/// The type has `Display`, `FromStr`, serde and JSON Schema in its text form, `Ord` by time of
/// creation, and conversion from and to [`uuid::Uuid`]. With the feature `sea-orm` of czo-core
/// it is also a column type (`uuid` on PostgreSQL, 16 bytes on SQLite).
///
/// ```
/// czo_core::typed_id! {
///     /// Identifies an order.
///     pub struct OrderId("order");
/// }
///
/// let id: OrderId = "order_01jd3w2kh8f0rb9nq4z7v5m6xt".parse()?;
/// assert_eq!(id.to_string(), "order_01jd3w2kh8f0rb9nq4z7v5m6xt");
/// assert!("prod_01jd3w2kh8f0rb9nq4z7v5m6xt".parse::<OrderId>().is_err());
/// # Ok::<(), czo_core::IdError>(())
/// ```
#[macro_export]
macro_rules! typed_id {
    ($(#[$meta:meta])* $vis:vis struct $name:ident($prefix:literal);) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis struct $name($crate::__private::Uuid);

        impl $name {
            /// What the text form starts with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Makes a new identifier, later than every one this generator gave before.
            #[must_use]
            pub fn generate(ids: &dyn $crate::IdGenerator) -> Self {
                Self(ids.uuid_v7())
            }

            /// The bits, for storage.
            #[must_use]
            pub const fn uuid(self) -> $crate::__private::Uuid {
                self.0
            }
        }

        impl $crate::TypedId for $name {
            fn generate(ids: &dyn $crate::IdGenerator) -> Self {
                Self::generate(ids)
            }
        }

        impl From<$crate::__private::Uuid> for $name {
            fn from(uuid: $crate::__private::Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for $crate::__private::Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::__private::format_id($prefix, self.0, f)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(self, f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::__private::parse_id($prefix, text).map(Self)
            }
        }

        impl $crate::__private::Serialize for $name {
            fn serialize<S: $crate::__private::Serializer>(
                &self,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> $crate::__private::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                $crate::__private::deserialize_text(deserializer)
            }
        }

        impl $crate::__private::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(
                _: &mut $crate::__private::SchemaGenerator,
            ) -> $crate::__private::Schema {
                $crate::__private::text_schema(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$"))
            }
        }

        $crate::__typed_id_column!($name);
    };
}

/// Without the feature `sea-orm`, an identifier is not a column type.
#[cfg(not(feature = "sea-orm"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __typed_id_column {
    ($name:ident) => {};
}

/// What SeaORM wants of a column type that may be a primary key.
#[cfg(feature = "sea-orm")]
#[doc(hidden)]
#[macro_export]
macro_rules! __typed_id_column {
    ($name:ident) => {
        const _: () = {
            use $crate::__private::sea_orm::sea_query::{
                ArrayType, ColumnType, Nullable, Value, ValueType, ValueTypeErr,
            };
            use $crate::__private::sea_orm::{
                ActiveValue, ColIdx, DbErr, IntoActiveValue, QueryResult, TryFromU64, TryGetError,
                TryGetable,
            };

            type Bits = $crate::__private::Uuid;

            impl From<$name> for Value {
                fn from(id: $name) -> Self {
                    Value::from(id.0)
                }
            }

            impl TryGetable for $name {
                fn try_get_by<I: ColIdx>(res: &QueryResult, index: I) -> Result<Self, TryGetError> {
                    <Bits as TryGetable>::try_get_by(res, index).map(Self)
                }
            }

            impl ValueType for $name {
                fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
                    <Bits as ValueType>::try_from(value).map(Self)
                }

                fn type_name() -> String {
                    stringify!($name).to_owned()
                }

                fn array_type() -> ArrayType {
                    <Bits as ValueType>::array_type()
                }

                fn column_type() -> ColumnType {
                    <Bits as ValueType>::column_type()
                }
            }

            impl Nullable for $name {
                fn null() -> Value {
                    <Bits as Nullable>::null()
                }
            }

            impl TryFromU64 for $name {
                fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                    Err(DbErr::ConvertFromU64(stringify!($name)))
                }
            }

            impl IntoActiveValue<$name> for $name {
                fn into_active_value(self) -> ActiveValue<$name> {
                    ActiveValue::Set(self)
                }
            }
        };
    };
}

typed_id! {
    /// Identifies a shop: the tenant that products, orders and apps belong to.
    pub struct ShopId("shop");
}

typed_id! {
    /// Identifies an event. On the wire of [`DomainEvent`](crate::DomainEvent) it is the bare
    /// UUID that the format asks for; `evt_...` is its form in logs and on the command line.
    pub struct EventId("evt");
}

typed_id! {
    /// Identifies a job. Those enqueued later sort later.
    pub struct JobId("job");
}

typed_id! {
    /// Identifies an access token (not the secret itself).
    pub struct TokenId("tok");
}

typed_id! {
    /// Identifies whoever acts: a user, an app, or the system itself.
    pub struct ActorId("act");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_of_an_id_reads_back_as_the_same_id(bits: u128) {
            let id = ShopId::from(Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse::<ShopId>(), Ok(id));
        }

        #[test]
        fn text_sorts_as_the_bits_do(left: u128, right: u128) {
            let (a, b) = (ShopId::from(Uuid::from_u128(left)), ShopId::from(Uuid::from_u128(right)));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn arbitrary_text_is_refused_or_reads_back_unchanged(text in "(shop_)?[0-9a-zA-Z_]{0,30}") {
            if let Ok(id) = text.parse::<ShopId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn known_vector_of_the_typeid_specification() {
        let uuid: Uuid = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        assert_eq!(ShopId::from(uuid).to_string(), "shop_01h455vb4pex5vsknk084sn02q");
    }

    #[test]
    fn another_prefix_is_named_in_the_error() {
        let error = "prod_01h455vb4pex5vsknk084sn02q".parse::<ShopId>().unwrap_err();
        assert_eq!(error.to_string(), "expected an id that starts with `shop_`");
    }

    #[test]
    fn text_past_128_bits_is_refused() {
        assert!("shop_8zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<ShopId>().is_err());
    }
}
