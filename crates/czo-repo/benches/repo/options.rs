//! The command line of the benchmark.

use clap::Parser;

/// Measures czo's repositories next to bare SeaORM.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Less exact, and pages of 100,000 rows instead of a million, but in under a minute
    #[arg(long)]
    pub(crate) quick: bool,
    /// What cargo says to benchmarks. `cargo test --all-targets` starts them too, without it, and
    /// means no measurement
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

impl Options {
    pub(crate) fn find_rounds(&self) -> usize {
        if self.quick { 60 } else { 240 }
    }

    pub(crate) fn create_rounds(&self) -> usize {
        if self.quick { 15 } else { 41 }
    }

    pub(crate) fn keyset_rounds(&self) -> usize {
        if self.quick { 300 } else { 1_000 }
    }

    pub(crate) fn keyset_rows(&self) -> u32 {
        if self.quick { 100_000 } else { 1_000_000 }
    }
}
