//! What a domain hands in.

use std::fmt;
use std::sync::Arc;

use czo_core::{
    DomainEvent, Event, EventHandler, Group, HandlerError, HealthCheck, SubscribeOptions,
    TopicPattern, typed_handler,
};
use czo_graphql::Subgraph;
use czo_http::aide::axum::ApiRouter;

use crate::DomainError;

/// What a domain hands in while it registers.
#[derive(Default)]
pub struct Registration {
    parts: Parts,
}

/// Everything that was handed in. For the runtime.
#[derive(Default)]
pub struct Parts {
    /// The GraphQL schema.
    pub subgraph: Option<Subgraph>,
    /// REST routes.
    pub routes: ApiRouter,
    /// REST routes for uploads and downloads.
    pub bulk_routes: ApiRouter,
    /// Subscriptions to start once every domain is registered.
    pub subscriptions: Vec<PendingSubscription>,
    /// Components for the health report.
    pub checks: Vec<Arc<dyn HealthCheck>>,
}

/// A subscription that has not been started.
#[derive(Clone)]
pub struct PendingSubscription {
    /// Which events it wants.
    pub pattern: TopicPattern,
    /// Its group.
    pub group: Group,
    /// What runs for them.
    pub handler: Arc<dyn EventHandler>,
    /// How it is served.
    pub options: SubscribeOptions,
}

impl Registration {
    /// Hands in the domain's GraphQL schema.
    pub fn subgraph(&mut self, subgraph: Subgraph) -> &mut Self {
        self.parts.subgraph = Some(subgraph);
        self
    }

    /// Hands in REST routes; their paths start with `/api/<domain>/`.
    pub fn routes(&mut self, routes: ApiRouter) -> &mut Self {
        self.parts.routes = std::mem::take(&mut self.parts.routes).merge(routes);
        self
    }

    /// Hands in REST routes for uploads and downloads, which may be long and large.
    pub fn bulk_routes(&mut self, routes: ApiRouter) -> &mut Self {
        self.parts.bulk_routes = std::mem::take(&mut self.parts.bulk_routes).merge(routes);
        self
    }

    /// Runs `handler` with the payload of every `E`. The group is by custom `<domain>.<purpose>`.
    /// See [`typed_handler`] for versions and shapes.
    ///
    /// # Errors
    ///
    /// When the group is malformed.
    pub fn on<E, H, F>(
        &mut self,
        group: &str,
        options: SubscribeOptions,
        handler: H,
    ) -> Result<&mut Self, DomainError>
    where
        E: Event,
        H: Fn(E, Arc<DomainEvent>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        self.subscribe(E::TYPE.as_str(), group, typed_handler(handler), options)
    }

    /// Runs `handler` for every event that matches `pattern`. The group is by custom
    /// `<domain>.<purpose>`.
    ///
    /// # Errors
    ///
    /// When the pattern or the group is malformed.
    pub fn subscribe(
        &mut self,
        pattern: &str,
        group: &str,
        handler: impl EventHandler + 'static,
        options: SubscribeOptions,
    ) -> Result<&mut Self, DomainError> {
        self.parts.subscriptions.push(PendingSubscription {
            pattern: pattern.parse()?,
            group: group.parse()?,
            handler: Arc::new(handler),
            options,
        });
        Ok(self)
    }

    /// Adds a component to the health report.
    pub fn health(&mut self, check: impl HealthCheck + 'static) -> &mut Self {
        self.parts.checks.push(Arc::new(check));
        self
    }

    /// Everything that was handed in. For the runtime.
    #[must_use]
    pub fn into_parts(self) -> Parts {
        self.parts
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.parts, f)
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("subgraph", &self.subgraph)
            .field("subscriptions", &self.subscriptions)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PendingSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingSubscription")
            .field("pattern", &self.pattern)
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}
