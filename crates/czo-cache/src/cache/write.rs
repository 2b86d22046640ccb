//! Writing and forgetting.

use std::sync::Arc;

use super::Cache;
use crate::codec::Cached;
use crate::entry_options::EntryOptions;
use crate::load::{self, Order, Wanted};
use crate::loaded::Loaded;
use crate::namespace::Key;
use crate::pattern::Pattern;
use crate::remote::{Live, Remote, Want};
use crate::scope::tag_scope;
use crate::slot::Slot;
use crate::store::Invalidation;

/// How many keys are written or forgotten by one call to the store.
const AT_ONCE: usize = 500;

impl Cache {
    /// Puts a value in the place of whatever is there, or is being loaded.
    ///
    /// Of two processes that set a key, the one whose value reaches the store last wins. What has a
    /// database behind it is better deleted when it has changed, or [`put`](Self::put) with its
    /// version.
    pub async fn set<T: Cached>(&self, key: &str, value: T, options: &EntryOptions) {
        self.put(key, Loaded::found(value), options).await;
    }

    /// The same for a value of which more is known. A lower version than the one that is there is
    /// not taken, nor one [below](Self::invalidate_below) what is.
    ///
    /// Who puts has to tell by the version whenever they write. What was [deleted](Self::delete)
    /// bears none: a value that is put after that is taken, however old it is.
    pub async fn put<T: Cached>(&self, key: &str, value: Loaded<T>, options: &EntryOptions) {
        self.put_many([(key.to_owned(), value)], options).await;
    }

    /// Puts values in the place of whatever is there.
    pub async fn set_many<T: Cached>(
        &self,
        values: impl IntoIterator<Item = (String, T)>,
        options: &EntryOptions,
    ) {
        let values = values.into_iter().map(|(key, value)| (key, Loaded::found(value)));
        self.put_many(values, options).await;
    }

    /// The same for values of which more is known.
    pub async fn put_many<T: Cached>(
        &self,
        values: impl IntoIterator<Item = (String, Loaded<T>)>,
        options: &EntryOptions,
    ) {
        let mut values = values.into_iter();
        loop {
            let some: Vec<_> = values.by_ref().take(AT_ONCE).collect();
            if some.is_empty() {
                return;
            }
            self.put_some(some, options).await;
        }
    }

    async fn put_some<T: Cached>(&self, values: Vec<(String, Loaded<T>)>, options: &EntryOptions) {
        let shared = &self.shared;
        let tags: Vec<_> =
            options.tags.iter().map(|tag| shared.scopes.of(&tag_scope(tag))).collect();
        let keys: Vec<_> = values.iter().map(|(key, _)| Key::new(&self.namespace, key)).collect();
        // If this ends halfway, or the store does not take them, it is to forget what it has.
        let names = Invalidation::Keys(keys.iter().map(Key::full).collect());
        let mut telling = shared.remote.as_ref().map(|remote| remote.telling(names));
        let live = telling.as_ref().and_then(|telling| telling.live().cloned());
        if let (Some(remote), Some(live), Some(key)) = (&shared.remote, &live, keys.first()) {
            let own = values.iter().flat_map(|(_, value)| &value.tags);
            let own = own.map(|tag| shared.scopes.of(&tag_scope(tag)));
            let all: Vec<_> = tags.iter().cloned().chain(own).collect();
            remote.learn_of(shared, live, key, &all).await;
        }
        // What is put is as new as this, here and in the store.
        let stored_generation = live.as_ref().map_or(0, |live| live.generation());
        let mut written = Vec::with_capacity(keys.len());
        for (key, value) in values {
            let order = self.order::<T>(&key, options, Want::Any, Wanted::Answer);
            let found = value.into();
            let (generation, now) = (shared.scopes.generation(), shared.timeline.now());
            let slot = load::slot(&order, shared, &tags, generation, found, now);
            if live.is_none() {
                shared.put(&order.key, slot);
            } else if !shared.memory.is_outdated(&order.key, slot.version, now) {
                written.push((order, slot));
            }
        }
        let (Some(remote), Some(live)) = (&shared.remote, &live) else { return };
        let is_written =
            written.is_empty() || self.write(remote, live, &written, stored_generation).await;
        if let (true, Some(telling)) = (is_written, &mut telling) {
            telling.is_needless();
        }
    }

    /// Writes to the store; false when that did not succeed. Memory has nothing of it: what it had, and
    /// what is read from the store before it takes the values, is forgotten, and only the store knows
    /// which values it took.
    async fn write(
        &self,
        remote: &Remote,
        live: &Live,
        written: &[(Order, Slot)],
        generation: u64,
    ) -> bool {
        let shared = &self.shared;
        let forget = || written.iter().for_each(|(order, _)| shared.forget(&order.key));
        let record = |(order, slot): &(Order, Slot)| {
            (order.key.full(), remote.record(shared, order, slot, generation))
        };
        let records = written.iter().map(record).collect();
        forget();
        let answer = live.session.write(records).await;
        forget();
        if answer.is_err() {
            shared.stats.redis.errors.add();
        }
        answer.is_ok()
    }

    /// Forgets a key. What is being loaded for it is not kept.
    pub async fn delete(&self, key: &str) {
        self.delete_many(&[key]).await;
    }

    /// Forgets keys. What is being loaded for them is not kept.
    pub async fn delete_many(&self, keys: &[&str]) {
        let keys: Vec<_> = keys.iter().map(|key| Key::new(&self.namespace, key)).collect();
        for keys in keys.chunks(AT_ONCE) {
            let names = || Invalidation::Keys(keys.iter().map(Key::full).collect());
            self.everywhere(|| keys.iter().for_each(|key| self.shared.forget(key)), names).await;
        }
    }

    /// Forgets a key, unless it has this version or a later one, and takes no version below: what a
    /// replica that lags behind still shows is not kept, nor what another is late to
    /// [`put`](Self::put).
    ///
    /// That holds as long as what takes its place is kept, and for half a minute while nothing does,
    /// unless everything is cleared. What is found to be absent has no version, and nothing is below it.
    pub async fn invalidate_below(&self, key: &str, version: i64) {
        let key = Key::new(&self.namespace, key);
        let what = || Invalidation::Below(key.full(), version);
        self.everywhere(|| self.shared.forget_below(&key, version), what).await;
    }

    /// Forgets the keys of this namespace that match: `*` is any text, `?` any character, `\` takes the
    /// meaning of what follows.
    ///
    /// It looks at every key, of all processes, a few at a time;
    /// [`invalidate_tag`](Self::invalidate_tag) is better where keys are known to belong together.
    pub async fn invalidate(&self, pattern: &str) {
        let meant = Pattern::new(pattern);
        let forget = || {
            self.shared.forget_all(|key| {
                Arc::ptr_eq(&key.namespace, &self.namespace) && meant.matches(&key.text)
            });
        };
        let what = || Invalidation::Pattern(format!("{}|{pattern}", self.namespace.path()));
        self.everywhere(forget, what).await;
    }

    /// Forgets everything with this tag, in whatever namespace, in the same time however much it
    /// is.
    pub async fn invalidate_tag(&self, tag: &str) {
        self.invalidate_scope(&tag_scope(tag)).await;
    }

    /// Forgets everything in this namespace and those within, in the same time however much it is.
    pub async fn clear(&self) {
        self.invalidate_scope(self.namespace.scope()).await;
        if self.namespace.path().is_empty() {
            // It would be of no use to anybody.
            self.shared.memory.clear();
        }
    }

    async fn invalidate_scope(&self, scope: &str) {
        let what = || Invalidation::Scope(scope.to_owned());
        self.everywhere(|| self.shared.scopes.invalidate(scope), what).await;
    }

    /// Forgets here, everywhere, and here again: what was read from the store in between may have
    /// been there still.
    async fn everywhere(&self, forget: impl Fn(), what: impl FnOnce() -> Invalidation) {
        forget();
        if let Some(remote) = &self.shared.remote {
            remote.invalidate(&self.shared, what()).await;
            forget();
        }
    }
}
