//! A process of a shop: it reads through its cache, and tells it what it has written.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use czo_cache::{Cache, CacheOptions, EntryOptions, Loaded, RedisStore, SharedOptions};
use czo_testkit::torture::Dice;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ledger::{Ledger, Read};
use super::proxy::Proxy;
use super::truth::{ROWS, Truth};

/// How many rows have a tag in common.
const ROWS_OF_A_TAG: usize = 8;

/// A row as it is cached.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
struct Row {
    version: u64,
    title: String,
}

/// A process with a cache of its own.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) number: usize,
    pub(crate) proxy: Proxy,
    whole: Cache,
    rows: Cache,
    truth: Arc<Truth>,
    ledger: Arc<Ledger>,
}

impl Node {
    pub(crate) async fn start(
        number: usize,
        server: u16,
        bound: Duration,
        truth: Arc<Truth>,
        ledger: Arc<Ledger>,
    ) -> Result<Self> {
        let proxy = Proxy::start(server).await?;
        let store = RedisStore::new(proxy.url().parse()?);
        let shared = SharedOptions::default().staleness_bound(bound);
        let whole = Cache::shared(&CacheOptions::default(), shared, Arc::new(store));
        let rows = whole.namespace("shop")?.namespace("row")?;
        Ok(Self { number, proxy, whole, rows, truth, ledger })
    }

    pub(crate) fn is_linked(&self) -> bool {
        self.whole.is_linked()
    }

    /// Reads a row, and holds what it gets against the truth.
    pub(crate) async fn read(&self, dice: &mut Dice) {
        let row = self.row(dice);
        let options = options(dice, row);
        let (truth, ledger) = (self.truth.clone(), self.ledger.clone());
        let (before, after) = (dice.millis(0, 5), dice.millis(0, 20));
        let load = move || async move {
            ledger.loaded();
            tokio::time::sleep(before).await;
            let version = truth.read(row);
            // Time for others to write, and to invalidate.
            tokio::time::sleep(after).await;
            let loaded = Loaded::found(Row { version, title: "a shirt".to_owned() });
            Ok::<_, io::Error>(match i64::try_from(version) {
                Ok(version) if has_version(row) => loaded.version(version),
                _ => loaded,
            })
        };
        let began = Instant::now();
        let read = self.rows.get_or_load(&key(row), &options, load).await;
        let version = read.ok().flatten().map(|row| row.version);
        let replaced = version.map(|version| self.truth.since(row, version)).unwrap_or_default();
        self.ledger.read(Read { node: self.number, row, began, version, replaced: &replaced });
    }

    /// Writes a row, and forgets it in one of the ways there are, a moment later: others write it
    /// meanwhile.
    pub(crate) async fn write(&self, dice: &mut Dice) {
        let row = self.row(dice);
        let version = self.truth.write(row, self.number);
        self.ledger.wrote();
        tokio::time::sleep(dice.millis(0, 5)).await;
        match is_put(row) {
            true => self.put(dice, row, version).await,
            false => self.forget(dice, row).await,
        }
        self.truth.told(row, version);
    }

    /// Tells by the version: what is put late takes the place of nothing that is newer.
    async fn put(&self, dice: &mut Dice, row: usize, version: u64) {
        let number = i64::try_from(version).unwrap_or(i64::MAX);
        match dice.below(100) {
            0..50 => self.rows.invalidate_below(&key(row), number).await,
            _ => {
                let value = Row { version, title: "a shirt".to_owned() };
                let value = Loaded::found(value).version(number);
                self.rows.put(&key(row), value, &options(dice, row)).await;
            }
        }
    }

    async fn forget(&self, dice: &mut Dice, row: usize) {
        match dice.below(100) {
            0..50 => self.rows.delete(&key(row)).await,
            50..72 => self.rows.invalidate_tag(&tag(row)).await,
            72..84 => self.rows.invalidate(&format!("{}*", key(row))).await,
            84..86 => self.rows.clear().await,
            86..87 => self.whole.clear().await,
            _ => self.rows.delete_many(&[&key(row)]).await,
        }
    }

    /// Some are read and written far more often than others.
    fn row(&self, dice: &mut Dice) -> usize {
        let end = if dice.happens(500) { 6 } else { u32::try_from(ROWS).unwrap_or(u32::MAX) };
        usize::try_from(dice.below(end)).unwrap_or_default()
    }
}

fn has_version(row: usize) -> bool {
    row.is_multiple_of(2)
}

/// Whether what was written is put, and not only forgotten. Whoever puts has to tell by versions
/// whenever they write: something that is forgotten may be put again by who is late.
fn is_put(row: usize) -> bool {
    row.is_multiple_of(4)
}

fn key(row: usize) -> String {
    // None is the beginning of another.
    format!("row_{row:03}")
}

fn tag(row: usize) -> String {
    format!("shop_{}", row / ROWS_OF_A_TAG)
}

fn options(dice: &mut Dice, row: usize) -> EntryOptions {
    let second = Duration::from_secs(1);
    // Long enough that what is stale is so by an invalidation that was missed. Some are loaded again all
    // the time.
    let part = if row.is_multiple_of(3) { 0.000_5 } else { 1.0 };
    let options = EntryOptions::ttl(600 * second).refresh_after(part).tag(tag(row));
    if dice.happens(500) { options.spare_for(600 * second) } else { options }
}
