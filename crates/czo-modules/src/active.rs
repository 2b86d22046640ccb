//! What serves in this process.

mod budget;
mod module;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use czo_module_package::ModuleName;

pub(crate) use self::budget::{ErrorBook, Exhausted};
pub(crate) use self::module::{ActiveModule, Alarm, Entered};

/// What serves in this process, as one value that is replaced as a whole: endpoints, hooks,
/// subscriptions, services and jobs of a module are those of one generation. A clone is the same.
#[derive(Clone, Default)]
pub(crate) struct Active {
    modules: Arc<ArcSwap<ActiveModules>>,
}

/// What served at one moment.
pub(crate) type ActiveModules = HashMap<ModuleName, Arc<ActiveModule>>;

impl Active {
    /// Begins a call of whichever generation serves now; none where none does. It goes on with that
    /// generation, which waits for it when it is replaced.
    pub(crate) fn enter(&self, name: &ModuleName) -> Option<Entered> {
        loop {
            let module = self.modules.load().get(name)?.clone();
            // Retired means that it was replaced before, so that there is another one now, or none.
            if let Some(entered) = Entered::of(module) {
                return Some(entered);
            }
        }
    }

    /// What serves now.
    pub(crate) fn now(&self) -> Arc<ActiveModules> {
        self.modules.load_full()
    }

    /// Lets `module` serve in place of the generation before, which is returned.
    pub(crate) fn publish(&self, module: &Arc<ActiveModule>) -> Option<Arc<ActiveModule>> {
        let before = self.modules.rcu(|modules| {
            let mut modules = ActiveModules::clone(modules);
            modules.insert(module.name().clone(), module.clone());
            modules
        });
        before.get(module.name()).cloned()
    }

    /// Lets nothing serve under this name; what did is returned.
    pub(crate) fn withdraw(&self, name: &ModuleName) -> Option<Arc<ActiveModule>> {
        let before = self.modules.rcu(|modules| {
            let mut modules = ActiveModules::clone(modules);
            modules.remove(name);
            modules
        });
        before.get(name).cloned()
    }
}
