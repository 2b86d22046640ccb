//! The modules of a program: opened with what its domains offer, served, and looked after.

mod assets;
mod endpoints;
mod health;
mod package_rules;
mod rest;
mod shop_service;
pub(crate) mod tarball;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use czo_core::{
    Classified, ErrorKind, EventBus, Job, NewJob, PermissionService, ServiceDirectory, describe,
};
use czo_domain::{DomainContext, DomainName, Parts, Registration};
use czo_fetch::Fetcher;
use czo_hooks::OpenHooks;
use czo_http::Api;
use czo_modules::{
    EnvironmentSecrets, FetchHttp, Modules, ModulesParts, RunModuleJob, TickModules,
};
use czo_outbox::Outbox;

use self::health::ModulesHealth;
pub(crate) use self::package_rules::PackageRules;
pub(crate) use self::rest::{ADMIN, admin_routes};
use self::shop_service::ShopService;
use crate::jobs::JobStores;
use crate::{Config, RuntimeError};

/// What the modules of a program are run with.
pub(crate) struct ProgramParts<'p> {
    pub(crate) config: &'p Config,
    /// What the domains were handed.
    pub(crate) context: &'p DomainContext,
    pub(crate) bus: Arc<dyn EventBus>,
    pub(crate) outbox: &'p Outbox,
    pub(crate) jobs: &'p JobStores,
    /// What the domains have handed in.
    pub(crate) registered: &'p [(DomainName, Parts)],
}

/// The modules of a program, where it has some. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) enum ProgramModules {
    /// It has: perhaps none is installed.
    Open(Box<Modules>),
    /// It does without, by its configuration or since the command needs none.
    Off,
    /// They can't be run here, for this reason. The rest of the program goes on.
    Broken(Arc<str>),
}

/// What the program knows of its modules before any of them serves.
#[derive(Clone, Debug)]
pub(crate) struct ModulesOfProgram {
    pub(crate) modules: ProgramModules,
    pub(crate) rules: PackageRules,
    permissions: Arc<dyn PermissionService>,
}

impl ModulesOfProgram {
    /// Opens the modules of the database: none of them serves yet.
    ///
    /// # Errors
    ///
    /// When the database fails, or two domains offer services of one name. What else goes wrong keeps
    /// the program from having modules, and from nothing else.
    pub(crate) async fn open(parts: ProgramParts<'_>) -> Result<Self, RuntimeError> {
        let (config, context) = (&parts.config.modules, parts.context);
        let hooks = parts.registered.iter().flat_map(|(_, domain)| &domain.open_hooks);
        let hooks = hooks
            .fold(OpenHooks::new(context.hooks.clone()), |open, point| open.with(point.clone()));
        let services = services(&parts)?;
        let (points, names) = (hooks.names(), services.names());
        let rules = PackageRules::of(config).of_program(points.collect(), names.collect());
        let permissions = context.permissions.clone();
        if !config.enabled || config.left_out {
            return Ok(Self { modules: ProgramModules::Off, rules, permissions });
        }
        let drain = Duration::from_secs(parts.config.server.drain_seconds);
        let mut options = config.options(&parts.config.data_dir, drain);
        options.advisories = config.advisories()?;
        let rules = rules.knowing(options.advisories.clone());
        let opened = Modules::open(
            ModulesParts {
                database: context.database.clone(),
                bus: parts.bus,
                outbox: parts.outbox.clone(),
                hooks,
                jobs: Arc::new(context.jobs.clone()),
                slots: parts.jobs.slots(),
                services,
                http: Arc::new(FetchHttp::new(Fetcher::new(config.fetch_options()))),
                secrets: Arc::new(EnvironmentSecrets),
                permissions: context.permissions.clone(),
                clock: context.clock.clone(),
                ids: context.ids.clone(),
            },
            options,
        );
        let modules = match Box::pin(opened).await {
            Ok(modules) => ProgramModules::Open(Box::new(modules)),
            Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error.into()),
            Err(error) => {
                let reason = describe(&error);
                tracing::error!(reason, "modules can't be run; everything else goes on");
                ProgramModules::Broken(reason.into())
            }
        };
        Ok(Self { modules, rules, permissions })
    }

    /// Puts what modules have of the HTTP face into `api`: their administration, their endpoints with
    /// their documentation, their assets, and how they are.
    pub(crate) fn face(&self, api: Api, config: &Config) -> Api {
        let api = api.health(Arc::new(ModulesHealth(self.modules.clone())));
        match &self.modules {
            ProgramModules::Open(modules) => {
                let modules = Modules::clone(modules);
                let (orders, changes) = admin_routes(&self.desk(modules.clone()));
                let documented = modules.clone();
                api.routes(orders)
                    .bulk_routes(changes)
                    .plain_routes(endpoints::routes(modules.clone()))
                    .plain_routes(assets::routes(modules, &config.apps.dashboard_urls))
                    .changing_paths(move || documented.openapi())
            }
            ProgramModules::Off => {
                api.plain_routes(rest::without("modules are switched off by `modules.enabled`"))
            }
            ProgramModules::Broken(reason) => {
                api.plain_routes(rest::without(&format!("modules can't be run here: {reason}")))
            }
        }
    }

    /// What administration works with.
    pub(crate) fn desk(&self, modules: Modules) -> rest::Desk {
        rest::Desk::new(modules, self.rules.clone(), self.permissions.clone())
    }

    /// Hands in the jobs that stand for all jobs of modules.
    ///
    /// # Errors
    ///
    /// Never: an empty job has a JSON form.
    pub(crate) fn hand_in(&self, own: &mut Registration) -> Result<(), RuntimeError> {
        let ProgramModules::Open(modules) = &self.modules else { return Ok(()) };
        let tick = NewJob::of(&TickModules::default())?.unique("all");
        own.job::<RunModuleJob, _>(Modules::clone(modules))
            .job::<TickModules, _>(Modules::clone(modules))
            .schedule(TickModules::NAME, TickModules::PATTERN, tick);
        Ok(())
    }
}

impl ProgramModules {
    /// Lets what is enabled serve. What can't be brought up is logged and keeps nothing else back.
    pub(crate) async fn start(&self) {
        let Self::Open(modules) = self else { return };
        for started in modules.start().await {
            let (module, took) = (&started.name, started.took);
            match started.failure {
                None => tracing::info!(%module, ?took, "the module serves"),
                Some(reason) => tracing::error!(%module, reason, "the module does not serve"),
            }
        }
    }

    /// Ends what [`start`](Self::start) began, within `deadline`.
    pub(crate) async fn stop(&self, deadline: Duration) {
        let Self::Open(modules) = self else { return };
        if tokio::time::timeout(deadline, modules.stop()).await.is_err() {
            tracing::warn!("calls of modules were cut off");
        }
    }
}

/// What modules may call: the services of the domains, and that of the runtime.
fn services(parts: &ProgramParts<'_>) -> Result<ServiceDirectory, RuntimeError> {
    let shops = Arc::new(ShopService(parts.context.shops.clone()));
    let mut directory = ServiceDirectory::new().with(shop_service::NAME, shops);
    let mut names = BTreeSet::from([shop_service::NAME]);
    for (name, service) in parts.registered.iter().flat_map(|(_, domain)| &domain.services) {
        if !names.insert(name) {
            return Err(RuntimeError::DuplicateService { name: name.clone() });
        }
        directory = directory.with(name, service.clone());
    }
    Ok(directory)
}
