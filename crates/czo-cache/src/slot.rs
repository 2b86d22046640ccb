//! What memory holds for a key.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crate::codec::AnyCached;
use crate::namespace::Namespace;
use crate::scope::{Generation, Scope};
use crate::timeline::{Tick, ticks};

/// How long a replica may lag behind, and not bring an old version back.
pub(crate) const TOMBSTONE: Duration = Duration::from_secs(30);

/// A value whose type only its reader knows.
pub(crate) type AnyValue = Arc<dyn AnyCached>;

/// An error whose type only those know who wait for its load.
pub(crate) type AnyError = Arc<dyn Any + Send + Sync>;

/// What memory holds for a key. It is cloned by every hit, so all but the tags is in place.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) held: Held,
    pub(crate) tags: Option<Arc<Tags>>,
    /// The generation at which the load began.
    pub(crate) generation: Generation,
    /// The version of the row, if it was said; lower ones are not taken.
    pub(crate) version: Option<i64>,
    pub(crate) times: Times,
    pub(crate) weight: u32,
}

/// The scopes of tags.
pub(crate) type Tags = Box<[Arc<Scope>]>;

/// What is known of a key.
#[derive(Clone, Debug)]
pub(crate) enum Held {
    Value(AnyValue),
    /// There is nothing.
    Absent,
    /// Nothing is known but that versions below the slot's are of no use.
    Tombstone,
}

impl From<Option<AnyValue>> for Held {
    fn from(value: Option<AnyValue>) -> Self {
        value.map_or(Self::Absent, Self::Value)
    }
}

/// When what becomes of an entry: in four bytes each, since every hit copies them. Nothing lasts for
/// longer than they can say, 49 days.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    loaded_at: Tick,
    refresh_after: u32,
    fresh_for: u32,
    stale_for: u32,
    kept_for: u32,
}

/// How old an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Fresh,
    /// Fresh, and about to be loaded again.
    Ripe,
    /// Served while it is loaded again.
    Stale,
    /// Served only when it can't be loaded.
    Spare,
    Dead,
}

impl Times {
    /// An entry that was loaded then: it is loaded again in advance from `refresh_at` on, fresh until
    /// `fresh_until`, served while it is loaded again until `stale_until`, and served when it can't be
    /// loaded until `kept_until`.
    pub(crate) fn new(
        loaded_at: Tick,
        refresh_at: Tick,
        fresh_until: Tick,
        stale_until: Tick,
        kept_until: Tick,
    ) -> Self {
        let after = |tick: Tick| u32::try_from(tick.saturating_sub(loaded_at)).unwrap_or(u32::MAX);
        Self {
            loaded_at,
            refresh_after: after(refresh_at),
            fresh_for: after(fresh_until),
            stale_for: after(stale_until.max(fresh_until)),
            kept_for: after(kept_until.max(stale_until).max(fresh_until)),
        }
    }

    /// Never served, and there for half a minute.
    pub(crate) fn tombstone(now: Tick) -> Self {
        Self::new(now, now, now, now, now.saturating_add(ticks(TOMBSTONE)))
    }

    /// Fresh until then, if it is kept for so long, and not loaded before; but then.
    pub(crate) fn retried_at(self, tick: Tick) -> Self {
        let fresh_until = tick.min(self.kept_until()).max(self.fresh_until());
        let stale_until = self.stale_until().max(fresh_until);
        let refresh_at = tick.min(fresh_until);
        Self::new(self.loaded_at, refresh_at, fresh_until, stale_until, self.kept_until())
    }

    /// The same for what is as new as that, if it was not loaded before.
    pub(crate) fn loaded_at_most(self, tick: Tick) -> Self {
        Self::new(
            self.loaded_at.min(tick),
            self.refresh_at(),
            self.fresh_until(),
            self.stale_until(),
            self.kept_until(),
        )
    }

    pub(crate) fn loaded_at(&self) -> Tick {
        self.loaded_at
    }

    pub(crate) fn refresh_at(&self) -> Tick {
        self.at(self.refresh_after)
    }

    pub(crate) fn fresh_until(&self) -> Tick {
        self.at(self.fresh_for)
    }

    pub(crate) fn stale_until(&self) -> Tick {
        self.at(self.stale_for)
    }

    pub(crate) fn kept_until(&self) -> Tick {
        self.at(self.kept_for)
    }

    fn at(&self, after: u32) -> Tick {
        self.loaded_at.saturating_add(after.into())
    }

    pub(crate) fn age(&self, now: Tick) -> Age {
        if now < self.refresh_at().min(self.fresh_until()) {
            Age::Fresh
        } else if now < self.fresh_until() {
            Age::Ripe
        } else if now < self.stale_until() {
            Age::Stale
        } else if now < self.kept_until() {
            Age::Spare
        } else {
            Age::Dead
        }
    }
}

impl Slot {
    /// Whether no scope of it was invalidated since its load began.
    #[inline]
    pub(crate) fn is_good(&self, namespace: &Namespace) -> bool {
        let is_good = |scope: &Arc<Scope>| scope.invalidated_at() <= self.generation;
        namespace.scopes().iter().all(is_good) && self.tags().iter().all(is_good)
    }

    pub(crate) fn is_tombstone(&self) -> bool {
        matches!(self.held, Held::Tombstone)
    }

    pub(crate) fn tags(&self) -> &[Arc<Scope>] {
        self.tags.as_deref().map_or(&[], |tags| tags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_grows_old_step_by_step() {
        let times = Times::new(0, 8, 10, 20, 30);
        let ages = [0, 7, 8, 9, 10, 19, 20, 29, 30].map(|now| times.age(now));
        use Age::{Dead, Fresh, Ripe, Spare, Stale};
        assert_eq!(ages, [Fresh, Fresh, Ripe, Ripe, Stale, Stale, Spare, Spare, Dead]);
    }

    #[test]
    fn what_is_tried_again_is_fresh_until_then_and_kept_no_longer() {
        let times = Times::new(0, 8, 10, 20, 30);
        assert_eq!(times.retried_at(25).age(24), Age::Fresh);
        assert_eq!(times.retried_at(99).age(29), Age::Fresh);
        assert_eq!(times.retried_at(99).age(30), Age::Dead);
        let ages = [8, 9].map(|now| times.retried_at(9).age(now));
        assert_eq!(ages, [Age::Fresh, Age::Ripe], "while it is fresh, it is tried again too");
    }

    #[test]
    fn a_hit_copies_no_more_than_a_cache_line_and_a_half() {
        assert!(size_of::<Slot>() <= 96, "{}", size_of::<Slot>());
    }
}
