//! What a module reaches beyond what it keeps.

use std::time::Duration;

use async_trait::async_trait;
use czo_module_package::ModuleName;

use super::{CallScope, HostError};

/// Requests to others. Which hosts are granted was looked at before.
///
/// **Guarantee.** Only addresses of the public internet are asked, and it is the address that is
/// looked at; redirects are not followed.
#[async_trait]
pub trait ModuleHttp: Send + Sync {
    /// The answer, whatever its status.
    async fn send(
        &self,
        scope: &CallScope,
        request: HttpRequest,
    ) -> Result<HttpResponse, HostError>;
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// Its method.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body, of at most 1 MiB.
    pub body: Vec<u8>,
}

/// The configuration of modules. In memory: asked in every call.
pub trait ConfigSource: Send + Sync {
    /// The configuration for the shop of the call, as JSON, defaults filled in; `{}` where there is
    /// none.
    fn config(&self, scope: &CallScope) -> String;
}

/// Environment variables. Which are granted was looked at before.
pub trait SecretSource: Send + Sync {
    /// Its value, where it is set.
    fn secret(&self, scope: &CallScope, name: &str) -> Option<String>;
}

/// Events that modules publish. Which types are granted was looked at before.
#[async_trait]
pub trait EventOutlet: Send + Sync {
    /// The id of the event, which is written down: it arrives at least once. Its source is
    /// `module.<name>`.
    async fn publish(
        &self,
        scope: &CallScope,
        event_type: &str,
        key: Option<String>,
        data: String,
    ) -> Result<String, HostError>;
}

/// Services by name. Which are granted was looked at before.
#[async_trait]
pub trait ServiceCalls: Send + Sync {
    /// What the method returned, as JSON.
    async fn call(
        &self,
        scope: &CallScope,
        service: &str,
        method: &str,
        arguments: String,
    ) -> Result<String, HostError>;
}

/// Jobs of modules. That the manifest has them was looked at before.
#[async_trait]
pub trait JobOutlet: Send + Sync {
    /// The id of the job, which is done at least once.
    async fn enqueue(
        &self,
        scope: &CallScope,
        job: &str,
        data: String,
        delay: Duration,
    ) -> Result<String, HostError>;
}

/// Where lines of modules go.
pub trait LogSink: Send + Sync {
    /// Takes a line. Must not wait.
    fn write(&self, module: &ModuleName, line: LogLine);
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How important it is.
    pub level: LogLevel,
    /// What it says.
    pub message: String,
    /// More, by name.
    pub fields: Vec<(String, String)>,
    /// The request it belongs to.
    pub correlation_id: String,
}

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// For the author only.
    Trace,
    /// For finding a fault.
    Debug,
    /// What happened.
    Info,
    /// What should not have happened.
    Warn,
    /// What failed.
    Error,
}
