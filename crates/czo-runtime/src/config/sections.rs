//! The sections of the configuration, and their defaults.

use std::net::SocketAddr;

use czo_core::Grant;
use czo_graphql::GraphqlOptions;
use czo_http::HttpOptions;
use czo_repo::DatabaseUrl;
use czo_telemetry::LogFormat;
use serde::{Deserialize, Serialize};

/// `[server]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ServerConfig {
    /// The address to listen on. Default `127.0.0.1:4000`, this machine only.
    pub listen: SocketAddr,
    /// The longest time for a request, in seconds. Default 30.
    pub request_timeout_seconds: u64,
    /// The largest body of an ordinary request, in bytes. Default 1 MiB.
    pub body_limit_bytes: usize,
    /// The largest upload, in bytes. Default 1 GiB.
    pub upload_limit_bytes: usize,
    /// How long requests and events may take to finish at shutdown, in seconds. Default 25, so
    /// that it ends before Kubernetes' 30.
    pub drain_seconds: u64,
    /// The origins whose pages may call the API from a browser. Default none.
    pub cors_allow_origins: Vec<String>,
}

/// `[database]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DatabaseConfig {
    /// Where it is: `sqlite://<path>` or `postgres://…`. Default: SQLite in `data_dir`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<DatabaseUrl>,
    /// How many connections may be open at once. Default 10.
    pub max_connections: u32,
}

/// `[graphql]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct GraphqlConfig {
    /// How deep selections may be nested. Default 20.
    pub max_depth: usize,
    /// How many fields a query may ask for. Default 10,000.
    pub max_complexity: usize,
    /// How many fields an answer may have, long texts counted as several. Default 100,000.
    pub max_answer_fields: usize,
    /// Whether the schema may be read. Default yes.
    pub introspection: bool,
    /// Whether a browser gets GraphiQL. Default yes.
    pub graphiql: bool,
}

/// `[event_bus]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct EventBusConfig {
    /// What carries events. Default `in_process`.
    pub provider: EventBusProvider,
}

/// What carries events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventBusProvider {
    /// Memory of this process.
    #[default]
    InProcess,
}

/// `[log]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LogConfig {
    /// `text` for people, `json` for machines. Default `text`.
    pub format: LogFormat,
    /// What is logged: `info`, `info,czo_http=debug`. Default `info`, without what SeaORM's
    /// migrator says.
    pub filter: String,
}

/// `[roles.<name>]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RoleConfig {
    /// What it may do: `product:write`, `product:*`.
    pub permissions: Vec<Grant>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        let http = HttpOptions::default();
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 4000)),
            request_timeout_seconds: http.request_timeout.as_secs(),
            body_limit_bytes: http.body_limit,
            upload_limit_bytes: http.bulk_body_limit,
            drain_seconds: 25,
            cors_allow_origins: Vec::new(),
        }
    }
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: None, max_connections: 10 }
    }
}

impl Default for GraphqlConfig {
    fn default() -> Self {
        let GraphqlOptions { max_depth, max_complexity, max_answer_fields, introspection, .. } =
            GraphqlOptions::default();
        Self { max_depth, max_complexity, max_answer_fields, introspection, graphiql: true }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info,sea_orm_migration=warn".to_owned() }
    }
}
