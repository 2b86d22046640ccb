//! What a domain is handed.

use std::sync::Arc;

use czo_core::{Clock, EventBus, EventFactory, IdGenerator, PermissionService, ShopDirectory};
use czo_graphql::GraphqlOptions;
use czo_hooks::HookRegistry;
use czo_repo::Database;

use crate::DomainName;

/// Everything a domain may use. Handed in at boot; cheap to clone.
#[derive(Clone, Debug)]
pub struct DomainContext {
    /// The database, migrated.
    pub database: Database,
    /// Where events go.
    pub bus: Arc<dyn EventBus>,
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
    /// Puts payloads into envelopes whose source is the domain.
    #[must_use]
    pub fn events(&self, domain: DomainName) -> EventFactory {
        EventFactory::new(domain.as_str(), self.clock.clone(), self.ids.clone())
    }
}
