//! Kills the outbox at random under load and looks whether everything arrives:
//! `cargo xtask torture outbox [--minutes N]`, or
//! `cargo run --package czo-outbox --example outbox-torture -- [--minutes N]`.
//!
//! Three relays, two writers and two consumers are processes of their own. They are killed
//! (SIGKILL), frozen for longer than a lease and sent away at random; their PostgreSQL crashes,
//! the broker answers late, drops connections or is out of reach, the clock of some is set back
//! by an hour, and rows that are no events lie in the outbox.
//!
//! Standard output holds lines `figure <name> <value>` and nothing else. It ends with a failure
//! when an event was lost, came out of order, was rolled back and came all the same, or was
//! handled more than once.

#![expect(clippy::print_stderr, reason = "people read it")]

#[path = "harness.rs"]
mod harness;

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use clap::{Parser, ValueEnum};
use czo_testkit::torture::{Bar, print_figures};

use self::harness::{Kind, Plan, Progress, play_if_asked, torture};

#[derive(Debug, Parser)]
#[command(about = "Kills the outbox at random under load and looks whether everything arrives")]
struct Options {
    /// For how long
    #[arg(long, default_value_t = 3.0)]
    minutes: f64,
    /// What is done to whom follows from it; the time, when it is not given
    #[arg(long)]
    seed: Option<u64>,
    /// The database under it
    #[arg(long, value_enum, default_value_t = On::Postgres)]
    on: On,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum On {
    /// A server of its own, which crashes every 20 seconds
    Postgres,
    /// A file
    Sqlite,
}

fn main() -> ExitCode {
    if let Some(played) = play_if_asked() {
        return played;
    }
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let plan = Plan {
        kind: if options.on == On::Postgres { Kind::Postgres } else { Kind::Sqlite },
        duration: Duration::try_from_secs_f64(options.minutes * 60.0)?,
        seed: options.seed.unwrap_or(now.as_secs()),
        relays: 3,
        writers: 2,
        consumers: 2,
        crash_every: Duration::from_secs(20),
        arguments: Vec::new(),
    };
    eprintln!("seed {}", plan.seed);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let bar = Bar::new(plan.duration);
    let ledger =
        runtime.block_on(torture(&plan, |progress| bar.show(progress.elapsed, say(progress))))?;
    bar.finish();
    print_figures(ledger.figures());
    let faults = ledger.faults();
    if !faults.is_empty() {
        bail!("the outbox broke its promise (seed {}): {}", plan.seed, faults.join(", "));
    }
    Ok(())
}

fn say(progress: Progress) -> String {
    let Progress { arrivals, kills, crashes, is_draining, .. } = progress;
    let phase = if is_draining { ", draining" } else { "" };
    format!("arrivals {arrivals}, kills {kills}, crashes {crashes}{phase}")
}
