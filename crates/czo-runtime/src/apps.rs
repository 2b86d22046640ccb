//! The third-party apps of a program: what is installed, what is sent to them, and what they may do.

mod credentials;
mod health;
mod questions;
mod rest;
mod sweep;
mod vault_key;
mod view;

use std::collections::BTreeSet;
use std::sync::Arc;

use czo_apps::{
    AppError, AppRegistry, DispatcherHandle, DispatcherOptions, FetchTransport, ManifestRules,
    RegistryOptions, RegistryParts, SyncOptions, SyncWebhooks, Vault, WebhookDeliveries,
    WebhookDispatcher, WebhookStaging,
};
use czo_core::{AskApps, Clock, EventType, IdGenerator, PermissionService};
use czo_fetch::{AllowedHost, Fetcher};
use czo_outbox::Outbox;
use czo_repo::Database;

pub(crate) use self::credentials::Credentials;
pub(crate) use self::health::WebhooksHealth;
use self::questions::DomainQuestions;
pub(crate) use self::rest::routes;
pub(crate) use self::sweep::keep_tidy;
pub(crate) use self::view::{AppView, DeliveryView, WholeDelivery};
use crate::{Config, RuntimeError};

/// What the apps of a program are made of.
pub(crate) struct AppsParts<'p> {
    pub(crate) config: &'p Config,
    pub(crate) database: &'p Database,
    pub(crate) outbox: &'p Outbox,
    pub(crate) permissions: Arc<dyn PermissionService>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdGenerator>,
    /// What manifests of this program are held to.
    pub(crate) rules: ManifestRules,
    /// Which events webhooks may be for.
    pub(crate) event_types: BTreeSet<EventType>,
    /// What the domains ask.
    pub(crate) questions: BTreeSet<EventType>,
}

/// The third-party apps of a program.
#[derive(Clone, Debug)]
pub struct Apps {
    registry: AppRegistry,
    staging: WebhookStaging,
    questions: DomainQuestions,
    fetcher: Fetcher,
    options: DispatcherOptions,
    event_types: BTreeSet<EventType>,
}

impl Apps {
    /// The apps of this database. From now on, what is published through the outbox has its
    /// deliveries.
    pub(crate) fn open(parts: AppsParts<'_>) -> Result<Self, RuntimeError> {
        let AppsParts { config, database, outbox, clock, ids, event_types, .. } = parts;
        let rules = parts
            .rules
            .insecure_hosts(config.apps.allow.iter().map(AllowedHost::host))
            .dashboard_origins(config.apps.dashboard_urls.iter().cloned());
        let fetcher = Fetcher::new(config.apps.fetch_options(&config.webhooks));
        let vault = Vault::new(vault_key::keys(config)?).map_err(AppError::from)?;
        let options = RegistryOptions::new(api_url(config)?)
            .deadline(config.apps.timeout())
            .total_deadline(config.app_patience())
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
        let keys = Arc::new(registry.clone());
        let options = SyncOptions::default();
        let webhooks = SyncWebhooks::new(database, fetcher.clone(), keys, options);
        let questions = DomainQuestions { webhooks, listed: Arc::new(parts.questions) };
        let staging = WebhookStaging::new(database);
        outbox.also(Arc::new(staging.clone()));
        let options = config.webhooks.dispatcher_options();
        Ok(Self { registry, staging, questions, fetcher, options, event_types })
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

    /// Asks apps within a request, for programs that have something to ask beside their domains,
    /// which have [`DomainContext::apps`](czo_domain::DomainContext::apps).
    #[must_use]
    pub fn questions(&self) -> &SyncWebhooks {
        &self.questions.webhooks
    }

    /// Asks apps for domains.
    pub(crate) fn of_domains(&self) -> Arc<dyn AskApps> {
        Arc::new(self.questions.clone())
    }

    /// Notes which events the webhooks are for, which may be others than those of the program before.
    /// For a server: it locks the webhooks for a moment.
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

/// Says at a start that apps would be told of an address that is none: where the server listens is
/// not always where it is reached.
pub(crate) fn warn_of_api_url(config: &Config) {
    let listen = config.server.listen;
    if config.apps.api_url.is_none() && (listen.ip().is_unspecified() || listen.port() == 0) {
        tracing::warn!(
            "apps are told that czo is at http://{listen}, where none can reach it: set \
             `apps.api_url` to where they do, such as `https://api.shop.example`"
        );
    }
}

fn api_url(config: &Config) -> Result<czo_apps::HttpUrl, RuntimeError> {
    if let Some(url) = &config.apps.api_url {
        return Ok(url.clone());
    }
    let url = format!("http://{}", config.server.listen);
    // An address of the network is a host of a URL.
    url.parse().map_err(|_| RuntimeError::ApiUrl { url })
}
