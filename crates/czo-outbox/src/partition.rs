//! Which relay an event belongs to.

use sha2::{Digest, Sha256};

/// How many partitions there are: at most as many relays share the work. The migration of the
/// table of leases has the same number.
pub(crate) const PARTITIONS: i16 = 16;

/// One share of the events; all events of one ordering key are in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Partition(pub(crate) i16);

impl Partition {
    /// Where events of `key` are, for every process, version and machine alike.
    pub(crate) fn of(key: &[u8]) -> Self {
        let hash = Sha256::digest(key);
        Self(i16::from(hash[0]) % PARTITIONS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_where_it_was_in_every_version() {
        let places = ["", "a", "prod_01", "prod_02"].map(|key| Partition::of(key.as_bytes()).0);
        assert_eq!(places, PLACES);
    }

    /// Other numbers mean that while two versions run, one key has two relays.
    const PLACES: [i16; 4] = [3, 10, 4, 13];

    #[test]
    fn keys_are_spread_over_all_partitions() {
        let mut counts = [0_u32; PARTITIONS as usize];
        for number in 0..16_000_u32 {
            let place = Partition::of(&number.to_be_bytes()).0;
            counts[usize::try_from(place).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (800..1_200).contains(count)), "{counts:?}");
    }
}
