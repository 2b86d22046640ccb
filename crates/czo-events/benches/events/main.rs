//! What telling and publishing events costs: `cargo bench --package czo-events --bench events --
//! [--quick]`, or with the hooks `cargo xtask bench events`.
//!
//! Typed events to ready handlers, next to `dyn` calls written out and to tokio's broadcast; and
//! the publishing of a domain event to one of a thousand subscriptions, without what its handler
//! does. All take turns in one process, in short rounds, so that whatever else the machine does
//! hits them alike; a figure is the median round. Where Node and npm are present, hookable does
//! the same there.
//!
//! Standard output holds lines `figure <name> <value>` and nothing else.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures and progress are printed")]

mod emit;
mod hookable;
mod publish;
mod schema_guard;

use std::process::ExitCode;

use clap::Parser;

/// Measures events.
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
        eprintln!("nothing measured: `cargo bench --package czo-events --bench events` does");
        return ExitCode::SUCCESS;
    }
    let rounds = if options.quick { 150 } else { 1_500 };
    match all(rounds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

type Error = Box<dyn std::error::Error>;

fn all(rounds: usize) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        emit::measure(rounds).await?;
        publish::measure(rounds).await?;
        schema_guard::measure(rounds).await
    })?;
    match hookable::measure() {
        Ok(()) => {}
        Err(reason) => eprintln!("hookable was not measured: {reason}"),
    }
    Ok(())
}

/// Prints a figure, for machines.
fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.2}");
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
