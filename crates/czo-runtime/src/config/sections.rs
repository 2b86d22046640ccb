//! The sections of the configuration, and their defaults.

use std::net::SocketAddr;
use std::time::Duration;

use czo_core::Grant;
use czo_fetch::{AllowedHost, FetchOptions};
use czo_graphql::GraphqlOptions;
use czo_http::HttpOptions;
use czo_jobs::{RedisOptions, RedisUrl};
use czo_outbox::{OutboxOptions, RelayOptions};
use czo_repo::DatabaseUrl;
use czo_telemetry::LogFormat;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::error::wrong;

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

/// `[outbox]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct OutboxConfig {
    /// Whether a server of this configuration takes events from the outbox to the bus. Default
    /// yes. Somebody must, or they wait for ever.
    pub relay: bool,
    /// How many days published events stay in the log, from which they can be replayed; 0 keeps
    /// no log. Default 7.
    pub keep_log_days: u32,
    /// How many days the inbox remembers what was handled, at least as many as the log. Default
    /// 30.
    pub keep_inbox_days: u32,
    /// How long a relay may stand still before others take its events over, in seconds. Default 5.
    pub lease_seconds: u64,
    /// How long the relay waits at most before it looks by itself, when nobody wakes it, in
    /// milliseconds. Default 1,000.
    pub poll_milliseconds: u64,
}

/// `[jobs]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct JobsConfig {
    /// Where jobs are kept that are no part of a unit of work. Default `sql`.
    pub provider: JobsProvider,
    /// Where Redis is, `redis://…`, with the provider `redis`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<RedisUrl>,
    /// What the keys in Redis begin with: programs that share one Redis have different ones.
    /// Default `czo-jobs`.
    pub prefix: String,
    /// Whether a server of this configuration does jobs and looks after schedules. Default yes.
    /// Somebody must, or they wait for ever: `czo worker` does too.
    pub worker: bool,
    /// How many jobs a process does at once. Default 8, fewer than it has connections to the
    /// database, so that requests get some too.
    pub concurrency: usize,
    /// After how many seconds without a word from its process a job is somebody else's. Default 30.
    pub lease_seconds: u64,
    /// How many days jobs are kept that succeeded or were cancelled. Default 7. Dead ones are kept
    /// until somebody retries or purges them.
    pub keep_days: u32,
}

/// Where jobs are kept that are no part of a unit of work. Those that are, and those of schedules,
/// are in the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JobsProvider {
    /// The database.
    #[default]
    Sql,
    /// Memory of this process: they are gone when it ends.
    Memory,
    /// Redis. Whether they survive it is its operator's promise.
    Redis,
}

/// `[fetch]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FetchConfig {
    /// Hosts that may be asked for images although they are not on the public internet, each with
    /// its port: `images.internal:80`. Default none.
    pub allow: Vec<AllowedHost>,
    /// The longest time for one exchange, in seconds. Default 20.
    pub timeout_seconds: u64,
}

/// `[log]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LogConfig {
    /// `text` for people, `json` for machines. Default `text`.
    pub format: LogFormat,
    /// What is logged: `info`, `info,czo_http=debug`. Default `info`, without what SeaORM's
    /// migrator says, and what lapin says, which czo says itself and without whole messages.
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

impl Default for OutboxConfig {
    fn default() -> Self {
        Self {
            relay: true,
            keep_log_days: 7,
            keep_inbox_days: 30,
            lease_seconds: 5,
            poll_milliseconds: 1_000,
        }
    }
}

impl OutboxConfig {
    /// What no type says.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let Self { keep_log_days, keep_inbox_days, .. } = *self;
        if keep_inbox_days < keep_log_days.max(1) {
            let message = format!(
                "expected at least {}, the days of `outbox.keep_log_days` and no less than 1: what is replayed is handled twice if the inbox has forgotten it",
                keep_log_days.max(1)
            );
            return Err(wrong("outbox.keep_inbox_days", &message));
        }
        Ok(())
    }

    pub(crate) fn outbox_options(&self) -> OutboxOptions {
        let log = (self.keep_log_days > 0).then(|| days(self.keep_log_days));
        OutboxOptions::default().keep_log(log).keep_inbox(days(self.keep_inbox_days))
    }

    pub(crate) fn relay_options(&self) -> RelayOptions {
        RelayOptions::default()
            .lease(Duration::from_secs(self.lease_seconds))
            .poll(Duration::from_millis(self.poll_milliseconds))
    }
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self {
            provider: JobsProvider::default(),
            url: None,
            prefix: "czo-jobs".to_owned(),
            worker: true,
            concurrency: 8,
            lease_seconds: 30,
            keep_days: 7,
        }
    }
}

impl JobsConfig {
    /// What no type says.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.provider == JobsProvider::Memory && !self.worker {
            let message = "expected true with `jobs.provider = \"memory\"`: nobody else can do jobs that are in the memory of this process";
            return Err(wrong("jobs.worker", message));
        }
        match (self.provider, &self.url) {
            (JobsProvider::Redis, None) => Err(wrong(
                "jobs.url",
                "expected where Redis is, such as `redis://127.0.0.1:6379`, with `jobs.provider = \"redis\"`",
            )),
            (JobsProvider::Sql | JobsProvider::Memory, Some(_)) => Err(wrong(
                "jobs.url",
                "it is for `jobs.provider = \"redis\"`: set that too, or leave the URL out",
            )),
            _ => Ok(()),
        }
    }

    /// Where Redis is and how it is used, where jobs are there.
    pub(crate) fn redis_options(&self) -> Option<RedisOptions> {
        let url = self.url.clone().filter(|_| self.provider == JobsProvider::Redis)?;
        Some(RedisOptions::new(url).prefix(&self.prefix))
    }

    pub(crate) fn keep(&self) -> Duration {
        days(self.keep_days)
    }

    pub(crate) fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds)
    }
}

impl Default for FetchConfig {
    fn default() -> Self {
        let FetchOptions { allow, timeout, .. } = FetchOptions::default();
        Self { allow, timeout_seconds: timeout.as_secs() }
    }
}

impl FetchConfig {
    pub(crate) fn fetch_options(&self) -> FetchOptions {
        let mut options = FetchOptions::default();
        options.allow.clone_from(&self.allow);
        options.timeout = Duration::from_secs(self.timeout_seconds);
        options
    }
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 3_600)
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info,sea_orm_migration=warn,lapin=off".to_owned() }
    }
}
