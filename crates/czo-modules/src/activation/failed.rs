//! A step of an activation that failed.

use czo_core::{Classified, describe};
use czo_module_package::ModuleName;

use crate::ModuleError;

/// A step of an activation that failed: which, and why.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) step: &'static str,
    pub(crate) reason: String,
}

impl Failed {
    pub(crate) fn new(step: &'static str, reason: impl Into<String>) -> Self {
        Self { step, reason: reason.into() }
    }

    /// With all that caused it.
    pub(crate) fn of<E: Classified>(step: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self { step, reason: describe(&error) }
    }

    pub(crate) fn of_module(self, name: &ModuleName) -> ModuleError {
        ModuleError::Activation { name: name.clone(), step: self.step, reason: self.reason }
    }
}
