//! What there is to invalidate by.

use czo_cache::{Cache, EntryOptions, Loaded};

use super::probe::{Ends, LONG, Probe, Reading, fails, lasting};

/// What is there first.
pub(super) const OLD: u64 = 1;
/// What takes its place.
pub(super) const NEW: u64 = 2;

const KEY: &str = "key";

/// Something that invalidates an entry of a [`Field`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Means {
    Delete,
    DeleteMany,
    Set,
    SetMany,
    Pattern,
    /// A tag of the options.
    Tag,
    /// A tag that only the load's result has.
    FoundTag,
    Namespace,
    OuterNamespace,
    Everything,
    Below,
}

impl Means {
    pub(super) const ALL: [Self; 11] = [
        Self::Delete,
        Self::DeleteMany,
        Self::Set,
        Self::SetMany,
        Self::Pattern,
        Self::Tag,
        Self::FoundTag,
        Self::Namespace,
        Self::OuterNamespace,
        Self::Everything,
        Self::Below,
    ];

    /// Whether it can be known while the load is open that it concerns it.
    pub(super) fn is_known_at_once(self) -> bool {
        self != Self::FoundTag
    }

    /// Whether it puts the new value there.
    pub(super) fn writes(self) -> bool {
        matches!(self, Self::Set | Self::SetMany)
    }
}

/// A key in a namespace in a namespace, seen from one node.
#[derive(Clone, Debug)]
pub(super) struct Field {
    root: Cache,
    outer: Cache,
    inner: Cache,
}

impl Field {
    /// One that no other test by other means has used: what was there once may hold lower versions
    /// back.
    pub(super) fn of(root: &Cache, means: Means) -> Self {
        let outer = root.namespace(&format!("outer_{means:?}")).expect("a name");
        let inner = outer.namespace("inner").expect("a name");
        Self { root: root.clone(), outer, inner }
    }

    /// Invalidates the key by these means.
    pub(super) async fn invalidate(&self, means: Means) {
        let inner = &self.inner;
        match means {
            Means::Delete => inner.delete(KEY).await,
            Means::DeleteMany => inner.delete_many(&["none", KEY, ""]).await,
            Means::Set => inner.set(KEY, NEW, &tagged(lasting())).await,
            Means::SetMany => inner.set_many([(KEY.to_owned(), NEW)], &tagged(lasting())).await,
            Means::Pattern => inner.invalidate("k?*").await,
            Means::Tag => self.root.invalidate_tag("options").await,
            Means::FoundTag => self.root.invalidate_tag("found").await,
            Means::Namespace => inner.clear().await,
            Means::OuterNamespace => self.outer.clear().await,
            Means::Everything => self.root.clear().await,
            Means::Below => inner.invalidate_below(KEY, version(NEW)).await,
        }
    }

    /// What is there, if anything.
    pub(super) async fn get(&self) -> Option<u64> {
        self.inner.get(KEY).await.map(|value| *value)
    }

    /// A read in a task of its own, whose load ends so.
    pub(super) fn spawn(
        &self,
        probe: &Probe,
        options: &EntryOptions,
        end: Ends<u64>,
    ) -> Reading<u64> {
        probe.spawn(&self.inner, KEY, &tagged(options.clone()), end)
    }

    /// What a read gets when the load finds this.
    pub(super) async fn value(&self, options: &EntryOptions, number: u64) -> u64 {
        self.spawn(&Probe::open(), options, found(number)).value().await
    }

    /// What a read gets when the load fails, if anything.
    pub(super) async fn without_database(&self, options: &EntryOptions) -> Option<u64> {
        let got = self.spawn(&Probe::open(), options, fails()).end().await;
        got.ok().flatten().map(|value| *value)
    }

    /// Puts the old value there by a load.
    pub(super) async fn load_old(&self, options: &EntryOptions) {
        assert_eq!(self.value(options, OLD).await, OLD);
    }
}

fn tagged(options: EntryOptions) -> EntryOptions {
    options.tag("options")
}

fn version(number: u64) -> i64 {
    i64::try_from(number).expect("a small number")
}

/// The end of a load that finds this number.
pub(super) fn found(number: u64) -> Ends<u64> {
    Ok(Loaded::found(number).version(version(number)).tag("found"))
}

/// The same, good until the test is over.
pub(super) fn found_for_long(number: u64) -> Ends<u64> {
    found(number).map(|found| found.fresh_for(LONG))
}
