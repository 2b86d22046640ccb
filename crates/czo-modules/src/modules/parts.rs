//! What modules are made of.

use std::sync::Arc;

use czo_core::{Clock, EventBus, IdGenerator, JobQueue, JobSlots, PermissionService};
use czo_outbox::Outbox;
use czo_repo::Database;

use crate::{ModuleHttp, OpenHooks, SecretSource, ServiceDirectory};

/// What modules are run with.
#[derive(Clone)]
pub struct ModulesParts {
    /// The database, with the tables of `czo_migrations::modules()`.
    pub database: Database,
    /// Where events come from.
    pub bus: Arc<dyn EventBus>,
    /// Where events of modules, and those about them, go.
    pub outbox: Outbox,
    /// The places in operations of domains that are open to modules.
    pub hooks: OpenHooks,
    /// Where jobs of modules go. A worker of the program runs them, by
    /// [`RunModuleJob`](crate::RunModuleJob) and [`TickModules`](crate::TickModules).
    pub jobs: Arc<dyn JobQueue>,
    /// What remembers which jobs of schedules were enqueued, for all processes.
    pub slots: Arc<dyn JobSlots>,
    /// The services of the server.
    pub services: ServiceDirectory,
    /// Requests of modules to others.
    pub http: Arc<dyn ModuleHttp>,
    /// Environment variables.
    pub secrets: Arc<dyn SecretSource>,
    /// Who may do what.
    pub permissions: Arc<dyn PermissionService>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdGenerator>,
}

impl std::fmt::Debug for ModulesParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModulesParts").field("hooks", &self.hooks).finish_non_exhaustive()
    }
}
