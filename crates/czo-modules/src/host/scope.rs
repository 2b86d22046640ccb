//! For which call something is done.

use czo_core::RequestContext;
use czo_module_package::ModuleName;

use crate::Generation;

/// The call of a module that an import belongs to.
#[derive(Clone, Debug)]
pub struct CallScope {
    /// Which module.
    pub module: ModuleName,
    /// Which activation of it.
    pub generation: Generation,
    /// For whom: the shop of it is the one whose values, configuration and tables are meant.
    pub context: RequestContext,
}
