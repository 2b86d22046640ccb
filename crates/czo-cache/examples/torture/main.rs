//! Harms Redis and the networks to it under load, and looks whether a read ever sees what it must not:
//! `cargo xtask torture cache [--minutes N]`, or
//! `cargo run --package czo-cache --all-features --example cache-torture -- [--minutes N]`.
//!
//! Two nodes read and write the same rows through caches of their own, over a Redis that is frozen,
//! killed and started with older data, emptied, slowed by two seconds each way and cut off in the middle
//! of an answer.
//!
//! Standard output holds lines `figure <name> <value>` and nothing else. It ends with a failure when a
//! read failed, took too long, saw on its own node what had been invalidated there, or saw what another
//! node had invalidated for longer than the bound.

#![expect(clippy::print_stderr, reason = "people read it")]

#[path = "harness.rs"]
mod harness;

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use clap::Parser;
use czo_testkit::torture::{Bar, print_figures};

use self::harness::{Figures, Plan, torture};

#[derive(Debug, Parser)]
#[command(about = "Harms Redis under load and looks whether a read ever sees what it must not")]
struct Options {
    /// For how long
    #[arg(long, default_value_t = 3.0)]
    minutes: f64,
    /// What is done to whom follows from it; the time, when it is not given
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
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
        nodes: 2,
        readers: 8,
        writers: 3,
        bound: Duration::from_secs(2),
    };
    eprintln!("seed {}", plan.seed);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let bar = Bar::new(plan.duration);
    let outcome =
        runtime.block_on(torture(&plan, |elapsed, figures| bar.show(elapsed, say(figures))))?;
    bar.finish();
    print_figures(outcome.figures.all().into_iter());
    for example in &outcome.examples {
        eprintln!("{example}");
    }
    let Figures { failed_reads, .. } = outcome.figures;
    let violations = outcome.figures.violations();
    if failed_reads + violations > 0 {
        bail!(
            "the cache broke its promise (seed {}): {failed_reads} reads failed, {violations} saw or took what they must not",
            plan.seed
        );
    }
    Ok(())
}

fn say(figures: &Figures) -> String {
    let Figures { reads, writes, harms, .. } = figures;
    let violations = figures.violations();
    format!("reads {reads}, writes {writes}, harms {harms}, violations {violations}")
}
