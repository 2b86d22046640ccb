//! What a database's repositories take from outside: time, ids and the key of cursors.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use czo_core::{Clock, IdGenerator, ManualClock, SystemClock, SystemIds};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// What repositories take from outside. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Environment {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdGenerator>,
    pub(crate) cursor_key: CursorKey,
}

/// The secret that cursors are signed with. `Debug` leaves it out.
///
/// Every process that serves the same lists needs the same key, and keeps it: a cursor is good
/// for as long as the key is.
#[derive(Clone)]
pub struct CursorKey(Hmac<Sha256>);

impl CursorKey {
    /// The key of these bytes. At least 32 of them, at random, make it unguessable.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes keys of every length (RFC 2104)"))
    }

    /// A key at random, which no other process has and the next start has not.
    #[must_use]
    pub fn random() -> Self {
        let bits = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
        Self::new(bits.map(uuid::Uuid::into_bytes).as_flattened())
    }

    pub(crate) fn mac(&self) -> Hmac<Sha256> {
        self.0.clone()
    }
}

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey([redacted])")
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            cursor_key: CursorKey::random(),
        }
    }
}

impl Environment {
    /// The same, with a clock that stands still: what a unit of work writes bears one time.
    pub(crate) fn at_one_moment(&self) -> Self {
        Self { clock: Arc::new(ManualClock::at(self.clock.now())), ..self.clone() }
    }

    /// Now, as exactly as both databases keep it.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }
}
