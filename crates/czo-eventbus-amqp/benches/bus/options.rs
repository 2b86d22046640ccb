//! The command line of the benchmark.

use std::time::Duration;

use clap::Parser;
use czo_eventbus_amqp::QueueKind;

/// Measures the bus over RabbitMQ next to bare lapin.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Less exact, but in under a minute
    #[arg(long)]
    quick: bool,
    /// Only this: `publish`, `sequential`, `consume` or `e2e`
    #[arg(long)]
    only: Option<String>,
    /// Only queues of this kind: `quorum` or `classic`
    #[arg(long)]
    kind: Option<String>,
    /// What cargo says to benchmarks. `cargo test --all-targets` starts them too, without it, and
    /// means no measurement
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

impl Options {
    pub(crate) fn wants(&self, part: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == part)
    }

    pub(crate) fn kinds(&self) -> Vec<QueueKind> {
        [("quorum", QueueKind::Quorum), ("classic", QueueKind::Classic)]
            .into_iter()
            .filter(|(name, _)| self.kind.as_ref().is_none_or(|kind| kind == name))
            .map(|(_, kind)| kind)
            .collect()
    }

    /// How often each way of doing something is measured.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 3 } else { 11 }
    }

    /// How many messages a round publishes or consumes.
    pub(crate) fn messages(&self) -> usize {
        if self.quick { 4_000 } else { 16_000 }
    }

    /// How many messages a round publishes one after the other.
    pub(crate) fn one_by_one(&self) -> usize {
        if self.quick { 300 } else { 500 }
    }

    pub(crate) fn paced(&self) -> Duration {
        Duration::from_secs(if self.quick { 2 } else { 6 })
    }
}
