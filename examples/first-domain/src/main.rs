//! A server with the catalogue and a domain of your own.

use std::process::ExitCode;

use czo_catalog::Catalog;
use czo_runtime::Czo;
use first_domain::ReviewBoard;

fn main() -> ExitCode {
    Czo::builder().domain(Catalog::new()).domain(ReviewBoard).run()
}
