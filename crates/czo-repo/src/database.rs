//! An open database.

mod notifications;
mod replicas;
mod turn;

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use czo_core::{Clock, Health, HealthCheck, IdGenerator};
use sea_orm::sqlx::postgres::PgSslMode;
use sea_orm::{ConnectOptions, DatabaseConnection, DbBackend, DbErr};

pub use self::notifications::Notifications;
use self::replicas::Replicas;
pub(crate) use self::turn::Turn;
use self::turn::Turns;
pub use self::turn::WriterTurn;
use crate::backoff;
use crate::environment::Environment;
use crate::unit_of_work::collision::is_collision;
use crate::{
    CursorKey, DatabaseError, DatabaseOptions, DatabaseUrl, TransactionOptions, UnitOfWork,
};

/// How long SQLite waits for another writer before it gives up.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest first pause before a file that others are opening is opened again.
const OPEN_AGAIN_AFTER: Duration = Duration::from_millis(10);

/// An open database: a pool of connections, cheap to clone.
///
/// It derefs to SeaORM's [`DatabaseConnection`], that of the primary. It also carries what
/// repositories take from outside: the clock that stamps rows, the generator of their ids and the
/// key that signs cursors; see [`with_clock`](Self::with_clock) and its neighbours.
#[derive(Clone, Debug)]
pub struct Database {
    connection: DatabaseConnection,
    url: Arc<DatabaseUrl>,
    replicas: Replicas,
    turns: Turns,
    environment: Environment,
}

impl Database {
    /// Opens the database; a SQLite file that is not there is created, its folder is not.
    ///
    /// A PostgreSQL on this machine is spoken to without TLS, unless the URL has an `sslmode` or the
    /// environment a `PGSSLMODE`; any other with TLS where it can (`sslmode=prefer`).
    ///
    /// Connections to SQLite use write-ahead logging, foreign keys, `synchronous = NORMAL` (a
    /// power cut may lose the last commits, never damage the file) and wait five seconds for
    /// another writer.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::File`] or [`DatabaseError::Unreachable`], which say what to check.
    pub async fn connect(options: &DatabaseOptions) -> Result<Self, DatabaseError> {
        let url = options.url.clone();
        let opened = match url.postgres() {
            Some(text) => sea_orm::Database::connect(Self::postgres(text, options)).await,
            None => Self::open_sqlite(options).await,
        };
        match opened {
            Ok(connection) => {
                let environment = Environment::default();
                let one_writer = connection.get_database_backend() == DbBackend::Sqlite;
                let turns = if one_writer { Turns::one_at_a_time() } else { Turns::default() };
                let replicas = Replicas::default();
                Ok(Self { connection, url: Arc::new(url), replicas, turns, environment })
            }
            Err(error) if url.sqlite_path().is_some() => {
                Err(DatabaseError::File { url, source: Box::new(error) })
            }
            Err(error) => Err(DatabaseError::Unreachable { url, source: Box::new(error) }),
        }
    }

    fn postgres(url: &str, options: &DatabaseOptions) -> ConnectOptions {
        let mut connect = Self::pool(url, options);
        connect.set_application_name("czo");
        if let Some(schema) = &options.schema {
            connect.set_schema_search_path(schema);
        }
        // Between two processes of one machine encryption hides nothing from anybody who could
        // listen, and takes a third of a short query's time. Who asks for it has it.
        if std::env::var_os("PGSSLMODE").is_none() && !url.contains("sslmode=") {
            connect.map_sqlx_postgres_opts(|postgres| {
                let is_here = is_loopback(postgres.get_host());
                if is_here { postgres.ssl_mode(PgSslMode::Disable) } else { postgres }
            });
        }
        connect
    }

    /// Several processes that open a new file at once are in each other's way while it becomes one
    /// with write-ahead logging, for which SQLite does not wait, whatever its timeout.
    async fn open_sqlite(options: &DatabaseOptions) -> Result<DatabaseConnection, DbErr> {
        let until = Instant::now() + SQLITE_BUSY_TIMEOUT;
        let mut attempt = 0;
        loop {
            let opened = match sea_orm::Database::connect(Self::sqlite(options)).await {
                // Opening is lazy: a file that is no database shows when it is first read.
                Ok(connection) => read_header(&connection).await.map(|()| connection),
                Err(error) => Err(error),
            };
            match opened {
                Err(error) if is_collision(&error) && Instant::now() < until => {
                    attempt += 1;
                    backoff::pause(OPEN_AGAIN_AFTER, attempt).await;
                }
                opened => return opened,
            }
        }
    }

    fn sqlite(options: &DatabaseOptions) -> ConnectOptions {
        let path = options.url.sqlite_path().map(ToOwned::to_owned).unwrap_or_default();
        let mut connect = Self::pool("sqlite://", options);
        connect.map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .filename(&path)
                .create_if_missing(true)
                .foreign_keys(true)
                .busy_timeout(SQLITE_BUSY_TIMEOUT)
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "NORMAL")
        });
        connect
    }

    fn pool(url: &str, options: &DatabaseOptions) -> ConnectOptions {
        let mut connect = ConnectOptions::new(url);
        connect
            .max_connections(options.max_connections)
            .acquire_timeout(options.connect_timeout)
            .connect_timeout(options.connect_timeout)
            // A connection in steady use is not asked first whether it lives.
            .test_before_acquire_if_idle_for(Duration::from_secs(30))
            .sqlx_logging(false);
        connect
    }

    /// Starts a unit of work that is committed by hand, by [`UnitOfWork::commit`], and not tried
    /// again: for those who cannot hand in a closure to [`transaction`](Self::transaction).
    ///
    /// # Errors
    ///
    /// When no connection is to be had, or SQLite's writer does not finish in five seconds.
    pub async fn begin(&self) -> Result<UnitOfWork, DatabaseError> {
        UnitOfWork::begin_with(self, &TransactionOptions::default()).await
    }

    /// Stamps rows with the time of this clock. Default: the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.environment.clock = clock;
        self
    }

    /// Takes the ids of new rows from this generator. Default: the system's.
    #[must_use]
    pub fn with_ids(mut self, ids: Arc<dyn IdGenerator>) -> Self {
        self.environment.ids = ids;
        self
    }

    /// Signs cursors with this key. Default: one at random, which the next start has not, and no
    /// other process.
    #[must_use]
    pub fn with_cursor_key(mut self, key: CursorKey) -> Self {
        self.environment.cursor_key = key;
        self
    }

    /// The time of its clock, as exactly as both databases keep it.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.environment.now()
    }

    /// Waits for the turn of a writer, for who writes to SQLite on a connection that is not this
    /// database's: as long as it is held, no unit of work of this process begins. On PostgreSQL there
    /// is nothing to wait for.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Busy`] when it does not come in five seconds.
    pub async fn writer_turn(&self) -> Result<WriterTurn, DatabaseError> {
        self.turn().await.map(WriterTurn::from)
    }

    /// Waits for the turn of a writer, where there is one at a time.
    pub(crate) async fn turn(&self) -> Result<Turn, DatabaseError> {
        self.turns.take().await
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Closes every connection, once those in use are given back.
    ///
    /// # Errors
    ///
    /// When a connection does not close properly; the others are closed all the same.
    pub async fn close(self) -> Result<(), DatabaseError> {
        let replicas = self.replicas.close().await;
        Ok(self.connection.close().await.and(replicas)?)
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Whether it is the embedded one.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.connection.get_database_backend() == DbBackend::Sqlite
    }

    /// SeaORM's connection, to be changed before it is shared (a metric callback, for example).
    pub fn connection_mut(&mut self) -> &mut DatabaseConnection {
        &mut self.connection
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

async fn read_header(connection: &DatabaseConnection) -> Result<(), DbErr> {
    use sea_orm::ConnectionTrait;
    connection.execute_unprepared("SELECT count(*) FROM sqlite_master").await.map(drop)
}

impl Deref for Database {
    type Target = DatabaseConnection;

    fn deref(&self) -> &DatabaseConnection {
        &self.connection
    }
}

/// The health of a [`Database`]: whether it answers.
#[derive(Clone, Debug)]
pub struct DatabaseHealth(pub Database);

impl DatabaseHealth {
    /// Not where it is: everybody may read the report.
    fn kind(&self) -> &'static str {
        if self.0.is_sqlite() { "SQLite" } else { "PostgreSQL" }
    }
}

#[async_trait]
impl HealthCheck for DatabaseHealth {
    fn name(&self) -> &str {
        "database"
    }

    async fn check(&self) -> Health {
        match self.0.ping().await {
            Ok(()) => Health::up().with_detail(self.kind()),
            Err(error) => {
                tracing::error!(%error, "the database does not answer");
                Health::down(format!("{} does not answer", self.kind()))
            }
        }
    }
}
