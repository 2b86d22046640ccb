//! What reading a row through the cache saves: `cargo xtask bench cache`, or without its services
//! `cargo bench --package czo-repo --features cache --bench cached -- [--quick]`.
//!
//! One row by its id, from PostgreSQL and from memory, in turns as in the benchmark of
//! repositories. Every row is in the cache before; every answer is looked at.
//!
//! Standard output holds lines `figure <name> <value>` and nothing else.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures and progress are printed")]

#[path = "../repo/note.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the benchmark of repositories")]
mod note;
#[path = "../repo/options.rs"]
#[expect(dead_code, reason = "shared with the benchmark of repositories")]
mod options;
#[path = "../repo/place.rs"]
#[expect(dead_code, reason = "shared with the benchmark of repositories")]
mod place;
#[path = "../repo/rounds.rs"]
mod rounds;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;
use czo_cache::{Cache, CacheOptions, EntryOptions};
use czo_repo::CachedRepository;

use self::note::{Entity, NoteId, SHOP, notes};
use self::options::Options;
use self::place::Place;
use self::rounds::{Rounds, timed};

const ROWS: usize = 1_000;
/// Calls of one turn, of the bare repository and of the cached one: some milliseconds each.
const CALLS: [usize; 2] = [50, 5_000];
/// Prime, and far from a row's neighbours.
const STRIDE: usize = 7_919;

fn main() -> ExitCode {
    let options = Options::parse();
    if !options.bench {
        eprintln!("nothing measured: `cargo xtask bench cache` does");
        return ExitCode::SUCCESS;
    }
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    eprintln!("cached repository: one row by its id");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let measured = place::on_postgres(async |place| measure(&place, options.find_rounds()).await);
    runtime.block_on(Box::pin(measured))
}

async fn measure(place: &Place, rounds: usize) -> Result<()> {
    let (db, bare) = (&place.database, notes());
    let cache = Cache::memory(&CacheOptions::default());
    let hour = EntryOptions::ttl(Duration::from_secs(3_600));
    let cached = CachedRepository::<Entity>::new(&cache, &hour)?.for_shop(*SHOP);
    let created = bare.create_many(db, (0..ROWS).map(note::note)).await?;
    let ids: Vec<NoteId> = created.iter().map(|row| row.id).collect();
    place.settle().await?;
    ensure!(cached.find_by_ids(db, &ids).await?.iter().all(Option::is_some), "a row is missing");

    let loads = cache.stats().loads.hits;
    let mut next = [0; 2];
    let rounds = Rounds::<2>::run(rounds, async |way| {
        let start = next[way];
        next[way] += CALLS[way];
        let wanted = (start..).map(|call| ids[call * STRIDE % ids.len()]).take(CALLS[way]);
        let work = async {
            let mut found = 0;
            for id in wanted {
                let is_there = match way {
                    0 => black_box(bare.find_by_id(db, id).await?).is_some(),
                    _ => black_box(cached.find_by_id(db, id).await?).is_some(),
                };
                found += usize::from(is_there);
            }
            Ok(found)
        };
        let (took, found) = timed(work).await?;
        ensure!(found == CALLS[way], "{found} of {} rows were found", CALLS[way]);
        // For one call.
        Ok(took / u32::try_from(CALLS[way])?)
    })
    .await?;
    ensure!(cache.stats().loads.hits == loads, "a row was not in the cache any more");
    figure("cache_repo_bare_us", rounds.seconds(0) * 1e6);
    figure("cache_repo_hit_us", rounds.seconds(1) * 1e6);
    figure("cache_repo_speedup", rounds.throughput(1, 0));
    Ok(())
}

/// Prints a figure, for machines.
fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}
