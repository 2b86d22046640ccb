//! The command line of the benchmark.

use std::time::Duration;

use clap::Parser;

/// Measures deliveries of webhooks on PostgreSQL.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Less exact, but in under a minute
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only this: `latency`, `sustained` or `isolation`
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

    /// How many deliveries there are where it is measured how many a second leave. Transactions
    /// have fifty events with eight deliveries each.
    pub(crate) fn deliveries(&self) -> usize {
        if self.quick { 10_000 } else { 20_000 }
    }

    /// How often each is measured, in turns.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 1 } else { 5 }
    }

    /// For how long something happens at a steady rate.
    pub(crate) fn steady(&self) -> Duration {
        Duration::from_secs(if self.quick { 6 } else { 20 })
    }

    /// How often others are measured alone, with good neighbours and with bad ones.
    pub(crate) fn isolation_rounds(&self) -> usize {
        if self.quick { 1 } else { 5 }
    }
}
