//! A program that is up: connected, migrated, its domains registered.

mod relays;
mod serving;

use std::sync::Arc;

use czo_apps::{AppPermissions, AppTokens};
use czo_core::{DeadLetters, EventBus, JobAdmin, PermissionService, StaticRoles};
use czo_domain::{DomainContext, DomainName, EventOutlet, Registration};
use czo_events::{ParityLedger, SchemaGuard};
use czo_fetch::Fetcher;
use czo_graphql::Subgraph;
use czo_http::Api;
use czo_http::axum::Router;
use czo_outbox::{Inbox, Outbox};
use czo_repo::{Database, DatabaseHealth};
use czo_telemetry::Telemetry;
use secrecy::SecretString;

use crate::apps::{self, Apps, AppsParts, Credentials, WebhooksHealth};
use crate::bus_health::BusHealth;
use crate::cache::{self, CacheAdmin, CacheHealth};
use crate::dead_letters::{self, DeadLetterAdmin};
use crate::event_bus::{KeptForBroker, OpenBus};
use crate::jobs::{self, JobStores, JobTasks, JobsHealth};
use crate::modules::{ModulesOfProgram, ProgramParts};
use crate::outbox_health::OutboxHealth;
use crate::server_file::Instance;
use crate::topology::topology;
use crate::{
    AccessTokens, Config, Czo, EventTopology, RuntimeError, Shops, data_dir, metrics_route, parity,
    secrets,
};

/// A program that is up: connected, migrated, its domains registered. [`serve`](Self::serve)
/// lets the world in.
#[derive(Debug)]
pub struct Application {
    config: Config,
    domains: Vec<DomainName>,
    context: DomainContext,
    bus: Arc<dyn EventBus>,
    dead_letters: Arc<dyn DeadLetters>,
    parity: Option<ParityLedger>,
    outbox: Outbox,
    outbox_health: OutboxHealth,
    kept: KeptForBroker,
    mirror_health: OutboxHealth,
    jobs: JobStores,
    tasks: JobTasks,
    jobs_health: JobsHealth,
    apps: Apps,
    webhooks_health: WebhooksHealth,
    modules: ModulesOfProgram,
    topology: EventTopology,
    tokens: AccessTokens,
    shops: Shops,
    first_token: Option<SecretString>,
    instance: Instance,
    router: Router,
}

impl Czo {
    /// Connects, migrates the embedded database (or refuses an outdated PostgreSQL), registers
    /// the domains and starts their subscriptions.
    ///
    /// **Limits.** A `Czo` boots once: what domains add to its [hooks](crate::CzoBuilder::hooks)
    /// stays there, so a domain with a hook of its own is refused the second time, as two of one
    /// name. Build another for another boot.
    ///
    /// # Errors
    ///
    /// [`RuntimeError`], which says what to do.
    pub async fn boot(
        &self,
        config: &Config,
        telemetry: Option<Telemetry>,
    ) -> Result<Application, RuntimeError> {
        // On the heap: it is the largest part of whatever begins with it.
        Box::pin(self.bring_up(config, telemetry)).await
    }

    async fn bring_up(
        &self,
        config: &Config,
        telemetry: Option<Telemetry>,
    ) -> Result<Application, RuntimeError> {
        let (clock, ids) = (self.clock.clone(), self.ids.clone());
        let database = self.open_database(config).await?;
        let cursor_key = secrets::cursor_key(&database).await?;
        let database =
            database.with_clock(clock.clone()).with_ids(ids.clone()).with_cursor_key(cursor_key);
        let tokens = AccessTokens::new(database.clone(), clock.clone(), ids.clone());
        let shops = Shops::new(database.clone(), clock.clone(), ids.clone());
        let token_path = config.owner_token_path();
        let first_token =
            tokens.first_owner(|token| data_dir::write_owner_token(&token_path, token)).await?;
        let instance = Instance::new()?;

        let OpenBus { bus, dead_letters, broker, kept, parity } =
            config.event_bus.open(&self.clock)?;
        let catalogue = self.event_catalogue()?;
        let bus: Arc<dyn EventBus> = Arc::new(SchemaGuard::new(bus, &catalogue)?);
        let keeps = config.event_bus.keeps_for_broker();
        let outbox = config.outbox.outbox_options().mirrored(keeps);
        let outbox = Outbox::new(&database, outbox);
        let outbox_health = OutboxHealth::named("outbox");
        let mirror_health = OutboxHealth::named("outbox_mirror");
        let jobs = JobStores::open(&config.jobs, &database).await?;
        let jobs_health = JobsHealth::new(jobs.clone());
        let permissions: Arc<dyn PermissionService> =
            Arc::new(AppPermissions::new(Arc::new(config.static_roles())));
        let app_events = self.app_events(&catalogue);
        let apps = Apps::open(AppsParts {
            config,
            database: &database,
            outbox: &outbox,
            permissions: permissions.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            rules: self.rules_for(&app_events),
            event_types: app_events,
            questions: self.questions(),
        })?;
        apps.registry().check_vault().await?;
        let webhooks_health = WebhooksHealth::default();
        let credentials = Credentials {
            people: tokens.clone(),
            apps: AppTokens::new(database.clone(), clock.clone()),
        };
        let context = DomainContext {
            database: database.clone(),
            outlet: EventOutlet::new(outbox.clone()).only_listed(&catalogue),
            inbox: Inbox::new(&database),
            jobs: jobs.domain_jobs(),
            cache: config.cache.open()?,
            fetcher: Fetcher::new(config.fetch.fetch_options()),
            apps: apps.of_domains(),
            hooks: self.hooks.clone(),
            permissions: permissions.clone(),
            shops: Arc::new(shops.clone()),
            clock,
            ids: ids.clone(),
            graphql: config.graphql_options(),
        };

        let cache = CacheAdmin::new(context.cache.clone(), &config.cache);
        let mut api = Api::new(config.http_options()?, ids)
            .authenticator(Arc::new(credentials))
            .shops(Arc::new(shops.clone()))
            .health(Arc::new(DatabaseHealth(database)))
            .health(Arc::new(BusHealth::of(&bus)))
            .health(Arc::new(outbox_health.clone()))
            .health(Arc::new(jobs_health.clone()))
            .health(Arc::new(CacheHealth(cache.clone())))
            .health(Arc::new(webhooks_health.clone()))
            .routes(apps::routes(&apps, permissions.clone(), Arc::new(shops.clone())))
            .routes(jobs::routes(jobs.clone(), permissions.clone()))
            .routes(cache::routes(cache, permissions.clone()))
            .routes(parity::routes(parity.clone(), &outbox, permissions.clone()));
        if let Some(broker) = &broker {
            api = api.health(Arc::new(BusHealth::of_rabbitmq(broker)));
            api = api.health(Arc::new(mirror_health.clone()));
        }
        if let Some(telemetry) = telemetry {
            api = api.routes(metrics_route::routes(telemetry, permissions.clone()));
        }
        let mut subgraphs = Vec::new();
        let registered = self.register(&context)?;
        let topology = topology(catalogue, &registered);
        topology.check()?;
        let modules = ModulesOfProgram::open(ProgramParts {
            config,
            context: &context,
            bus: bus.clone(),
            outbox: &outbox,
            jobs: &jobs,
            registered: &registered,
        });
        let modules = Box::pin(modules).await?;
        api = modules.face(api, config);
        let dead_letters = dead_letters.open(&topology);
        let letters = DeadLetterAdmin::new(dead_letters.clone());
        api = api.routes(dead_letters::routes(letters, permissions));
        let mut own = Registration::default();
        jobs::keep_tidy(&mut own, Arc::new(jobs.clone()), config.jobs.keep())?;
        apps::keep_tidy(&mut own, apps.registry())?;
        modules.hand_in(&mut own)?;
        let own = own.into_parts();
        let tasks = JobTasks::of(&jobs, &own, &registered)?;
        for (name, parts) in registered {
            for pending in parts.subscriptions {
                bus.subscribe(pending.pattern, pending.group, pending.handler, pending.options)
                    .await?
                    .detach();
            }
            api = api.routes(parts.routes).bulk_routes(parts.bulk_routes);
            api = parts.checks.into_iter().fold(api, Api::health);
            subgraphs.extend(parts.subgraph);
            tracing::info!(domain = %name, "registered");
        }
        let domains = self.domains.iter().map(|domain| domain.name()).collect();
        let plain = graphql_routes(subgraphs, config).merge(instance.routes());
        let router = api.plain_routes(plain).into_router();
        let config = config.clone();
        Ok(Application {
            config,
            domains,
            context,
            bus,
            dead_letters,
            parity,
            outbox,
            outbox_health,
            kept,
            mirror_health,
            jobs,
            tasks,
            jobs_health,
            apps,
            webhooks_health,
            modules,
            topology,
            tokens,
            shops,
            first_token,
            instance,
            router,
        })
    }

    /// Connects to the database and sees to it that its schema is that of this program.
    async fn open_database(&self, config: &Config) -> Result<Database, RuntimeError> {
        let options = config.database_options();
        if options.url.sqlite_path().is_some() {
            data_dir::create(&config.data_dir)?;
        }
        let database = Database::connect(&options).await?;
        let migrator = self.migrator();
        if database.is_sqlite() {
            for migration in migrator.up(&database).await? {
                tracing::info!(owner = migration.owner, migration = migration.name, "migrated");
            }
            return Ok(database);
        }
        let states = migrator.status(&database).await?;
        let mut owners: Vec<_> =
            states.iter().filter(|state| !state.applied).map(|state| state.owner).collect();
        let pending = owners.len();
        owners.dedup();
        if pending > 0 { Err(RuntimeError::Outdated { pending, owners }) } else { Ok(database) }
    }
}

/// One subgraph is the API; several stand side by side until there is a gateway.
fn graphql_routes(subgraphs: Vec<Subgraph>, config: &Config) -> Router {
    let graphiql = config.graphql.graphiql;
    let assets = if graphiql { czo_graphql::graphiql_assets() } else { Router::new() };
    let only_one = subgraphs.len() == 1;
    subgraphs.into_iter().fold(assets, |routes, subgraph| {
        let path = match only_one {
            true => "/graphql".to_owned(),
            false => format!("/graphql/{}", subgraph.name()),
        };
        routes.merge(czo_graphql::routes(&path, subgraph, graphiql))
    })
}

impl Application {
    /// What the domains were handed.
    #[must_use]
    pub fn context(&self) -> &DomainContext {
        &self.context
    }

    /// The event bus. Domains publish through [`DomainContext::events`].
    #[must_use]
    pub fn bus(&self) -> &Arc<dyn EventBus> {
        &self.bus
    }

    /// What the groups of the bus gave up.
    #[must_use]
    pub fn dead_letters(&self) -> &Arc<dyn DeadLetters> {
        &self.dead_letters
    }

    /// What became of the events on both buses, where they are given to two.
    #[must_use]
    pub fn parity(&self) -> Option<&ParityLedger> {
        self.parity.as_ref()
    }

    /// Where the events of domains wait for the bus. What takes them there is a relay, which
    /// [`serve`](Self::serve) has; a program that is not served may spawn one of its own.
    #[must_use]
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// All jobs of the program, to list, retry and purge. Domains enqueue theirs through
    /// [`DomainContext::jobs`].
    #[must_use]
    pub fn job_admin(&self) -> Arc<dyn JobAdmin> {
        Arc::new(self.jobs.clone())
    }

    /// The third-party apps of the shops. What is to be sent to them is, by a server:
    /// [`serve`](Self::serve) does.
    #[must_use]
    pub fn apps(&self) -> &Apps {
        &self.apps
    }

    /// Lets the modules serve that are enabled, as [`serve`](Self::serve) does: for a program that is
    /// not served, and whose operations modules are to take part in.
    pub async fn start_modules(&self) {
        self.modules.modules.start().await;
    }

    /// The modules, and what packages are held to.
    pub(crate) fn modules(&self) -> &ModulesOfProgram {
        &self.modules
    }

    /// Who publishes and who consumes what.
    #[must_use]
    pub fn topology(&self) -> &EventTopology {
        &self.topology
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The shops.
    #[must_use]
    pub fn shops(&self) -> &Shops {
        &self.shops
    }

    /// The access tokens.
    #[must_use]
    pub fn tokens(&self) -> &AccessTokens {
        &self.tokens
    }

    /// The table of roles.
    #[must_use]
    pub fn roles(&self) -> StaticRoles {
        self.config.static_roles()
    }

    /// The owner's token, if this boot made it. It can't be had again.
    #[must_use]
    pub fn first_token(&self) -> Option<&SecretString> {
        self.first_token.as_ref()
    }

    /// The router, to be called without a network.
    pub fn router(&self) -> Router {
        self.router.clone()
    }
}
