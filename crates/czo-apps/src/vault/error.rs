//! Why a vault does not open.

use czo_core::{Classified, ErrorKind};
use thiserror::Error;

use super::{VaultKeyId, VaultPlace};

/// The setting that holds the keys, for messages.
const SETTING: &str = "apps.vault_keys";

/// Why a value can't be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VaultError {
    /// There is no key.
    #[error("there is no key for secrets at rest: `{SETTING}` needs at least one")]
    NoKey,
    /// Text that is not a key.
    #[error("`{SETTING}` has something that is not a key: expected 32 bytes in base64")]
    KeyText,
    /// The key that sealed a value is not there.
    #[error(
        "`{}.{}` is sealed with the key {key}, and `{SETTING}` has {}: add that key behind the newest one", place.table, place.column, list(known)
    )]
    UnknownKey {
        /// Where the value is.
        place: VaultPlace,
        /// The key that is missing.
        key: VaultKeyId,
        /// The keys that are there.
        known: Vec<VaultKeyId>,
    },
    /// The value is not what was sealed, or was sealed for another place.
    #[error(
        "`{}.{}` of row {} is not what was sealed there: it was changed, or moved",
        place.table, place.column, place.row
    )]
    Damaged {
        /// Where the value is.
        place: VaultPlace,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

fn list(keys: &[VaultKeyId]) -> String {
    let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
    keys.join(", ")
}

impl Classified for VaultError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::KeyText | Self::NoKey => ErrorKind::Invalid,
            Self::UnknownKey { .. } | Self::Damaged { .. } | Self::Random => ErrorKind::Internal,
        }
    }
}
