//! Harms the bus over RabbitMQ under load and looks whether everything is handled:
//! `cargo xtask torture bus [--minutes N]`, or
//! `cargo run --package czo-eventbus-amqp --example bus-torture -- [--minutes N]`.
//!
//! Up to 2,000 events a second of 500 keys are published to two groups, of which one keeps the
//! order of keys, in two processes, over a RabbitMQ of its own behind networks. At first all
//! connections are cut every two seconds. Then comes, in an order of the seed, everything that
//! [`Harm`](harness::Harm) names, while consumers are killed now and then.
//!
//! Standard output holds lines `figure <name> <value>` and nothing else. It ends with a failure
//! when what the bus had confirmed was not handled by a group, or before what was published
//! earlier; when a binding was added, or is gone; when a message that is no event is no dead
//! letter, or an event is one; and when something there was time for was not done, or had no
//! effect that could be seen.

#![expect(clippy::print_stderr, reason = "people read it")]

#[path = "harness.rs"]
mod harness;

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use clap::Parser;
use czo_testkit::torture::{Bar, print_figures};

use self::harness::{Harm, Plan, Progress, play_if_asked, torture};

/// For how long at most connections are cut every two seconds: a third of a run that is this long,
/// a sixth of a shorter one, which needs its time for the other harms.
const MOST_CUTS: Duration = Duration::from_secs(120);
const LONG_RUN: Duration = Duration::from_secs(180);

#[derive(Debug, Parser)]
#[command(about = "Harms the bus over RabbitMQ under load and looks whether everything is handled")]
struct Options {
    /// For how long
    #[arg(long, default_value_t = 3.0)]
    minutes: f64,
    /// What is done to whom follows from it; the time, when it is not given
    #[arg(long)]
    seed: Option<u64>,
    /// How many events a second are published, if the machine can
    #[arg(long, default_value_t = 2_000)]
    rate: u32,
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
    let duration = Duration::try_from_secs_f64(options.minutes * 60.0)?;
    let cuts = if duration >= LONG_RUN { duration / 3 } else { duration / 6 };
    let plan = Plan {
        duration,
        seed: options.seed.unwrap_or(now.as_secs()),
        rate: options.rate,
        keys: 500,
        consumers: 2,
        cuts: cuts.min(MOST_CUTS),
        harms: Harm::ALL.to_vec(),
        arguments: Vec::new(),
    };
    eprintln!("seed {}", plan.seed);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let bar = Bar::new(plan.duration);
    let ledger =
        runtime.block_on(torture(&plan, |progress| bar.show(progress.elapsed, say(&progress))))?;
    bar.finish();
    print_figures(ledger.figures());
    for note in &ledger.notes {
        eprintln!("{note}");
    }
    let faults = ledger.faults();
    if !faults.is_empty() {
        bail!("the bus broke its promise (seed {}): {}", plan.seed, faults.join(", "));
    }
    Ok(())
}

fn say(progress: &Progress) -> String {
    let Progress { confirmed, backlog, harms, kills, now, .. } = progress;
    format!("confirmed {confirmed}, to be handled {backlog}, harms {harms}, kills {kills} {now}")
}
