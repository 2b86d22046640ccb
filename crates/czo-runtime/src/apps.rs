//! The third-party apps of a program: what is installed, what is sent to them, and what they may do.

mod credentials;
mod health;
mod rest;
mod sweep;
mod vault_key;
mod view;

use std::sync::Arc;

use czo_apps::{
    AppError, AppRegistry, DispatcherHandle, DispatcherOptions, FetchTransport, ManifestRules,
    RegistryOptions, RegistryParts, Vault, WebhookDeliveries, WebhookDispatcher, WebhookStaging,
};
use czo_core::{
    Clock, EventCatalogue, EventType, IdGenerator, Permission, PermissionService, SYSTEM_PRODUCER,
};
use czo_fetch::Fetcher;
use czo_outbox::Outbox;
use czo_repo::Database;

pub(crate) use self::credentials::Credentials;
pub(crate) use self::health::WebhooksHealth;
pub(crate) use self::rest::routes;
pub(crate) use self::sweep::keep_tidy;
pub(crate) use self::view::{DeliveryView, WholeDelivery};
use crate::{Config, RuntimeError};

/// What the apps of a program are made of.
pub(crate) struct AppsParts<'p> {
    pub(crate) config: &'p Config,
    pub(crate) database: &'p Database,
    pub(crate) outbox: &'p Outbox,
    pub(crate) permissions: Arc<dyn PermissionService>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdGenerator>,
    pub(crate) catalogue: &'p EventCatalogue,
    /// What apps may ask for.
    pub(crate) offered: Vec<Permission>,
}

/// The third-party apps of a program.
#[derive(Clone, Debug)]
pub struct Apps {
    registry: AppRegistry,
    staging: WebhookStaging,
    fetcher: Fetcher,
    options: DispatcherOptions,
    event_types: Vec<EventType>,
}

impl Apps {
    /// The apps of this database. From now on, what is published through the outbox has its
    /// deliveries.
    pub(crate) fn open(parts: AppsParts<'_>) -> Result<Self, RuntimeError> {
        let AppsParts { config, database, outbox, clock, ids, .. } = parts;
        let event_types = offered_events(parts.catalogue);
        let rules = rules(config, parts.offered, event_types.clone());
        let fetcher = Fetcher::new(config.apps.fetch_options(&config.webhooks));
        let vault = Vault::new(vault_key::keys(config)?).map_err(AppError::from)?;
        let options = RegistryOptions::new(api_url(config)?)
            .deadline(config.apps.timeout())
            .token_lifetime(config.apps.token_lifetime());
        let registry = AppRegistry::new(
            RegistryParts {
                database: database.clone(),
                outbox: outbox.clone(),
                permissions: parts.permissions,
                clock,
                ids,
                vault,
                rules,
                transport: Arc::new(FetchTransport::new(fetcher.clone())),
            },
            options,
        );
        let staging = WebhookStaging::new(database);
        outbox.also(Arc::new(staging.clone()));
        let options = config.webhooks.dispatcher_options();
        Ok(Self { registry, staging, fetcher, options, event_types })
    }

    /// The apps of the shops.
    #[must_use]
    pub fn registry(&self) -> &AppRegistry {
        &self.registry
    }

    /// What was sent to apps, and is to be.
    #[must_use]
    pub fn deliveries(&self) -> WebhookDeliveries {
        self.staging.deliveries()
    }

    /// Notes which events the webhooks are for, which may be others than those of the program before.
    pub(crate) async fn know_events(&self) -> Result<(), RuntimeError> {
        let changed = self.registry.expand_topics(self.event_types.iter().cloned()).await?;
        if changed > 0 {
            tracing::info!(webhooks = changed, "webhooks match other events than before");
        }
        Ok(())
    }

    /// Sends what is to be sent, until it is drained.
    pub(crate) fn dispatch(&self) -> DispatcherHandle {
        let keys = Arc::new(self.registry.clone());
        WebhookDispatcher::new(&self.staging, self.fetcher.clone(), keys)
            .options(self.options.clone())
            .spawn()
    }
}

/// What manifests are held to in this program.
pub(crate) fn rules(
    config: &Config,
    offered: impl IntoIterator<Item = Permission>,
    event_types: impl IntoIterator<Item = EventType>,
) -> ManifestRules {
    let version = env!("CARGO_PKG_VERSION").parse().expect("cargo wants versions to be semantic");
    ManifestRules::new(version)
        .permissions(offered)
        .event_types(event_types)
        .insecure_hosts(config.apps.allow.iter().map(|allowed| allowed.host()))
        .dashboard_origins(config.apps.dashboard_urls.iter().cloned())
}

/// The types of events that webhooks may be for: those of domains and of apps. What the system says
/// of itself is of no shop.
pub(crate) fn offered_events(catalogue: &EventCatalogue) -> Vec<EventType> {
    let of_shops = |event: &&czo_core::EventDescriptor| event.producer != SYSTEM_PRODUCER;
    let mut types: Vec<_> =
        catalogue.iter().filter(of_shops).map(|event| event.event_type.clone()).collect();
    types.dedup();
    types
}

fn api_url(config: &Config) -> Result<czo_apps::HttpUrl, RuntimeError> {
    if let Some(url) = &config.apps.api_url {
        return Ok(url.clone());
    }
    let url = format!("http://{}", config.server.listen);
    // An address of the network is a host of a URL.
    url.parse().map_err(|_| RuntimeError::ApiUrl { url })
}
