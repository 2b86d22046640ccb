//! Environment variables for modules.

use crate::{CallScope, SecretSource};

/// What the variables of the program itself begin with, the URL of its database among them.
const OWN: &str = "CZO_";

/// The environment of the process, without what is the program's own (`CZO_…`). Which of its variables
/// a module may read, its grants decide.
#[derive(Clone, Copy, Debug, Default)]
pub struct EnvironmentSecrets;

impl SecretSource for EnvironmentSecrets {
    fn secret(&self, _scope: &CallScope, name: &str) -> Option<String> {
        if name.starts_with(OWN) {
            return None;
        }
        std::env::var(name).ok()
    }
}
