//! What can be configured, and where each value comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use czo_core::{Classified, ErrorKind, Grant, StaticRoles};
use czo_graphql::GraphqlOptions;
use czo_http::HttpOptions;
use czo_http::axum::http::HeaderValue;
use czo_repo::{DatabaseOptions, DatabaseUrl};
use czo_telemetry::{LogFormat, LogOptions};
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The file that is read where no other is named, if it is there.
pub const DEFAULT_FILE: &str = "czo.toml";

/// What can be configured: `czo.toml`, and over it environment variables `CZO_<KEY>`, with two
/// underscores between a section and its key (`CZO_SERVER__LISTEN`).
///
/// Everything has a default: without any configuration czo serves a shop from an embedded
/// database on this machine only. A key that is not here is an error.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Where czo keeps its own files. Default `.czo`.
    pub data_dir: PathBuf,
    /// Whether a first start sets up a demo shop. Default: yes with the embedded database, no
    /// with PostgreSQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demo: Option<bool>,
    /// The HTTP server.
    pub server: ServerConfig,
    /// The database.
    pub database: DatabaseConfig,
    /// The GraphQL API.
    pub graphql: GraphqlConfig,
    /// The event bus.
    pub event_bus: EventBusConfig,
    /// The log.
    pub log: LogConfig,
    /// Roles that tokens may carry, beside `owner`, which may do everything.
    pub roles: BTreeMap<String, RoleConfig>,
}

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

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: ".czo".into(),
            demo: None,
            server: ServerConfig::default(),
            database: DatabaseConfig::default(),
            graphql: GraphqlConfig::default(),
            event_bus: EventBusConfig::default(),
            log: LogConfig::default(),
            roles: BTreeMap::new(),
        }
    }
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
        let GraphqlOptions { max_depth, max_complexity, introspection, .. } =
            GraphqlOptions::default();
        Self { max_depth, max_complexity, introspection, graphiql: true }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info,sea_orm_migration=warn".to_owned() }
    }
}

/// The configuration is wrong. One sentence with the key and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file that was named is not there.
    #[error("the configuration file {} is not there", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A value or a key.
    #[error("configuration{}: {message}{}", of_key(key), from_place(place))]
    Value {
        /// The key, `server.listen`.
        key: String,
        /// What is wrong and what was expected.
        message: String,
        /// The file or the environment.
        place: String,
    },
}

fn of_key(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!(" `{key}`") }
}

fn from_place(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!(" (from {place})") }
}

impl Classified for ConfigError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
}

impl Config {
    /// Reads the configuration of this process: the file named, else `czo.toml` if it is there,
    /// and the environment over it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key, where it stands and what was expected.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        if let Some(path) = file.filter(|path| !path.is_file()) {
            return Err(ConfigError::Missing { path: path.to_owned() });
        }
        let toml = Toml::file(file.unwrap_or(Path::new(DEFAULT_FILE)));
        // Test settings and the name of the file itself share the prefix and are no keys.
        let env = Env::prefixed("CZO_")
            .filter(|key| !key.starts_with("test_") && key != "config")
            .split("__");
        Self::from_figment(&Figment::from(toml).merge(env))
    }

    pub(crate) fn from_figment(figment: &Figment) -> Result<Self, ConfigError> {
        let config: Self = figment.extract().map_err(|error| value_error(&error))?;
        config.check()?;
        Ok(config)
    }

    /// What no type says.
    fn check(&self) -> Result<(), ConfigError> {
        let positive = [
            ("server.request_timeout_seconds", self.server.request_timeout_seconds > 0),
            ("server.body_limit_bytes", self.server.body_limit_bytes > 0),
            ("server.upload_limit_bytes", self.server.upload_limit_bytes > 0),
            ("database.max_connections", self.database.max_connections > 0),
            ("graphql.max_depth", self.graphql.max_depth > 0),
            ("graphql.max_complexity", self.graphql.max_complexity > 0),
        ];
        if let Some((key, _)) = positive.iter().find(|(_, fits)| !fits) {
            return Err(wrong(key, "expected a number of at least 1"));
        }
        if self.roles.contains_key(StaticRoles::OWNER) {
            let message =
                "the role `owner` may do everything and cannot be changed; use another name";
            return Err(wrong("roles.owner", message));
        }
        self.origins().map(drop)
    }

    fn origins(&self) -> Result<Vec<HeaderValue>, ConfigError> {
        let origin = |text: &String| {
            let has_scheme = text.starts_with("https://") || text.starts_with("http://");
            let has_path = text.matches('/').count() != 2;
            HeaderValue::from_str(text).ok().filter(|_| has_scheme && !has_path).ok_or_else(|| {
                let message = format!(
                    "`{text}` is not an origin: expected one such as `https://shop.example`, without a path"
                );
                wrong("server.cors_allow_origins", &message)
            })
        };
        self.server.cors_allow_origins.iter().map(origin).collect()
    }

    /// The database to use.
    #[must_use]
    pub fn database_options(&self) -> DatabaseOptions {
        let url = self.database.url.clone();
        let url = url.unwrap_or_else(|| DatabaseUrl::sqlite(self.data_dir.join("czo.db")));
        DatabaseOptions::new(url).max_connections(self.database.max_connections)
    }

    /// Whether a first start sets up a demo shop.
    #[must_use]
    pub fn wants_demo(&self) -> bool {
        self.demo.unwrap_or_else(|| self.database_options().url.sqlite_path().is_some())
    }

    /// The table of roles.
    #[must_use]
    pub fn static_roles(&self) -> StaticRoles {
        let roles = self.roles.iter();
        StaticRoles::new(roles.map(|(name, role)| (name.clone(), role.permissions.clone())))
    }

    /// The same configuration with every default written out.
    pub(crate) fn effective(&self) -> Self {
        let mut effective = self.clone();
        effective.database.url = Some(self.database_options().url);
        effective.demo = Some(self.wants_demo());
        effective
    }

    pub(crate) fn http_options(&self) -> Result<HttpOptions, ConfigError> {
        let mut options = HttpOptions::default();
        options.body_limit = self.server.body_limit_bytes;
        options.bulk_body_limit = self.server.upload_limit_bytes;
        options.request_timeout = Duration::from_secs(self.server.request_timeout_seconds);
        options.cors_allow_origins = self.origins()?;
        Ok(options)
    }

    pub(crate) fn graphql_options(&self) -> GraphqlOptions {
        let mut options = GraphqlOptions::default();
        options.max_depth = self.graphql.max_depth;
        options.max_complexity = self.graphql.max_complexity;
        options.introspection = self.graphql.introspection;
        options
    }

    pub(crate) fn log_options(&self) -> LogOptions {
        LogOptions { format: self.log.format, filter: self.log.filter.clone() }
    }
}

impl fmt::Display for Config {
    /// The configuration as `czo.toml` would say it, without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&toml::to_string(&self.effective()).map_err(|_| fmt::Error)?)
    }
}

fn wrong(key: &str, message: &str) -> ConfigError {
    ConfigError::Value { key: key.to_owned(), message: message.to_owned(), place: String::new() }
}

fn value_error(error: &figment::Error) -> ConfigError {
    use figment::error::Kind;

    let mut path = error.path.clone();
    let message = match &error.kind {
        Kind::UnknownField(field, known) => {
            path.push(field.clone());
            format!("there is no such key; there are {}", known.join(", "))
        }
        // serde says "expected" itself.
        Kind::Message(message) => message.clone(),
        kind => kind.to_string(),
    };
    let place = error.metadata.as_ref().map(|from| match &from.source {
        Some(source) => source.to_string(),
        None => "the environment".to_owned(),
    });
    ConfigError::Value { key: path.join("."), message, place: place.unwrap_or_default() }
}
