//! What the server does for a module: one small trait for each import of the WIT package.

mod data;
mod error;
mod outlets;
mod scope;

use std::sync::Arc;

pub use data::{KeyValue, ModuleSql, SqlRows, SqlStatement, SqlValue};
pub use error::HostError;
pub use outlets::{
    ConfigSource, EventOutlet, HttpRequest, HttpResponse, JobOutlet, LogLevel, LogLine, LogSink,
    ModuleHttp, SecretSource, ServiceCalls,
};
pub use scope::CallScope;

/// Everything that modules may be given. Whether one is, its grants decide: these traits are asked
/// only for what is granted.
#[derive(Clone)]
pub struct ModuleHost {
    /// Values by key.
    pub kv: Arc<dyn KeyValue>,
    /// Tables.
    pub sql: Arc<dyn ModuleSql>,
    /// Requests to others.
    pub http: Arc<dyn ModuleHttp>,
    /// Configuration.
    pub config: Arc<dyn ConfigSource>,
    /// Environment variables.
    pub secrets: Arc<dyn SecretSource>,
    /// Events.
    pub events: Arc<dyn EventOutlet>,
    /// Services of the server and of other modules.
    pub services: Arc<dyn ServiceCalls>,
    /// Jobs.
    pub jobs: Arc<dyn JobOutlet>,
    /// The log.
    pub log: Arc<dyn LogSink>,
}

impl std::fmt::Debug for ModuleHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModuleHost").finish_non_exhaustive()
    }
}
