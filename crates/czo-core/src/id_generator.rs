//! Where new identifiers come from, injected so that tests can foresee them.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

/// Gives UUIDv7 bits (RFC 9562, section 5.7), each greater than the one before it from the same
/// generator. Shared between threads.
pub trait IdGenerator: Send + Sync + std::fmt::Debug {
    /// The next identifier's bits.
    fn uuid_v7(&self) -> Uuid;
}

/// Identifiers from the system's clock and random source: what a running program uses.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl IdGenerator for SystemIds {
    fn uuid_v7(&self) -> Uuid {
        // `now_v7` keeps a counter for identifiers of one millisecond, so order holds.
        Uuid::now_v7()
    }
}

/// Identifiers that a test can foresee: the first is number 1, the next number 2.
///
/// ```
/// use czo_core::{IdGenerator, SequentialIds};
///
/// let ids = SequentialIds::default();
/// assert_eq!(ids.uuid_v7().to_string(), "00000000-0000-7000-8000-000000000001");
/// ```
#[derive(Debug, Default)]
pub struct SequentialIds {
    last: AtomicU64,
}

impl IdGenerator for SequentialIds {
    fn uuid_v7(&self) -> Uuid {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        Uuid::from_u64_pair(0x7000, 0x8000_0000_0000_0000 | number)
    }
}
