//! A server with the catalogue and pricing rules of your own.

use std::process::ExitCode;

use czo_catalog::Catalog;
use czo_hooks::HookRegistry;
use czo_runtime::Czo;
use pricing_rules::{catalog_rules, quote_rules};

fn main() -> ExitCode {
    let hooks = HookRegistry::new();
    if catalog_rules(&hooks).and_then(|()| quote_rules(&hooks)).is_err() {
        // Their names and constraints are constants, which the tests have seen fit together.
        return ExitCode::FAILURE;
    }
    Czo::builder().domain(Catalog::new()).hooks(hooks).run()
}
