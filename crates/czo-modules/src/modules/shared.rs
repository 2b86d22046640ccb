//! What all that is done with modules is done with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use czo_core::{EventFactory, Permission, PermissionServiceExt, RequestContext, SYSTEM_PRODUCER};
use czo_module_package::ModuleName;
use czo_outbox::StagedEvent;
use czo_repo::UnitOfWork;
use semver::Version;
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{ModulesOptions, ModulesParts};
use crate::activation::{Attached, Stage};
use crate::active::{Active, ActiveModule, Alarm};
use crate::configs::ConfigBook;
use crate::endpoint::{Endpoints, RateLimits};
use crate::job::{EnqueueJobs, JobRunner, Timetable};
use crate::logs::LogBook;
use crate::publish::PublishEvents;
use crate::service::Services;
use crate::subscription::Subscriber;
use crate::{
    EngineOptions, Generation, GuardedSql, ModuleArchive, ModuleChanged, ModuleEngine, ModuleError,
    ModuleHost, ModuleMigrations, ModuleStore, SqlKeyValue,
};

/// Who may look at modules, and who may change them.
pub(crate) const READ: Permission = Permission::new("module", "read");
pub(crate) const WRITE: Permission = Permission::new("module", "write");

/// What all that is done with modules is done with. One a process.
pub(crate) struct Shared {
    pub(crate) parts: ModulesParts,
    pub(crate) options: ModulesOptions,
    pub(crate) store: ModuleStore,
    pub(crate) migrations: ModuleMigrations,
    pub(crate) archive: ModuleArchive,
    pub(crate) kv: SqlKeyValue,
    pub(crate) stage: Stage,
    pub(crate) active: Active,
    pub(crate) endpoints: Endpoints,
    pub(crate) jobs: JobRunner,
    pub(crate) timetable: Timetable,
    pub(crate) configs: ConfigBook,
    pub(crate) logs: Arc<LogBook>,
    events: EventFactory,
    slots: Mutex<HashMap<ModuleName, Arc<Slot>>>,
    pub(crate) tasks: TaskTracker,
    pub(crate) ending: CancellationToken,
}

/// A module in this process: whoever changes it here holds it.
pub(crate) type Slot = AsyncMutex<Attached>;

impl Shared {
    /// Of these parts, and where alarms of modules are heard.
    pub(crate) fn new(
        parts: ModulesParts,
        options: ModulesOptions,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Alarm>), ModuleError> {
        let (alarms, heard) = mpsc::unbounded_channel();
        let store = ModuleStore::new(&parts.database, parts.ids.clone());
        let engine = ModuleEngine::new(EngineOptions {
            cache_dir: Some(options.data_dir.join("compiled")),
            ..options.engine.clone()
        })?;
        let (active, configs) = (Active::default(), ConfigBook::default());
        let logs = Arc::new(LogBook::new(parts.clock.clone()));
        let kv = SqlKeyValue::new(&parts.database);
        let host = ModuleHost {
            kv: Arc::new(kv.clone()),
            sql: Arc::new(GuardedSql::new(&parts.database)),
            http: parts.http.clone(),
            config: Arc::new(configs.clone()),
            secrets: parts.secrets.clone(),
            events: Arc::new(PublishEvents {
                outbox: parts.outbox.clone(),
                clock: parts.clock.clone(),
                ids: parts.ids.clone(),
            }),
            services: Arc::new(Services {
                active: active.clone(),
                directory: parts.services.clone(),
                most: options.service_depth,
            }),
            jobs: Arc::new(EnqueueJobs { jobs: parts.jobs.clone() }),
            log: logs.clone(),
        };
        let subscriber =
            Subscriber { active: active.clone(), bus: parts.bus.clone(), jobs: parts.jobs.clone() };
        let stage = Stage {
            engine,
            host,
            limits: options.limits.clone(),
            hooks: parts.hooks.clone(),
            subscriber,
            active: active.clone(),
            alarms,
            budget: options.budget,
            czo: options.czo.clone(),
        };
        let endpoints = Endpoints {
            active: active.clone(),
            permissions: parts.permissions.clone(),
            rates: Arc::new(RateLimits::default()),
        };
        let events = EventFactory::new(SYSTEM_PRODUCER, parts.clock.clone(), parts.ids.clone());
        let shared = Self {
            migrations: ModuleMigrations::new(&store),
            archive: ModuleArchive::new(&parts.database),
            jobs: JobRunner { active: active.clone() },
            timetable: Timetable { active: active.clone(), slots: parts.slots.clone() },
            slots: Mutex::default(),
            tasks: TaskTracker::new(),
            ending: CancellationToken::new(),
            parts,
            options,
            store,
            kv,
            stage,
            active,
            endpoints,
            configs,
            logs,
            events,
        };
        Ok((shared, heard))
    }

    /// The module of this name in this process.
    pub(crate) fn slot(&self, name: &ModuleName) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(name.clone()).or_default().clone()
    }

    /// The names that this process has heard of.
    pub(crate) fn heard_of(&self) -> Vec<ModuleName> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// The context of what this process does by itself.
    pub(crate) fn system(&self) -> RequestContext {
        RequestContext::system(&*self.parts.ids)
    }

    /// Refuses unless the caller may do this on the whole server.
    pub(crate) async fn allow(
        &self,
        ctx: &RequestContext,
        permission: &Permission,
    ) -> Result<(), ModuleError> {
        let whole = RequestContext { shop_id: None, ..ctx.clone() };
        Ok(self.parts.permissions.require(&whole, permission).await?)
    }

    /// Says that something about a module has changed, if what `tx` does is committed.
    pub(crate) fn tell(
        &self,
        tx: &UnitOfWork,
        ctx: &RequestContext,
        module: &ModuleName,
        change: &str,
        now: Option<(&Version, Option<Generation>)>,
    ) -> Result<(), ModuleError> {
        let event = ModuleChanged {
            module: module.clone(),
            change: change.to_owned(),
            module_version: now.map(|(version, _)| version.to_string()),
            generation: now.and_then(|(_, generation)| generation).map(Generation::number),
        };
        // It is of the whole server, whichever shop somebody was looking at.
        let whole = RequestContext { shop_id: None, ..ctx.clone() };
        self.parts.outbox.publish(tx, StagedEvent::of(&self.events, &whole, &event)?);
        Ok(())
    }

    /// Waits for calls of a generation that was replaced, and tells it, in a task of its own.
    pub(crate) fn retire(&self, old: Option<Arc<ActiveModule>>, ctx: &RequestContext) {
        if let Some(old) = old {
            let (context, patience) = (ctx.clone(), self.options.drain);
            self.tasks.spawn(async move { old.retire(context, patience).await });
        }
    }
}
