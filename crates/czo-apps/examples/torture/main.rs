//! Kills those who deliver webhooks at random under load and looks whether everything arrives:
//! `cargo xtask torture webhooks [--minutes N]`, or
//! `cargo run --package czo-apps --example webhooks-torture -- [--minutes N]`.
//!
//! Three dispatchers and two writers are processes of their own. They are killed (SIGKILL), frozen
//! for longer than a lease and sent away at random, and their PostgreSQL crashes. Beside good
//! receivers there is one of every bad kind: one hangs, one answers byte by byte, one hangs up in
//! the middle of its answer, one fails for a while, one is gone, one redirects to where nobody
//! should go, one answers 20 MB, one asks for less, and one that wants its messages in order
//! fails now and then.
//!
//! Standard output holds lines `figure <name> <value>` and nothing else. It ends with a failure
//! when a message was lost, overtook another of its lane, came with another body or signature, was
//! rolled back and came all the same, or was called delivered and never accepted.

#![expect(clippy::print_stderr, reason = "people read it")]

#[path = "harness.rs"]
mod harness;

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use clap::Parser;
use czo_testkit::torture::{Bar, print_figures};

use self::harness::{Plan, Progress, play_if_asked, torture};

#[derive(Debug, Parser)]
#[command(about = "Kills those who deliver webhooks and looks whether everything arrives")]
struct Options {
    /// For how long
    #[arg(long, default_value_t = 3.0)]
    minutes: f64,
    /// What is done to whom follows from it; the time, when it is not given
    #[arg(long)]
    seed: Option<u64>,
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
        duration: Duration::try_from_secs_f64(options.minutes * 60.0)?,
        seed: options.seed.unwrap_or(now.as_secs()),
        dispatchers: 3,
        writers: 2,
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
        bail!("webhooks broke their promise (seed {}): {}", plan.seed, faults.join(", "));
    }
    Ok(())
}

fn say(progress: Progress) -> String {
    let Progress { arrivals, kills, crashes, left, .. } = progress;
    let phase = left.map(|left| format!(", draining: {left} left")).unwrap_or_default();
    format!("arrivals {arrivals}, kills {kills}, crashes {crashes}{phase}")
}
