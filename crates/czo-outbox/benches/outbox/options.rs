//! The command line of the benchmark.

use std::time::Duration;

use clap::Parser;

/// Measures the outbox on PostgreSQL.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Less exact, but in under a minute
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only this: `cost`, `latency`, `backlog` or `sustained`
    #[arg(long)]
    pub(crate) only: Option<String>,
    /// What cargo says to benchmarks. `cargo test --all-targets` starts them too, without it, and
    /// means no measurement
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

impl Options {
    pub(crate) fn wants(&self, part: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == part)
    }

    pub(crate) fn events(&self) -> usize {
        if self.quick { 15_000 } else { 100_000 }
    }

    pub(crate) fn stage_rounds(&self) -> usize {
        if self.quick { 400 } else { 2_000 }
    }

    pub(crate) fn paced(&self) -> Duration {
        Duration::from_secs(if self.quick { 4 } else { 20 })
    }
}
