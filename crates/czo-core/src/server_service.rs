//! Services of the program that are called by name, for those who know no types of Rust.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use thiserror::Error;

use crate::RequestContext;

/// A service of the program that is called by name, such as `catalog`: what modules may be granted.
///
/// It is held as `Arc<dyn ServerService>`. The context is that of whoever caused the
/// call, so the service looks at their permissions, as it does for others. It may be called at
/// the same time from any task; a dropped call happened or did not.
#[async_trait]
pub trait ServerService: Send + Sync {
    /// What the method returns.
    ///
    /// # Errors
    ///
    /// [`ServiceError`], whose text the caller is told.
    async fn call(
        &self,
        ctx: &RequestContext,
        method: &str,
        arguments: Value,
    ) -> Result<Value, ServiceError>;
}

/// Why a service did not do what was asked. The text is for whoever asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// What was given is wrong, or there is no such method.
    #[error("{0}")]
    Invalid(String),
    /// Whoever caused the call may not do this.
    #[error("{0}")]
    Denied(String),
    /// It may work later.
    #[error("{0}")]
    Unavailable(String),
}

/// The services of the program, by name. Cheap to clone; complete before anybody calls.
#[derive(Clone, Default)]
pub struct ServiceDirectory {
    services: Arc<BTreeMap<String, Arc<dyn ServerService>>>,
}

impl ServiceDirectory {
    /// One without services.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service: `[a-z][a-z0-9-]*`, without a dot, which only names of modules' services have.
    /// One of the same name is replaced.
    #[must_use]
    pub fn with(self, name: &str, service: Arc<dyn ServerService>) -> Self {
        let mut services = Arc::unwrap_or_clone(self.services);
        services.insert(name.to_owned(), service);
        Self { services: Arc::new(services) }
    }

    /// The names of the services.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    /// The service of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn ServerService>> {
        self.services.get(name)
    }
}

impl fmt::Debug for ServiceDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.services.keys()).finish()
    }
}
