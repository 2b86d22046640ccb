//! A program that is up: connected, migrated, its domains registered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use czo_core::{
    DomainEvent, EventBus, EventFactory, HandlerError, RequestContext, SYSTEM_PRODUCER,
    ShutdownStarted, StaticRoles, SubscribeOptions, TopicPattern, handler_fn,
};
use czo_domain::{DomainContext, DomainName, EventOutlet};
use czo_events::{InProcessBus, SchemaGuard};
use czo_graphql::Subgraph;
use czo_http::axum::Router;
use czo_http::{Api, Server};
use czo_repo::{Database, DatabaseHealth};
use czo_telemetry::Telemetry;
use secrecy::SecretString;

use crate::bus_health::BusHealth;
use crate::config::EventBusProvider;
use crate::server_file::{Instance, ServerFile};
use crate::topology::JOURNAL;
use crate::{
    AccessTokens, Config, Czo, RuntimeError, Shops, data_dir, metrics_route, secrets, shutdown,
};

/// How much of the time to drain requests may use.
const REQUESTS_SHARE: f64 = 0.8;

/// How long a full bus may hold up the announcement of the end.
const ANNOUNCE_PATIENCE: Duration = Duration::from_secs(1);

/// How long closing the database may take at the least.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// A program that is up: connected, migrated, its domains registered. [`serve`](Self::serve)
/// lets the world in.
#[derive(Debug)]
pub struct Application {
    config: Config,
    domains: Vec<DomainName>,
    context: DomainContext,
    bus: Arc<dyn EventBus>,
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

        let bus: Arc<dyn EventBus> = match config.event_bus.provider {
            EventBusProvider::InProcess => Arc::new(InProcessBus::with_clock(self.clock.clone())),
        };
        let catalogue = self.event_catalogue()?;
        let bus: Arc<dyn EventBus> = Arc::new(SchemaGuard::new(bus, &catalogue)?);
        let permissions = Arc::new(config.static_roles());
        let context = DomainContext {
            database: database.clone(),
            outlet: EventOutlet::new(bus.clone()).only_listed(&catalogue),
            hooks: self.hooks.clone(),
            permissions: permissions.clone(),
            shops: Arc::new(shops.clone()),
            clock,
            ids: ids.clone(),
            graphql: config.graphql_options(),
        };

        let mut api = Api::new(config.http_options()?, ids)
            .authenticator(Arc::new(tokens.clone()))
            .shops(Arc::new(shops.clone()))
            .health(Arc::new(DatabaseHealth(database)))
            .health(Arc::new(BusHealth(bus.clone())));
        if let Some(telemetry) = telemetry {
            api = api.routes(metrics_route::routes(telemetry, permissions));
        }
        let mut subgraphs = Vec::new();
        let registered = self.register(&context)?;
        self.topology(&registered)?.check()?;
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

/// Writes every event into the log, which shows that it went through the bus.
async fn keep_journal(bus: &dyn EventBus) -> Result<(), RuntimeError> {
    let write = handler_fn(|event: Arc<DomainEvent>| async move {
        tracing::info!(
            event.r#type = event.event_type.as_str(),
            event.id = %event.id,
            source = event.source,
            correlation_id = event.correlation_id.as_str(),
            "event"
        );
        Ok::<_, HandlerError>(())
    });
    let group = JOURNAL.parse().expect("a constant of the right form");
    bus.subscribe(TopicPattern::all(), group, Arc::new(write), SubscribeOptions::default())
        .await?
        .detach();
    Ok(())
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

    /// Listens, calls `ready` with the URL, and serves until SIGTERM or Ctrl-C; then lets
    /// requests finish and events be handled, for at most `server.drain_seconds`. A second
    /// signal ends it at once.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Listen`] when the address can't be had. What was not finished at the end
    /// is logged, and is no error.
    pub async fn serve(self, ready: impl FnOnce(&str)) -> Result<(), RuntimeError> {
        let address = self.config.server.listen;
        let server = Server::bind(address, self.router)
            .await
            .map_err(|source| RuntimeError::Listen { address, source })?;
        let address =
            server.local_addr().map_err(|source| RuntimeError::Listen { address, source })?;
        let url = format!("http://{address}");
        let context = self.context.clone();
        let ending = ShutdownStarted {
            domains: self.domains.iter().map(ToString::to_string).collect(),
            drain_seconds: self.config.server.drain_seconds,
        };
        let signals = shutdown::Signals::install();
        let _file = ServerFile::write(&self.config, &url, &self.instance)?;
        keep_journal(&*self.bus).await?;
        ready(&url);

        let drain = Duration::from_secs(self.config.server.drain_seconds);
        let mut stopped_at = None;
        let stop = async {
            let signal = signals.first().await;
            tracing::info!(signal, "stopping: finishing what is under way");
            stopped_at = Some(Instant::now());
            announce(&*self.bus, &context, &ending).await;
        };
        // Something is kept for the events that the last requests cause.
        let for_requests = drain.mul_f64(REQUESTS_SHARE);
        if !server.run(stop, for_requests).await {
            tracing::warn!("requests were cut off after {:.1} seconds", for_requests.as_secs_f64());
        }
        let spent = stopped_at.map_or(Duration::ZERO, |at: Instant| at.elapsed());
        shut_down(&*self.bus, &self.context.database, drain.saturating_sub(spent)).await;
        tracing::info!("stopped");
        Ok(())
    }

    /// Ends an application that was not served: waits until its events are handled, for at most
    /// `deadline`, and closes the database. What was not finished is logged.
    pub async fn shutdown(self, deadline: Duration) {
        shut_down(&*self.bus, &self.context.database, deadline).await;
    }
}

/// Tells whoever listens that this process ends. That nobody could be told keeps it from nothing.
async fn announce(bus: &dyn EventBus, context: &DomainContext, ending: &ShutdownStarted) {
    let (clock, ids) = (context.clock.clone(), context.ids.clone());
    let ctx = RequestContext::system(&*ids);
    let event = EventFactory::new(SYSTEM_PRODUCER, clock, ids).event(&ctx, ending);
    let event = event.expect("texts and numbers have a JSON form");
    match tokio::time::timeout(ANNOUNCE_PATIENCE, bus.publish(event)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the shutdown was not announced"),
        Err(_) => tracing::warn!("the shutdown was not announced in time"),
    }
}

async fn shut_down(bus: &dyn EventBus, database: &Database, deadline: Duration) {
    let until = Instant::now() + deadline;
    if let Err(error) = bus.shutdown(deadline).await {
        tracing::warn!(%error, "the event bus was not drained");
    }
    // A connection that is in use is waited for, but not for ever.
    let rest = until.saturating_duration_since(Instant::now()).max(CLOSE_PATIENCE);
    match tokio::time::timeout(rest, database.clone().close()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the database was not closed"),
        Err(_) => tracing::warn!("the database was still in use"),
    }
}
