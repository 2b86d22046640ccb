//! What keeps a hook registered.

use std::fmt;
use std::sync::Arc;

/// A registered hook: dropping it, or [`unregister`](Self::unregister), takes the hook out.
///
/// Runs that have begun still call it; those that begin afterwards don't.
#[must_use = "dropping the handle takes the hook out; `detach` keeps it"]
pub struct HookHandle {
    hook: Arc<str>,
    unregister: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl HookHandle {
    pub(crate) fn new(hook: Arc<str>, unregister: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self { hook, unregister: Some(Box::new(unregister)) }
    }

    /// The name of the hook.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.hook
    }

    /// Takes the hook out.
    pub fn unregister(self) {}

    /// Keeps the hook for as long as its registry.
    pub fn detach(mut self) {
        self.unregister = None;
    }
}

impl Drop for HookHandle {
    fn drop(&mut self) {
        if let Some(unregister) = self.unregister.take() {
            unregister();
        }
    }
}

impl fmt::Debug for HookHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HookHandle").field(&self.hook).finish()
    }
}
