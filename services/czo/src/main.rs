#![doc = include_str!("../README.md")]

mod cli;
mod demo;
mod export;
mod import;
mod serve;
mod server;

use std::process::ExitCode;

use czo_catalog::Catalog;
use czo_runtime::Czo;

fn main() -> ExitCode {
    cli::run(Czo::builder().domain(Catalog::new()))
}
