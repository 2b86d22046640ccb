//! What can be configured, and where each value comes from.

mod apps;
mod cache;
mod error;
mod event_bus;
mod modules;
mod sections;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use czo_core::StaticRoles;
use czo_graphql::GraphqlOptions;
use czo_http::HttpOptions;
use czo_http::axum::http::HeaderValue;
use czo_repo::{DatabaseOptions, DatabaseUrl};
use czo_telemetry::LogOptions;
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::data_dir;

pub use apps::{AppsConfig, WebhooksConfig};
pub use cache::{CacheConfig, CacheProvider};
pub use error::ConfigError;
use error::value_error;
pub(crate) use error::wrong;
pub use event_bus::{EventBusConfig, EventBusProvider, RabbitMqConfig};
pub use modules::ModulesConfig;
pub use sections::{
    DatabaseConfig, FetchConfig, GraphqlConfig, JobsConfig, JobsProvider, LogConfig, OutboxConfig,
    RoleConfig, ServerConfig,
};

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
    /// Where events wait for the bus.
    pub outbox: OutboxConfig,
    /// What is done later.
    pub jobs: JobsConfig,
    /// What was read, kept for the next who reads it.
    pub cache: CacheConfig,
    /// What is fetched from the outside.
    pub fetch: FetchConfig,
    /// Third-party apps.
    pub apps: AppsConfig,
    /// What is sent to them.
    pub webhooks: WebhooksConfig,
    /// Modules.
    pub modules: ModulesConfig,
    /// The log.
    pub log: LogConfig,
    /// Roles that tokens may carry, beside `owner`, which may do everything.
    pub roles: BTreeMap<String, RoleConfig>,
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
            outbox: OutboxConfig::default(),
            jobs: JobsConfig::default(),
            cache: CacheConfig::default(),
            fetch: FetchConfig::default(),
            apps: AppsConfig::default(),
            webhooks: WebhooksConfig::default(),
            modules: ModulesConfig::default(),
            log: LogConfig::default(),
            roles: BTreeMap::new(),
        }
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
        let env = Env::prefixed("CZO_").filter(|key| is_setting(key.as_str())).split("__");
        Self::from_figment(&Figment::from(toml).merge(env))
    }

    /// Where the owner's token of this database is kept for the command line.
    #[must_use]
    pub fn owner_token_path(&self) -> PathBuf {
        data_dir::owner_token_path(&self.data_dir, &self.database_options().url)
    }

    /// The owner's token, if a program on this data folder made it.
    #[must_use]
    pub fn owner_token(&self) -> Option<SecretString> {
        data_dir::read_token(&self.owner_token_path())
    }

    /// Where the key is kept that secrets of apps are sealed with, unless it is configured.
    pub(crate) fn vault_key_path(&self) -> PathBuf {
        data_dir::vault_key_path(&self.data_dir, &self.database_options().url)
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
            ("graphql.max_answer_fields", self.graphql.max_answer_fields > 0),
            ("outbox.lease_seconds", self.outbox.lease_seconds > 0),
            ("outbox.poll_milliseconds", self.outbox.poll_milliseconds > 0),
            ("jobs.concurrency", self.jobs.concurrency > 0),
            ("jobs.lease_seconds", self.jobs.lease_seconds > 0),
            ("jobs.keep_days", self.jobs.keep_days > 0),
            ("fetch.timeout_seconds", self.fetch.timeout_seconds > 0),
            ("apps.token_days", self.apps.token_days > 0),
            ("apps.timeout_seconds", self.apps.timeout_seconds > 0),
            ("webhooks.concurrency", self.webhooks.concurrency > 0),
            ("webhooks.per_endpoint", self.webhooks.per_endpoint > 0),
            ("webhooks.timeout_seconds", self.webhooks.timeout_seconds > 0),
            ("webhooks.keep_log_days", self.webhooks.keep_log_days > 0),
            ("webhooks.keep_dead_days", self.webhooks.keep_dead_days > 0),
            ("modules.follow_milliseconds", self.modules.follow_milliseconds > 0),
            ("modules.max_cpu_milliseconds", self.modules.max_cpu_milliseconds > 0),
            ("modules.max_wall_milliseconds", self.modules.max_wall_milliseconds > 0),
            ("modules.max_memory_mib", self.modules.max_memory_mib > 0),
            ("modules.instances", self.modules.instances > 0),
        ];
        if let Some((key, _)) = positive.iter().find(|(_, fits)| !fits) {
            return Err(wrong(key, "expected a number of at least 1"));
        }
        self.outbox.check()?;
        self.jobs.check()?;
        self.event_bus.check()?;
        self.cache.check()?;
        self.apps.check()?;
        self.webhooks.check()?;
        self.modules.check()?;
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

    /// The same for a process that has no part in the events of others: what it publishes is in the
    /// outbox, for the relay of a server.
    pub(crate) fn without_broker(mut self) -> Self {
        self.event_bus.is_apart = true;
        self
    }

    /// The same for a process that does without modules.
    pub(crate) fn without_modules(mut self) -> Self {
        self.modules.left_out = true;
        self
    }

    pub(crate) fn http_options(&self) -> Result<HttpOptions, ConfigError> {
        let mut options = HttpOptions::default();
        options.body_limit = self.server.body_limit_bytes;
        options.bulk_body_limit = self.server.upload_limit_bytes;
        options.request_timeout = Duration::from_secs(self.server.request_timeout_seconds);
        options.cors_allow_origins = self.origins()?;
        Ok(options)
    }

    /// How long the exchanges with an app may take together that a request waits for: the rest of
    /// the time is for the database, and for saying what went wrong.
    pub(crate) fn app_patience(&self) -> Duration {
        Duration::from_secs(self.server.request_timeout_seconds).mul_f64(5.0 / 6.0)
    }

    pub(crate) fn graphql_options(&self) -> GraphqlOptions {
        let mut options = GraphqlOptions::default();
        options.max_depth = self.graphql.max_depth;
        options.max_complexity = self.graphql.max_complexity;
        options.max_answer_fields = self.graphql.max_answer_fields;
        options.introspection = self.graphql.introspection;
        options
    }

    pub(crate) fn log_options(&self) -> LogOptions {
        LogOptions { format: self.log.format, filter: self.log.filter.clone() }
    }
}

/// Whether an environment variable, without `CZO_`, is a setting. Some share
/// the prefix and are not: those of the tests, those of the command line, and those that
/// Kubernetes gives every container for a service called `czo`.
fn is_setting(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let is_other = key == "config"
        || key == "token"
        || key == "port"
        || ["test_", "port_", "service_"].iter().any(|prefix| key.starts_with(prefix));
    !is_other
}

impl fmt::Display for Config {
    /// The configuration as `czo.toml` would say it, without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&toml::to_string(&self.effective()).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<Config, ConfigError> {
        Config::from_figment(&Figment::from(Toml::string(toml)))
    }

    fn refusal(toml: &str) -> String {
        read(toml).unwrap_err().to_string()
    }

    #[test]
    fn nothing_configured_is_the_embedded_demo_on_this_machine_only() {
        let config = read("").unwrap();
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:4000");
        assert_eq!(config.database_options().url.to_string(), "sqlite://.czo/czo.db");
        assert!(config.wants_demo());
    }

    #[test]
    fn postgresql_gets_no_demo_unless_asked_for() {
        let url = "[database]\nurl = \"postgres://czo:s3cr3t@db/shop\"";
        assert!(!read(url).unwrap().wants_demo());
        assert!(read(&format!("demo = true\n{url}")).unwrap().wants_demo());
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_path_and_the_keys_there_are() {
        let refused = refusal("[server]\nlisten_on = \"x\"");
        assert!(refused.contains("`server.listen_on`"), "{refused}");
        assert!(refused.contains("listen, request_timeout_seconds"), "{refused}");
        assert!(refusal("sever = 1").contains("`sever`"));
    }

    #[test]
    fn a_value_that_does_not_fit_is_refused_with_its_key() {
        for (toml, key) in [
            ("[server]\nlisten = \"4000\"", "server.listen"),
            ("[server]\nbody_limit_bytes = 0", "server.body_limit_bytes"),
            ("[server]\nbody_limit_bytes = -1", "server.body_limit_bytes"),
            ("[database]\nmax_connections = 0", "database.max_connections"),
            ("[database]\nurl = \"mysql://u:s3cr3t@db/shop\"", "database.url"),
            ("[event_bus]\nprovider = \"kafka\"", "event_bus.provider"),
            ("[event_bus]\nprovider = \"rabbitmq\"", "event_bus.rabbitmq.url"),
            ("[event_bus]\ndual_write = true", "event_bus.rabbitmq.url"),
            ("[event_bus.rabbitmq]\nurl = \"amqp://u:s3cr3t@mq\"", "event_bus.rabbitmq.url"),
            (
                "[event_bus]\nprovider = \"rabbitmq\"\nrabbitmq.url = \"http://u:s3cr3t@mq\"",
                "event_bus.rabbitmq.url",
            ),
            (
                "[event_bus]\nprovider = \"rabbitmq\"\ndual_write = true\nrabbitmq.url = \"amqp://mq\"",
                "event_bus.dual_write",
            ),
            ("[event_bus.rabbitmq]\nqueue_prefix = \"a b\"", "event_bus.rabbitmq"),
            ("[event_bus.rabbitmq]\nqueue_kind = \"lazy\"", "event_bus.rabbitmq.queue_kind"),
            ("[event_bus.rabbitmq]\nprefetch = 0", "event_bus.rabbitmq.prefetch"),
            ("[outbox]\nrelay = \"no\"", "outbox.relay"),
            ("[outbox]\nlease_seconds = 0", "outbox.lease_seconds"),
            ("[outbox]\npoll_milliseconds = 0", "outbox.poll_milliseconds"),
            ("[outbox]\nkeep_log_days = -1", "outbox.keep_log_days"),
            ("[outbox]\nkeep_log_days = 31", "outbox.keep_inbox_days"),
            ("[outbox]\nkeep_log_days = 0\nkeep_inbox_days = 0", "outbox.keep_inbox_days"),
            ("[jobs]\nprovider = \"disk\"", "jobs.provider"),
            ("[jobs]\nprovider = \"redis\"", "jobs.url"),
            ("[jobs]\nurl = \"redis://u:s3cr3t@cache\"", "jobs.url"),
            ("[jobs]\nprovider = \"redis\"\nurl = \"https://u:s3cr3t@cache\"", "jobs.url"),
            ("[jobs]\nworker = \"no\"", "jobs.worker"),
            ("[cache]\nprovider = \"disk\"", "cache.provider"),
            ("[cache]\nprovider = \"redis\"", "cache.url"),
            ("[cache]\nprovider = \"memory_and_redis\"", "cache.url"),
            ("[cache]\nurl = \"redis://u:s3cr3t@cache\"", "cache.url"),
            ("[cache]\nprovider = \"redis\"\nurl = \"https://u:s3cr3t@cache\"", "cache.url"),
            (
                "[cache]\nprovider = \"redis\"\nurl = \"redis://cache\"\nprefix = \"{a}\"",
                "cache.prefix",
            ),
            (
                "[cache]\nprovider = \"redis\"\nurl = \"redis://cache\"\ntimeout_milliseconds = 600",
                "cache.staleness_milliseconds",
            ),
            ("[cache]\nstaleness_milliseconds = 0", "cache.staleness_milliseconds"),
            ("[cache]\ntimeout_milliseconds = 0", "cache.timeout_milliseconds"),
            ("[cache]\nmemory_mib = 0", "cache.memory_mib"),
            ("[fetch]\nallow = [\"localhost\"]", "fetch.allow"),
            ("[fetch]\ntimeout_seconds = 0", "fetch.timeout_seconds"),
            ("[apps]\nvault_keys = \"s3cr3t\"", "apps.vault_keys"),
            ("[apps]\nvault_keys = [\"s3cr3t\"]", "apps.vault_keys"),
            ("[apps]\napi_url = \"shop.example\"", "apps.api_url"),
            ("[apps]\nallow = [\"localhost\"]", "apps.allow"),
            ("[apps]\ntoken_days = 0", "apps.token_days"),
            ("[webhooks]\nper_endpoint = 0", "webhooks.per_endpoint"),
            ("[webhooks]\nschedule_seconds = []", "webhooks.schedule_seconds"),
            ("[modules]\nallow = [\"localhost\"]", "modules.allow"),
            ("[modules]\ninstances = 0", "modules.instances"),
            ("[modules]\ntotal_memory_mib = 10", "modules.total_memory_mib"),
            ("[modules.sources]\nloyalty = \"somewhere\"", "modules.sources"),
            ("[jobs]\nprovider = \"memory\"\nworker = false", "jobs.worker"),
            ("[jobs]\nconcurrency = 0", "jobs.concurrency"),
            ("[jobs]\nlease_seconds = 0", "jobs.lease_seconds"),
            ("[jobs]\nkeep_days = 0", "jobs.keep_days"),
            ("[log]\nformat = \"xml\"", "log.format"),
            ("[server]\ncors_allow_origins = [\"shop.example\"]", "server.cors_allow_origins"),
            (
                "[server]\ncors_allow_origins = [\"https://a.example/x\"]",
                "server.cors_allow_origins",
            ),
            ("[roles.owner]\npermissions = []", "roles.owner"),
            ("[roles.editor]\npermissions = [\"write\"]", "roles.editor.permissions"),
        ] {
            let refused = refusal(toml);
            assert!(refused.contains(&format!("`{key}")), "{toml}: {refused}");
            assert!(!refused.contains("s3cr3t"), "{refused}");
        }
    }

    #[test]
    fn a_number_is_asked_for_in_the_words_of_people() {
        for value in ["\"eight\"", "-1", "1.5", "true"] {
            let refused = refusal(&format!("[jobs]\nconcurrency = {value}"));
            assert!(refused.contains("expected a number, whole and not negative"), "{refused}");
        }
    }

    #[test]
    fn no_days_of_a_log_are_no_log() {
        let options = |toml: &str| read(toml).unwrap().outbox.outbox_options();
        let week = Duration::from_secs(7 * 24 * 3_600);
        assert_eq!(options("").keep_log, Some(week));
        assert_eq!(options("[outbox]\nkeep_log_days = 0").keep_log, None);
    }

    #[test]
    fn an_inbox_that_forgets_before_the_log_is_refused_with_the_days_it_needs() {
        let refused = refusal("[outbox]\nkeep_log_days = 60");
        assert!(refused.contains("at least 60"), "{refused}");
        read("[outbox]\nkeep_log_days = 60\nkeep_inbox_days = 60").unwrap();
    }

    #[test]
    fn a_password_in_the_wrong_place_is_not_repeated() {
        for toml in [
            "database = \"postgres://u:s3cr3t@db/shop\"",
            "[database]\nurl = postgres://u:s3cr3t@db/shop",
            "[database]\nurl = \"postgres://u:s3/s3cr3t@db/shop\"",
            "[server]\nlisten = \"postgres://u:s3cr3t@db/shop\"",
        ] {
            let refused = refusal(toml);
            assert!(!refused.contains("s3cr3t"), "{toml}: {refused}");
            assert_eq!(refused.lines().count(), 1, "{refused}");
        }
    }

    #[test]
    fn what_shares_the_prefix_and_is_no_setting_is_let_alone() {
        for key in ["CONFIG", "token", "TEST_POSTGRES_URL", "PORT", "PORT_4000_TCP", "SERVICE_HOST"]
        {
            assert!(!is_setting(key), "{key}");
        }
        for key in ["SERVER__LISTEN", "data_dir", "DEMO", "listen", "ports"] {
            assert!(is_setting(key), "{key}");
        }
    }

    #[test]
    fn each_database_has_an_owner_token_file_of_its_own() {
        let path = |toml: &str| read(toml).unwrap().owner_token_path().display().to_string();
        assert_eq!(path(""), ".czo/owner-token");
        let postgres = path("[database]\nurl = \"postgres://czo:s3cr3t@db.internal:5432/shop\"");
        assert_eq!(postgres, ".czo/owner-token-postgres-czo-db.internal-5432-shop");
    }

    #[test]
    fn what_is_shown_reads_back_and_has_no_password() {
        let config = read("[database]\nurl = \"postgres://czo:s3cr3t@db/shop\"\n[jobs]\nprovider = \"redis\"\nurl = \"redis://:s3cr3t@cache\"\n[roles.editor]\npermissions = [\"product:*\"]").unwrap();
        let shown = config.to_string();
        assert!(!shown.contains("s3cr3t"), "{shown}");
        assert_eq!(read(&shown).unwrap().to_string(), shown);
    }
}
