//! What can be cached, and how the cache handles values whose type it does not know.

use std::any::{Any, TypeId};
use std::sync::{Arc, OnceLock};
use std::{fmt, io};

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::slot::AnyValue;

/// What can be cached: whatever has a schema and can be written and read. There is nothing to
/// implement.
///
/// The schema is what tells an entry of this program from one that another version of it left in
/// Redis: where it differs, there is no entry.
pub trait Cached: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static> Cached for T {}

/// A value of a type that is not known: `Any` that can still be shown to people.
///
/// `Any` comes first, so that its table of functions is the beginning of this one: to ask for the
/// type costs no more than with `Any` itself.
pub(crate) trait AnyCached: Any + Send + Sync {
    /// The value as JSON; nothing when it has no such form.
    fn json(&self) -> Option<serde_json::Value>;
}

impl<T: Cached> AnyCached for T {
    fn json(&self) -> Option<serde_json::Value> {
        serde_json::to_value(self).ok()
    }
}

impl dyn AnyCached {
    pub(crate) fn is<T: Cached>(&self) -> bool {
        (self as &dyn Any).is::<T>()
    }

    pub(crate) fn downcast_ref<T: Cached>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref::<T>()
    }

    pub(crate) fn downcast<T: Cached>(
        self: Arc<Self>,
    ) -> Result<Arc<T>, Arc<dyn Any + Send + Sync>> {
        let any: Arc<dyn Any + Send + Sync> = self;
        any.downcast::<T>()
    }
}

impl fmt::Debug for dyn AnyCached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
}

/// What is done with values of one type by those that don't know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Codec {
    schema: fn() -> u64,
    is_value: fn(&AnyValue) -> bool,
    encode: fn(&AnyValue) -> Option<Vec<u8>>,
    decode: fn(&[u8]) -> Option<AnyValue>,
    weigh: fn(&AnyValue) -> u64,
}

impl Codec {
    pub(crate) fn of<T: Cached>() -> Self {
        Self {
            schema: schema::<T>,
            is_value: |value| value.is::<T>(),
            encode: encode::<T>,
            decode: decode::<T>,
            weigh: weigh::<T>,
        }
    }

    /// Whether this value is of the type.
    pub(crate) fn is_value(&self, value: &AnyValue) -> bool {
        (self.is_value)(value)
    }

    /// What tells the type from others, in this version of the program and in others.
    pub(crate) fn schema(&self) -> u64 {
        (self.schema)()
    }

    pub(crate) fn encode(&self, value: &AnyValue) -> Option<Vec<u8>> {
        (self.encode)(value)
    }

    pub(crate) fn decode(&self, bytes: &[u8]) -> Option<AnyValue> {
        (self.decode)(bytes)
    }

    /// About how many bytes it has: what it would have as JSON.
    pub(crate) fn weigh(&self, value: &AnyValue) -> u64 {
        (self.weigh)(value)
    }
}

fn schema<T: Cached>() -> u64 {
    // A generic function has no static of its own for each type.
    static HASHES: OnceLock<quick_cache::sync::Cache<TypeId, u64>> = OnceLock::new();
    let hashes = HASHES.get_or_init(|| quick_cache::sync::Cache::new(1_024));
    if let Some(hash) = hashes.get(&TypeId::of::<T>()) {
        return hash;
    }
    let schema = schemars::schema_for!(T);
    let mut hash = Sha256::new();
    hash.update(std::any::type_name::<T>());
    hash.update(schema.as_value().to_string());
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(hash.finalize());
    let hash = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    hashes.insert(TypeId::of::<T>(), hash);
    hash
}

fn encode<T: Cached>(value: &AnyValue) -> Option<Vec<u8>> {
    serde_json::to_vec(value.downcast_ref::<T>()?).ok()
}

fn decode<T: Cached>(bytes: &[u8]) -> Option<AnyValue> {
    let value: T = serde_json::from_slice(bytes).ok()?;
    Some(Arc::new(value))
}

fn weigh<T: Cached>(value: &AnyValue) -> u64 {
    let mut counted = Counted(0);
    if let Some(value) = value.downcast_ref::<T>() {
        // What can't be written weighs what was written of it.
        let _ = serde_json::to_writer(&mut counted, value);
    }
    counted.0.max(u64::try_from(size_of::<T>()).unwrap_or_default())
}

/// Counts what is written.
struct Counted(u64);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).unwrap_or_default();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    mod before {
        use super::*;

        #[derive(Serialize, Deserialize, JsonSchema)]
        pub(super) struct Product {
            pub(super) title: String,
        }
    }

    mod after {
        use super::*;

        #[derive(Serialize, Deserialize, JsonSchema)]
        pub(super) struct Product {
            pub(super) title: String,
            #[serde(default)]
            pub(super) price: u32,
        }
    }

    #[test]
    fn another_shape_has_another_schema() {
        let (before, after) = (Codec::of::<before::Product>(), Codec::of::<after::Product>());
        assert_ne!(before.schema(), after.schema());
        assert_eq!(before.schema(), Codec::of::<before::Product>().schema());
    }

    #[test]
    fn a_value_reads_back_as_it_was_written() {
        let codec = Codec::of::<before::Product>();
        let value: AnyValue = Arc::new(before::Product { title: "a shirt".to_owned() });
        let bytes = codec.encode(&value).unwrap();
        let read = codec.decode(&bytes).unwrap().downcast::<before::Product>().unwrap();
        assert_eq!(read.title, "a shirt");
        assert_eq!(codec.weigh(&value), bytes.len().max(size_of::<String>()) as u64);
    }

    #[test]
    fn bytes_of_another_shape_are_no_value() {
        let codec = Codec::of::<before::Product>();
        for bytes in [&b""[..], b"null", b"{\"title\":3}", b"\xff\xfe", b"{\"title\":\"a"] {
            assert!(codec.decode(bytes).is_none(), "{bytes:?}");
        }
    }
}
