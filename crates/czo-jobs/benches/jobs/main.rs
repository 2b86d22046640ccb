//! How many jobs a second go through a queue: `cargo xtask bench jobs`, or without its services
//! `cargo bench --package czo-jobs --features redis --bench jobs -- [--quick]`.
//!
//! Jobs with a small payload are enqueued in batches while one worker runs them, with a handler
//! that does nothing. The time ends when all have ended and the queue knows. apalis does the same
//! on the same PostgreSQL, in a database of its own, and on the same Redis; its time ends when the
//! last handler was called.
//! All take turns in one process, in rounds, so that whatever else the machine does hits them
//! alike; a figure is the median round.
//!
//! Standard output holds lines `figure <name> <value>` and nothing else.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures and progress are printed")]

mod bare;
mod ours;
mod redis;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use czo_jobs::{MemoryJobs, SqlJobs};
use czo_migrations::Migrator;
use czo_testkit::TestDatabase;

/// Measures jobs.
#[derive(Debug, Parser)]
struct Options {
    /// Less exact, but in under a minute
    #[arg(long)]
    quick: bool,
    /// What cargo says to benchmarks. `cargo test --all-targets` starts them too, without it, and
    /// means no measurement
    #[arg(long, hide = true)]
    bench: bool,
}

/// How many jobs are enqueued at once.
pub(crate) const BATCH: usize = 200;

/// How many jobs run at once.
pub(crate) const CONCURRENCY: usize = 16;

fn main() -> ExitCode {
    let options = Options::parse();
    if !options.bench {
        eprintln!("nothing measured: `cargo xtask bench jobs` does");
        return ExitCode::SUCCESS;
    }
    match all(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn all(options: &Options) -> Result<()> {
    let (rounds, jobs) = if options.quick { (3, 10_000) } else { (9, 30_000) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut outcome = None;
        let run = TestDatabase::postgres().await.run(async |postgres| {
            outcome = Some(measure(&postgres, rounds, jobs).await);
        });
        run.await;
        outcome.context("the measurement has ended")?
    })
}

async fn measure(postgres: &TestDatabase, rounds: usize, jobs: usize) -> Result<()> {
    let sqlite = TestDatabase::sqlite().await;
    let migrator = Migrator::new(vec![czo_migrations::jobs()]);
    for database in [postgres, &sqlite] {
        migrator.up(database).await?;
    }
    let on_postgres = SqlJobs::new(postgres.database());
    let on_sqlite = SqlJobs::new(sqlite.database());
    let bare = match bare::Bare::start().await {
        Ok(bare) => Some(bare),
        Err(error) => {
            eprintln!("apalis is not measured: {error:#}");
            None
        }
    };
    let on_redis = redis::Redis::connect().await?;
    let mut took: [Vec<f64>; 6] = Default::default();
    for round in 0..=rounds {
        eprintln!("round {round} of {rounds}");
        let mut turns = vec![
            Some(ours::turn(on_postgres.clone(), jobs).await?),
            Some(ours::turn(on_sqlite.clone(), jobs).await?),
            Some(ours::turn(MemoryJobs::new(), jobs).await?),
        ];
        turns.push(match &bare {
            Some(bare) => Some(bare.turn(jobs, round).await?),
            None => None,
        });
        turns.push(Some(ours::turn(on_redis.jobs.clone(), jobs).await?));
        turns.push(Some(on_redis.bare_turn(jobs).await?));
        on_redis.clear().await?;
        // The first warms up.
        if round > 0 {
            for (took, turn) in took.iter_mut().zip(turns) {
                took.extend(turn.map(|time| per_second(jobs, time)));
            }
        }
    }
    if let Some(bare) = bare {
        bare.end().await?;
    }
    let names = [
        "jobs_pg_per_s",
        "jobs_sqlite_per_s",
        "jobs_memory_per_s",
        "jobs_apalis_pg_per_s",
        "jobs_redis_per_s",
        "jobs_apalis_redis_per_s",
    ];
    for (name, values) in names.into_iter().zip(took) {
        if !values.is_empty() {
            println!("figure {name} {:.0}", median(values));
        }
    }
    Ok(())
}

fn per_second(jobs: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(jobs).unwrap_or(u32::MAX)) / took.as_secs_f64()
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
