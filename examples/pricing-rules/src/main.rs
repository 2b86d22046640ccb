//! A server with the catalogue and pricing rules of your own.

use std::process::ExitCode;

use czo_catalog::Catalog;
use czo_hooks::{HookRegistry, RegisterError};
use czo_runtime::Czo;
use pricing_rules::{catalog_rules, quote_rules};

fn main() -> Result<ExitCode, RegisterError> {
    let hooks = HookRegistry::new();
    catalog_rules(&hooks)?;
    quote_rules(&hooks)?;
    let czo = Czo::builder().program(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    Ok(czo.domain(Catalog::new()).hooks(hooks).run())
}
