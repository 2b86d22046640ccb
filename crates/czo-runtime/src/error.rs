//! Why czo does not start, or does not do what it was told.

use std::net::SocketAddr;
use std::path::PathBuf;

use czo_apps::AppError;
use czo_core::{
    BusError, CatalogueError, Classified, ErrorKind, Group, JobError, JobName, MoneyError,
    TopicPattern,
};
use czo_domain::{DomainError, DomainName};
use czo_events::SchemaError;
use czo_jobs::{RedisJobsError, ScheduleError};
use czo_migrations::MigrationError;
use czo_modules::ModuleError;
use czo_repo::DatabaseError;
use czo_telemetry::TelemetryError;
use sea_orm::DbErr;
use thiserror::Error;

use crate::ConfigError;

/// Why czo does not start, or does not do what it was told.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Telemetry can't be set up.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The database can't be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Migrations failed.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The database's schema is older than this program.
    #[error(
        "the database lacks {pending} migrations of {}: run `czo migrate up`",
        owners.join(", ")
    )]
    Outdated {
        /// How many are missing.
        pending: usize,
        /// Whose they are.
        owners: Vec<&'static str>,
    },
    /// The address can't be listened on.
    #[error(
        "cannot listen on {address}: {}",
        match source.kind() {
            std::io::ErrorKind::AddrInUse => "another program does already; stop it, or choose another address with `--listen` or `server.listen`".to_owned(),
            std::io::ErrorKind::PermissionDenied => "this needs privileges; choose a port above 1023 with `--listen` or `server.listen`".to_owned(),
            _ => source.to_string(),
        }
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of czo's own can't be read or written.
    #[error("the file {} cannot be used: check that `data_dir` exists and may be written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No domain of this name.
    #[error("there is no domain `{name}`: there are {}", known.join(", "))]
    UnknownDomain {
        /// What was asked for.
        name: String,
        /// The domains there are.
        known: Vec<&'static str>,
    },
    /// Two domains have one name.
    #[error("two domains are called `{0}`")]
    DuplicateDomain(DomainName),
    /// A domain needs one that is not there, or needs itself in the end.
    #[error("domain `{domain}` needs `{needs}`, which is not there or needs `{domain}` itself")]
    DomainOrder {
        /// The domain.
        domain: DomainName,
        /// What it needs.
        needs: DomainName,
    },
    /// A domain can't be registered.
    #[error("domain `{domain}` cannot be registered")]
    Domain {
        /// The domain.
        domain: DomainName,
        /// Why.
        source: DomainError,
    },
    /// A subscription would wait for ever.
    #[error(
        "domain `{domain}` subscribes group `{group}` to `{pattern}`, which no known event matches{}; `czo events list` shows what there is",
        match suggestion {
            Some(suggestion) => format!(": did you mean `{suggestion}`?"),
            None => "; an event of another program is made known with `EventCatalogue::add_external`".to_owned(),
        }
    )]
    DeafSubscription {
        /// Whose subscription it is.
        domain: String,
        /// Its group.
        group: Group,
        /// What it wants.
        pattern: TopicPattern,
        /// The nearest pattern that matches an event, if one is near.
        suggestion: Option<String>,
    },
    /// No event of the program matches.
    #[error(
        "no known event matches `{pattern}`{}; `czo events list` shows what there is",
        suggestion.as_ref().map(|near| format!(": did you mean `{near}`?")).unwrap_or_default()
    )]
    UnknownEvents {
        /// What was asked for.
        pattern: TopicPattern,
        /// The nearest pattern that matches an event, if one is near.
        suggestion: Option<String>,
    },
    /// No subscription is in this group.
    #[error(
        "the consumers of this program are in the groups {}, and none in `{group}`{}",
        known.join(", "),
        suggestion.as_ref().map(|near| format!(": did you mean `{near}`?")).unwrap_or_default()
    )]
    UnknownGroup {
        /// What was asked for.
        group: Group,
        /// The nearest group there is, if one is near.
        suggestion: Option<String>,
        /// The groups there are.
        known: Vec<String>,
    },
    /// Two handlers are for one job.
    #[error("two handlers are for the job `{name}`: give one of the jobs another name")]
    DuplicateJob {
        /// The job.
        name: JobName,
    },
    /// Two schedules have one name.
    #[error("two schedules are called `{name}`: give one of them another name")]
    DuplicateSchedule {
        /// The name.
        name: JobName,
    },
    /// A schedule has no pattern of times.
    #[error("schedule `{name}`")]
    Schedule {
        /// The schedule.
        name: JobName,
        /// Why.
        source: ScheduleError,
    },
    /// Two domains offer modules services of one name.
    #[error("two services are called `{name}`: give one of them another name")]
    DuplicateService {
        /// The name.
        name: String,
    },
    /// No job of this name.
    #[error("no domain of this program does the job `{name}`: there are {}", known.join(", "))]
    UnknownJob {
        /// What was asked for.
        name: String,
        /// The jobs there are.
        known: Vec<String>,
    },
    /// Other processes can't see the jobs.
    #[error(
        "jobs are in the memory of the server (`jobs.provider` is `memory`): ask it by `/api/jobs`, or choose `sql`"
    )]
    JobsInMemory,
    /// Other processes can't see the cache.
    #[error(
        "the cache is in the memory of the server (`cache.provider` is `memory`), and none runs on this data folder: start it with `czo serve`, or name one with `--server`"
    )]
    CacheInMemory,
    /// Other processes can't see the dead letters.
    #[error(
        "dead letters are in the memory of the server (`event_bus.provider` is `in_process`), and none runs on this data folder: start it with `czo serve`, or name one with `--server`; those of a server that has ended are gone with it, and `czo events replay` hands over events of the log again"
    )]
    DeadLettersInMemory,
    /// Other processes don't know what two buses did.
    #[error(
        "what two buses did with the events is known to the server that writes to both, and none runs on this data folder: start it with `czo serve`, or name one with `--server`"
    )]
    ParityInMemory,
    /// Redis, where the cache is, does not answer.
    #[error(
        "the Redis of `cache.url`, {url}, cannot be reached: check that it runs there, and user and password"
    )]
    CacheUnreachable {
        /// Where it was looked for, without the login.
        url: String,
    },
    /// Redis, where jobs are, can't be used.
    #[error("the Redis of `jobs.url` cannot be used")]
    Redis(#[source] RedisJobsError),
    /// Third-party apps.
    #[error(transparent)]
    Apps(Box<AppError>),
    /// Modules.
    #[error(transparent)]
    Modules(Box<ModuleError>),
    /// The key in the data folder is none.
    #[error(
        "`{}` holds no key: put back the one that the secrets of apps were sealed with, or delete the \
         file where no app is installed", path.display()
    )]
    VaultKeyFile {
        /// The file.
        path: PathBuf,
    },
    /// Where the server listens is no URL that apps can be told.
    #[error("apps cannot reach `{url}`: set `apps.api_url`")]
    ApiUrl {
        /// What it would be.
        url: String,
    },
    /// The job queue failed.
    #[error(transparent)]
    Jobs(#[from] JobError),
    /// Two domains publish one event.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The schema of an event can't be used.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The event bus failed.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// A currency of a shop.
    #[error("currency: {0}")]
    Currency(#[from] MoneyError),
    /// A shop without a name.
    #[error("a shop has a name: say `--name <text>`")]
    EmptyName,
    /// No role of this name.
    #[error("there is no role `{role}`: there are {}; add it as `[roles.{role}]` in `czo.toml`", known.join(", "))]
    UnknownRole {
        /// What was asked for.
        role: String,
        /// The roles there are.
        known: Vec<String>,
    },
    /// No token of this id.
    #[error("there is no token {0} that could be revoked")]
    UnknownToken(czo_core::TokenId),
    /// There is no temporary folder to try the domains in.
    #[error("a temporary folder cannot be made")]
    TemporaryFolder(#[source] std::io::Error),
    /// The system has no random bytes.
    #[error("the system gives no random bytes for a token")]
    Random,
}

impl From<DbErr> for RuntimeError {
    fn from(error: DbErr) -> Self {
        DatabaseError::from(error).into()
    }
}

impl From<AppError> for RuntimeError {
    fn from(error: AppError) -> Self {
        Self::Apps(Box::new(error))
    }
}

impl From<ModuleError> for RuntimeError {
    fn from(error: ModuleError) -> Self {
        Self::Modules(Box::new(error))
    }
}

impl Classified for RuntimeError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Database(error) => error.kind(),
            Self::Migration(error) => error.kind(),
            Self::Bus(error) => error.kind(),
            Self::Jobs(error) => error.kind(),
            Self::Apps(error) => error.kind(),
            Self::Modules(error) => error.kind(),
            Self::Redis(error) => error.kind(),
            Self::Schema(error) => error.kind(),
            Self::Listen { .. }
            | Self::File { .. }
            | Self::TemporaryFolder(_)
            | Self::CacheUnreachable { .. }
            | Self::Random => ErrorKind::Unavailable,
            Self::UnknownToken(_) | Self::UnknownGroup { .. } | Self::UnknownEvents { .. } => {
                ErrorKind::NotFound
            }
            _ => ErrorKind::Invalid,
        }
    }
}
