#![doc = include_str!("../README.md")]

mod cli;
mod demo;
mod export;
mod import;
mod serve;

use std::process::ExitCode;

use czo_catalog::Catalog;
use czo_runtime::Czo;
use mimalloc::MiMalloc;

/// A request makes a thousand small allocations: a tenth of its time with the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let program = Czo::builder().program("czo", env!("CARGO_PKG_VERSION"));
    cli::run(program.domain(Catalog::new()))
}
