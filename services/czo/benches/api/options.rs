//! The command line of the benchmark.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::load::Window;

/// Measures the API of the czo server.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Less exact, but all figures in under a minute
    #[arg(long)]
    pub(crate) quick: bool,
    /// Measure this program instead of the one that cargo has built with the benchmark: another
    /// version, or the same built otherwise
    #[arg(long, value_name = "FILE", default_value = env!("CARGO_BIN_EXE_czo"))]
    pub(crate) server: PathBuf,
    /// What cargo says to benchmarks. `cargo test --all-targets` starts them too, without it, and
    /// means no measurement
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
    /// Be the bare server that answers with the bytes of this file
    #[arg(long, hide = true, value_name = "FILE")]
    pub(crate) bare: Option<PathBuf>,
}

impl Options {
    /// How long each figure is measured.
    pub(crate) fn window(&self) -> Window {
        let seconds = if self.quick { 2 } else { 8 };
        Window { warm_up: Duration::from_millis(500), counted: Duration::from_secs(seconds) }
    }
}
