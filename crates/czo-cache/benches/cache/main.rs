//! What the cache costs: `cargo bench --package czo-cache --all-features --bench cache -- [--quick]`.
//!
//! In memory beside quick_cache and moka, with Redis beside the bare client, all in turns in one
//! process, in short rounds, so that whatever else the machine does hits them alike; a figure is the
//! median round.
//!
//! Standard output holds lines `figure <name> <value>` and nothing else.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures and progress are printed")]

mod far;
mod hit_ratio;
mod memory;
mod product;
#[expect(dead_code, reason = "the torture cuts it too")]
#[path = "../../examples/torture/proxy.rs"]
mod proxy;
mod redis;
mod rounds;
mod stampede;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

/// Measures the cache next to what it is made of.
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

fn main() -> ExitCode {
    let options = Options::parse();
    if !options.bench {
        eprintln!("nothing measured: `cargo xtask bench cache` does");
        return ExitCode::SUCCESS;
    }
    match all(options.quick) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn all(quick: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    eprintln!("cache: hits in memory");
    runtime.block_on(memory::measure(if quick { 11 } else { 101 }))?;
    eprintln!("cache: ten thousand callers of one key that is not there");
    runtime.block_on(stampede::measure())?;
    eprintln!("cache: what is kept of a skewed trace");
    runtime.block_on(hit_ratio::measure())?;
    eprintln!("cache: hits in Redis");
    runtime.block_on(redis::measure(if quick { 200 } else { 2_000 }))?;
    eprintln!("cache: a Redis that is far away");
    runtime.block_on(far::measure())
}

/// Prints a figure, for machines.
fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}
