//! What repositories that read through a cache promise, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod lists;
mod nodes;
#[path = "../repo/note.rs"]
#[expect(dead_code, reason = "shared with the tests of repositories")]
mod note;
mod races;
mod reads;
mod transactions;
mod writes;

use std::time::Duration;

use czo_cache::{Cache, CacheOptions, EntryOptions};
use czo_repo::{CachedRepository, Ready};

use crate::note::{Entity, new_shop};

type Notes = CachedRepository<Entity, Ready>;

fn minute() -> EntryOptions {
    EntryOptions::ttl(Duration::from_secs(60))
}

fn memory() -> Cache {
    Cache::memory(&CacheOptions::default())
}

fn all_notes(cache: &Cache) -> CachedRepository<Entity> {
    CachedRepository::new(cache, &minute()).unwrap()
}

/// The notes of a new shop, in a cache of their own.
fn notes() -> Notes {
    all_notes(&memory()).for_shop(new_shop())
}
