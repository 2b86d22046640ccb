//! What a store keeps of an entry.
//!
//! | bytes | are |
//! |---|---|
//! | 1 | 1, the format |
//! | 1 | bits: 1 a version follows, 2 there is a value, 4 a tombstone |
//! | 8 | the version, which scripts of the store read |
//! | 8 | the schema of the value |
//! | 8 | the store's generation as the load began |
//! | 32 | refresh at, fresh until, stale until, kept until: milliseconds since 1970 |
//! | 2 | how many tags follow, each with two bytes of length |
//! | 4 | the length of the value, which follows as JSON |
//!
//! Numbers are big-endian. Whatever is not exactly so is nothing.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::timeline::Tick;

const FORMAT: u8 = 1;
const HAS_VERSION: u8 = 1;
const HAS_VALUE: u8 = 2;
const IS_TOMBSTONE: u8 = 4;

/// An entry as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored<'b> {
    pub(crate) version: Option<i64>,
    pub(crate) schema: u64,
    pub(crate) generation: u64,
    pub(crate) times: StoredTimes,
    pub(crate) tags: Vec<&'b str>,
    pub(crate) body: Body<'b>,
}

/// What is known of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body<'b> {
    Value(&'b [u8]),
    Absent,
    Tombstone,
}

/// By the clock of who wrote it, milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoredTimes {
    pub(crate) refresh_at: u64,
    pub(crate) fresh_until: u64,
    pub(crate) stale_until: u64,
    pub(crate) kept_until: u64,
}

impl Stored<'_> {
    /// The bytes; nothing when there are more or longer tags than fit.
    pub(crate) fn write(&self) -> Option<Vec<u8>> {
        let body: &[u8] = if let Body::Value(body) = self.body { body } else { &[] };
        let mut bytes = Vec::with_capacity(64 + 32 * self.tags.len() + body.len());
        let kind = match self.body {
            Body::Value(_) => HAS_VALUE,
            Body::Absent => 0,
            Body::Tombstone => IS_TOMBSTONE,
        };
        bytes.push(FORMAT);
        bytes.push(kind | if self.version.is_some() { HAS_VERSION } else { 0 });
        bytes.extend(self.version.unwrap_or_default().to_be_bytes());
        let StoredTimes { refresh_at, fresh_until, stale_until, kept_until } = self.times;
        for number in
            [self.schema, self.generation, refresh_at, fresh_until, stale_until, kept_until]
        {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(u16::try_from(self.tags.len()).ok()?.to_be_bytes());
        for tag in &self.tags {
            bytes.extend(u16::try_from(tag.len()).ok()?.to_be_bytes());
            bytes.extend(tag.as_bytes());
        }
        bytes.extend(u32::try_from(body.len()).ok()?.to_be_bytes());
        bytes.extend(body);
        Some(bytes)
    }
}

/// The bytes that say nothing but of which version they are.
pub(crate) fn bound(version: Option<i64>) -> Vec<u8> {
    let bound = Stored {
        version,
        schema: 0,
        generation: 0,
        times: StoredTimes::default(),
        tags: Vec::new(),
        body: Body::Tombstone,
    };
    bound.write().expect("neither tags nor a value are too many or too long, since there are none")
}

/// The entry that these bytes are, if they are one.
pub(crate) fn read(bytes: &[u8]) -> Option<Stored<'_>> {
    let mut rest = Rest(bytes);
    if rest.byte()? != FORMAT {
        return None;
    }
    let flags = rest.byte()?;
    let version = i64::from_be_bytes(rest.array()?);
    let mut number = || Some(u64::from_be_bytes(rest.array()?));
    let (schema, generation) = (number()?, number()?);
    let times = StoredTimes {
        refresh_at: number()?,
        fresh_until: number()?,
        stale_until: number()?,
        kept_until: number()?,
    };
    let count = u16::from_be_bytes(rest.array()?);
    let mut tags = Vec::new();
    for _ in 0..count {
        let length = u16::from_be_bytes(rest.array()?);
        tags.push(std::str::from_utf8(rest.take(length.into())?).ok()?);
    }
    let length = usize::try_from(u32::from_be_bytes(rest.array()?)).ok()?;
    let value = rest.take(length)?;
    let body = match flags & !HAS_VERSION {
        HAS_VALUE => Body::Value(value),
        0 if value.is_empty() => Body::Absent,
        IS_TOMBSTONE if value.is_empty() => Body::Tombstone,
        _ => return None,
    };
    let version = (flags & HAS_VERSION != 0).then_some(version);
    rest.0.is_empty().then_some(Stored { version, schema, generation, times, tags, body })
}

struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }
}

/// Milliseconds since 1970, by the clock of this machine.
pub(crate) fn wall() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    crate::timeline::ticks(now)
}

/// A moment of this process as one of the wall clock.
pub(crate) fn to_wall(tick: Tick, now: Tick, wall: u64) -> u64 {
    match tick.checked_sub(now) {
        Some(ahead) => wall.saturating_add(ahead),
        None => wall.saturating_sub(now - tick),
    }
}

/// A moment of the wall clock as one of this process; what is before it began is its beginning.
pub(crate) fn from_wall(moment: u64, now: Tick, wall: u64) -> Tick {
    match moment.checked_sub(wall) {
        Some(ahead) => now.saturating_add(ahead),
        None => now.saturating_sub(wall - moment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> Stored<'static> {
        Stored {
            version: Some(-3),
            schema: 7,
            generation: u64::MAX,
            times: StoredTimes { refresh_at: 1, fresh_until: 2, stale_until: 3, kept_until: 4 },
            tags: vec!["shop_1", ""],
            body: Body::Value(b"{}"),
        }
    }

    #[test]
    fn an_entry_reads_back_as_it_was_written() {
        for body in [Body::Value(b"{\"a\":1}"), Body::Value(b""), Body::Absent, Body::Tombstone] {
            for version in [None, Some(i64::MIN)] {
                let stored = Stored { version, body, ..stored() };
                assert_eq!(read(&stored.write().unwrap()), Some(stored));
            }
        }
    }

    #[test]
    fn what_is_cut_or_changed_in_its_head_is_nothing_or_another_and_never_a_panic() {
        let bytes = stored().write().unwrap();
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), None, "{end}");
        }
        let longer = [&bytes[..], b"x"].concat();
        assert_eq!(read(&longer), None);
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[place] ^= 1 << bit;
                assert_ne!(read(&changed), Some(stored()), "{place} {bit}");
            }
        }
    }

    #[test]
    fn moments_move_between_the_clocks_without_leaving_them() {
        assert_eq!(to_wall(150, 100, 1_000), 1_050);
        assert_eq!(from_wall(1_050, 100, 1_000), 150);
        assert_eq!(from_wall(0, 100, 1_000), 0);
        assert_eq!(from_wall(u64::MAX, 100, 1_000), u64::MAX - 900);
        assert_eq!(to_wall(u64::MAX, 100, 1_000), u64::MAX);
    }
}
