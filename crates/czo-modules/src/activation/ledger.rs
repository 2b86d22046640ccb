//! What an activation registered, until it stands.

use czo_core::Subscription;
use czo_hooks::HookHandle;
use czo_module_package::HookSubscription;

/// What an activation registered. Dropped, it is all taken out again, the last first.
#[derive(Default)]
pub(crate) struct Ledger {
    entries: Vec<Registered>,
}

/// Something that was registered; dropping what holds it takes it out.
pub(crate) enum Registered {
    Hook(HookSubscription, HookHandle),
    Subscription(String, Subscription),
}

impl Ledger {
    pub(super) fn note(&mut self, registered: Registered) {
        self.entries.push(registered);
    }

    /// It stands: what was registered stays.
    pub(super) fn stands(mut self) -> Vec<Registered> {
        std::mem::take(&mut self.entries)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        while let Some(last) = self.entries.pop() {
            drop(last);
        }
    }
}
