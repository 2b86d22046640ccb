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

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures and progress are printed")]

#[path = "harness.rs"]
mod harness;

use std::cell::Cell;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

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
        runtime.block_on(torture(&plan, |elapsed, figures| bar.show(elapsed, figures)))?;
    bar.bar.finish_and_clear();
    for (name, value) in outcome.figures.all() {
        eprintln!("{:<24} {value:>9}", name.replace('_', " "));
    }
    for (name, value) in outcome.figures.all() {
        println!("figure {name} {value}");
    }
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

/// A bar on a terminal, a line now and then elsewhere.
struct Bar {
    bar: ProgressBar,
    next_line: Cell<Duration>,
}

impl Bar {
    fn new(duration: Duration) -> Self {
        let bar = ProgressBar::new(duration.as_secs());
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} s  {msg}");
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, next_line: Cell::default() }
    }

    fn show(&self, elapsed: Duration, figures: &Figures) {
        let Figures { reads, writes, harms, .. } = figures;
        let violations = figures.violations();
        let message =
            format!("reads {reads}, writes {writes}, harms {harms}, violations {violations}");
        if self.bar.is_hidden() && elapsed >= self.next_line.get() {
            eprintln!("{:>4} s  {message}", elapsed.as_secs());
            self.next_line.set(elapsed + Duration::from_secs(10));
        }
        self.bar.set_position(elapsed.as_secs());
        self.bar.set_message(message);
    }
}
