//! Everything at once.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use czo_cache::{Cache, EntryOptions, Loaded};
use tokio::task::JoinSet;

use super::CacheUnderTest;
use super::probe::{LONG, in_time};

const SPACES: [&str; 2] = ["shirts", "shoes"];
const KEYS: u64 = 6;
const TASKS: u64 = 16;
const STEPS: usize = 150;

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (bits ^ (bits >> 31)) % sides
    }

    async fn pause(&mut self) {
        match self.roll(4) {
            0 => tokio::time::sleep(Duration::from_millis(self.roll(3))).await,
            1 => tokio::task::yield_now().await,
            _ => {}
        }
    }
}

/// A row: the place of its namespace, and its number there.
type Row = (usize, u64);

/// A database whose rows have only a version.
#[derive(Debug, Default)]
struct Database(Mutex<HashMap<Row, u64>>);

impl Database {
    fn read(&self, row: Row) -> u64 {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.get(&row).copied().unwrap_or_default()
    }

    fn write(&self, row: Row) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *rows.entry(row).or_default() += 1;
    }
}

fn rows() -> impl Iterator<Item = Row> {
    (0..SPACES.len()).flat_map(|space| (0..KEYS).map(move |number| (space, number)))
}

fn key(row: Row) -> String {
    format!("row_{}", row.1)
}

fn version(number: u64) -> i64 {
    i64::try_from(number).expect("a small number")
}

/// The options name one tag of a row, its load another.
fn tag(row: Row) -> String {
    format!("tag_{}", row.1 % 2)
}

fn found_tag(row: Row) -> String {
    format!("found_{}", row.1 % 3)
}

fn options(row: Row, dice: &mut Dice, moment: Duration) -> EntryOptions {
    let options = EntryOptions::ttl(LONG).tag(tag(row)).retry_after(moment / 30);
    match dice.roll(5) {
        0 => options.refresh_after(0.0),
        1 => EntryOptions::ttl(moment / 100).stale_for(LONG).tag(tag(row)),
        2 => EntryOptions::ttl(moment / 100)
            .spare_for(LONG)
            .soft_timeout(Duration::from_millis(1))
            .retry_after(moment / 30)
            .tag(tag(row)),
        _ => options,
    }
}

/// One node, and which version of each row it may not go below.
#[derive(Debug)]
struct Node {
    spaces: Vec<Cache>,
    root: Cache,
    floors: HashMap<Row, AtomicU64>,
    moment: Duration,
}

impl Node {
    fn of(root: &Cache, seed: u64, moment: Duration) -> Arc<Self> {
        let space = |name| root.namespace(&format!("{name}_{seed}")).expect("a name");
        let spaces = SPACES.map(space).to_vec();
        let floors = rows().map(|row| (row, AtomicU64::new(0))).collect();
        Arc::new(Self { spaces, root: root.clone(), floors, moment })
    }

    fn floor(&self, row: Row) -> u64 {
        self.floors[&row].load(Ordering::SeqCst)
    }

    /// What a read gets, unless the load that it waits for fails.
    async fn read(&self, database: &Arc<Database>, row: Row, dice: &mut Dice) -> Option<u64> {
        let options = options(row, dice, self.moment);
        let (database, mut dice) = (database.clone(), Dice(dice.roll(u64::MAX)));
        let load = move || async move {
            dice.pause().await;
            let number = database.read(row);
            dice.pause().await;
            match dice.roll(12) {
                0 => Err(io::Error::other("the database is down")),
                1 => Ok(Loaded::found(number).tag(found_tag(row)).fresh_for(Duration::ZERO)),
                _ if row.1.is_multiple_of(2) => {
                    Ok(Loaded::found(number).tag(found_tag(row)).version(version(number)))
                }
                _ => Ok(Loaded::found(number).tag(found_tag(row))),
            }
        };
        let key = key(row);
        in_time(self.spaces[row.0].get_or_load(&key, &options, load))
            .await
            .ok()
            .flatten()
            .map(|number| *number)
    }

    /// Reads a row, which may not be older than what was invalidated here before.
    async fn check(&self, database: &Arc<Database>, row: Row, dice: &mut Dice) {
        let floor = self.floor(row);
        let got = match dice.roll(6) {
            0 => self.spaces[row.0].get(&key(row)).await.map(|number| *number),
            1 => self.spaces[row.0].get_many(&[&key(row)]).await.pop().flatten().map(|n| *n),
            _ => self.read(database, row, dice).await,
        };
        if let Some(number) = got {
            assert!(number >= floor, "{row:?} was {floor} when it was invalidated, not {number}");
        }
    }

    /// Changes a row, and invalidates it by some means.
    async fn change(&self, database: &Database, row: Row, dice: &mut Dice) {
        database.write(row);
        dice.pause().await;
        let space = &self.spaces[row.0];
        let means = dice.roll(16);
        let concerns: Box<dyn Fn(Row) -> bool + Send> = match means {
            0..6 => Box::new(move |other| other == row),
            6..8 => Box::new(move |other| tag(other) == tag(row)),
            8..10 => Box::new(move |other| found_tag(other) == found_tag(row)),
            10..12 => Box::new(move |other| other.0 == row.0),
            12 => Box::new(|_| true),
            _ => Box::new(move |other| other == row),
        };
        // As they are before it begins.
        let known: Vec<_> =
            rows().filter(|row| concerns(*row)).map(|row| (row, database.read(row))).collect();
        drop(concerns);
        match means {
            0..3 => space.delete(&key(row)).await,
            3..6 => space.delete_many(&["none", &key(row)]).await,
            6..8 => self.root.invalidate_tag(&tag(row)).await,
            8..10 => self.root.invalidate_tag(&found_tag(row)).await,
            10 => space.clear().await,
            11 => space.invalidate("row_*").await,
            12 => self.root.clear().await,
            13 if row.1.is_multiple_of(2) => {
                space.invalidate_below(&key(row), version(database.read(row))).await;
            }
            _ => space.invalidate(&key(row)).await,
        }
        for (row, number) in known {
            self.floors[&row].fetch_max(number, Ordering::SeqCst);
        }
    }
}

async fn race(test: &CacheUnderTest, seed: u64) {
    let database = Arc::new(Database::default());
    let nodes = test.nodes().map(|cache| Node::of(cache, seed, test.moment));
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (database, node) = (database.clone(), nodes[usize::from(task % 2 == 1)].clone());
        tasks.spawn(async move {
            let mut dice = Dice(seed.wrapping_mul(TASKS).wrapping_add(task));
            let all: Vec<_> = rows().collect();
            for _ in 0..STEPS {
                let count = u64::try_from(all.len()).expect("a small number");
                let row = all[usize::try_from(dice.roll(count)).expect("a small number")];
                match dice.roll(5) {
                    0 => node.change(&database, row, &mut dice).await,
                    _ => node.check(&database, row, &mut dice).await,
                }
                dice.pause().await;
            }
        });
    }
    while let Some(ended) = in_time(tasks.join_next()).await {
        ended.expect("no read is older than what was invalidated before it");
    }
    // Everything that was written was invalidated, so both nodes get to know of it.
    let mut dice = Dice(seed);
    for node in &nodes {
        for row in rows() {
            let last = database.read(row);
            in_time(async {
                while node.read(&database, row, &mut dice).await.is_none_or(|got| got < last) {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            })
            .await;
        }
    }
}

/// Many tasks read, write and invalidate at both nodes, with loads that are slow and loads that fail.
pub async fn no_read_is_older_than_an_invalidation_before_it(test: CacheUnderTest) {
    for seed in 0..8 {
        race(&test, seed).await;
    }
}
