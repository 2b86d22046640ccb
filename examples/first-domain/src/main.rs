//! A server with the catalogue and a domain of your own.

use std::process::ExitCode;

use czo_catalog::Catalog;
use czo_runtime::{Czo, cli};
use first_domain::ReviewBoard;

fn main() -> ExitCode {
    cli::run(Czo::builder().domain(Catalog::new()).domain(ReviewBoard))
}
