//! What a domain is handed.

use std::sync::Arc;

use czo_cache::Cache;
use czo_core::{AskApps, Clock, EventFactory, IdGenerator, PermissionService, ShopDirectory};
use czo_fetch::Fetcher;
use czo_graphql::GraphqlOptions;
use czo_hooks::HookRegistry;
use czo_outbox::Inbox;
use czo_repo::Database;

use crate::{DomainEvents, DomainJobs, DomainName, EventOutlet};

/// Everything a domain may use. Handed in at boot; cheap to clone.
#[derive(Clone, Debug)]
pub struct DomainContext {
    /// The database, migrated.
    pub database: Database,
    /// Where events go, through [`events`](Self::events).
    pub outlet: EventOutlet,
    /// What was handled, for handlers that [run once](crate::Registration::on_once).
    pub inbox: Inbox,
    /// Where what is to be done later goes.
    pub jobs: DomainJobs,
    /// What was read before. A domain keeps what is its own in a
    /// [namespace](Cache::namespace) of its name.
    pub cache: Cache,
    /// What is fetched from the outside.
    pub fetcher: Fetcher,
    /// The third-party apps of shops, to be asked what they have to say in a request. What a
    /// domain asks it names in [`Domain::questions`](crate::Domain::questions).
    pub apps: Arc<dyn AskApps>,
    /// What others do around the operations of domains, and the domain around those of others.
    pub hooks: HookRegistry,
    /// Who may do what.
    pub permissions: Arc<dyn PermissionService>,
    /// The shops.
    pub shops: Arc<dyn ShopDirectory>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdGenerator>,
    /// What a GraphQL query may cost.
    pub graphql: GraphqlOptions,
}

impl DomainContext {
    /// Publishes events whose source is the domain.
    #[must_use]
    pub fn events(&self, domain: DomainName) -> DomainEvents {
        let factory = EventFactory::new(domain.as_str(), self.clock.clone(), self.ids.clone());
        DomainEvents::new(factory, self.outlet.clone())
    }
}
