//! Jobs in a database.

mod admin;
mod claim;
mod dialect;
mod enqueue;
mod finish;
mod row;
mod slots;
mod statements;
mod wake;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use czo_core::{
    Claim, ClaimRequest, Enqueued, Finished, JobAdmin, JobCount, JobError, JobFilter, JobId,
    JobName, JobQueue, JobRecord, JobSlots, JobSource, JobState, LastSlot, NewJob, Renewal,
    Standing, Ticket,
};
use czo_repo::{Database, DatabaseError, UnitOfWork};
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

use self::claim::LostWatch;
use self::dialect::Dialect;
use self::statements::Statements;
use self::wake::Wake;

/// Jobs in a database, SQLite or PostgreSQL. Clones are the same queue.
///
/// What `enqueue` answered is stored with the database's own promise: it survives the process, and
/// a crash of the machine as far as the database's commits do. [`stage`](Self::stage) enqueues
/// within a unit of work.
///
/// The tables are those of `czo_migrations::jobs()`. Several processes may work on one database;
/// a worker hears at once of the jobs of its own process and, on PostgreSQL, of those of another; it
/// looks by itself within a second.
/// Time is the database's.
///
/// Jobs that ended are kept until they are [purged](JobAdmin::purge); they slow nothing down but
/// the listing.
#[derive(Clone)]
pub struct SqlJobs {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    dialect: Dialect,
    statements: Statements,
    wake: Wake,
    lost: LostWatch,
}

impl SqlJobs {
    /// The jobs of this database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        let dialect = Dialect::of(database.is_sqlite());
        let statements = Statements::new(dialect);
        let (wake, lost) = (Wake::default(), LostWatch::default());
        Self { shared: Arc::new(Shared { database, dialect, statements, wake, lost }) }
    }

    /// Enqueues `job` when `tx` is committed, as a part of it: it is there if all the rest is, and
    /// else it is not. All jobs that were staged in a unit of work are written by one statement,
    /// and workers are woken after the commit.
    ///
    /// # Errors
    ///
    /// [`JobError::UniqueKey`]. Where the database refuses a job, the commit fails.
    pub fn stage(&self, tx: &UnitOfWork, job: NewJob) -> Result<(), JobError> {
        job.check()?;
        tx.before_commit(&self.shared, job);
        Ok(())
    }

    /// Enqueues these jobs as a part of `tx`, now, for who wants to know their ids.
    ///
    /// A unique key that waits or runs already is answered with that job, which may end before
    /// `tx` does. Until `tx` ends, that job is locked on PostgreSQL, and its worker can neither
    /// renew nor end it, nor those that it renews and ends together with it: keep such a unit well
    /// below the lease, or [`stage`](Self::stage) the job, which locks it only for the commit.
    ///
    /// # Errors
    ///
    /// As [`JobQueue::enqueue`]. On PostgreSQL the unit of work has failed when the database
    /// refused.
    pub async fn enqueue_in(
        &self,
        tx: &UnitOfWork,
        jobs: Vec<NewJob>,
    ) -> Result<Vec<Enqueued>, JobError> {
        jobs.iter().try_for_each(NewJob::check)?;
        let enqueued = self.shared.insert(&**tx, &jobs).await.map_err(store)?;
        let shared = self.shared.clone();
        tx.after_commit(async move { shared.wake.all(&shared.database) });
        Ok(enqueued)
    }

    /// Runs one statement that writes.
    async fn write(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, JobError> {
        let (database, statement) = (&self.shared.database, self.shared.statement(sql, values));
        match self.shared.dialect {
            // By itself it is a transaction of its own.
            Dialect::Postgres => database.query_all_raw(statement).await.map_err(store),
            // In a transaction it has its turn among the writers.
            Dialect::Sqlite => database
                .transaction(async |tx| {
                    tx.query_all_raw(statement.clone()).await.map_err(DatabaseError::from)
                })
                .await
                .map_err(JobError::store),
        }
    }

    /// Runs one statement that reads.
    async fn read(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, JobError> {
        self.shared.database.query_all_raw(self.shared.statement(sql, values)).await.map_err(store)
    }
}

impl Shared {
    fn statement(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
        Statement::from_sql_and_values(self.dialect.backend(), sql, values)
    }
}

/// What a statement said.
fn store(error: sea_orm::DbErr) -> JobError {
    JobError::store(DatabaseError::from(error))
}

/// Milliseconds, as the database counts them.
fn millis(duration: Duration) -> i64 {
    // A thousand years are as good as for ever, and can be added to a time.
    const FOR_EVER: i64 = 1_000 * 365 * 24 * 3_600 * 1_000;
    i64::try_from(duration.as_millis()).unwrap_or(FOR_EVER).min(FOR_EVER)
}

/// A list of records or texts, as one parameter.
fn json(value: &impl serde::Serialize) -> Result<Value, JobError> {
    let text = serde_json::to_string(value).map_err(|error| JobError::Store(Box::new(error)))?;
    Ok(Value::from(text))
}

/// PostgreSQL has no text with a zero in it.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[async_trait]
impl JobQueue for SqlJobs {
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>, JobError> {
        jobs.iter().try_for_each(NewJob::check)?;
        let (shared, jobs) = (&self.shared, &jobs);
        let enqueued = match shared.dialect {
            Dialect::Postgres => shared.insert(&*shared.database, jobs).await.map_err(store)?,
            Dialect::Sqlite => shared
                .database
                .transaction(async |tx| Ok(shared.insert(&**tx, jobs).await?))
                .await
                .map_err(JobError::store::<DatabaseError>)?,
        };
        shared.wake.all(&shared.database);
        Ok(enqueued)
    }

    async fn get(&self, id: JobId) -> Result<Option<JobRecord>, JobError> {
        let sql = format!("SELECT {} FROM jobs_job WHERE id = $1", row::RECORD_COLUMNS);
        let rows = self.read(&sql, [id.into()]).await?;
        rows.first().map(row::record).transpose()
    }

    async fn cancel(&self, id: JobId) -> Result<Option<JobState>, JobError> {
        let mut rows = self.write(&self.shared.statements.cancel, [id.into()]).await?;
        if rows.is_empty() {
            // It has ended already, or there is none.
            rows = self.read("SELECT id, state FROM jobs_job WHERE id = $1", [id.into()]).await?;
        }
        let Some(found) = rows.first() else { return Ok(None) };
        row::state(id, found.try_get("", "state").map_err(store)?).map(Some)
    }
}

#[async_trait]
impl JobSource for SqlJobs {
    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claim>, JobError> {
        self.claim_due(request).await
    }

    async fn renew(&self, jobs: &[Renewal], lease: Duration) -> Result<Vec<Standing>, JobError> {
        self.renew_held(jobs, lease).await
    }

    async fn finish(&self, attempts: &[Finished]) -> Result<Vec<Ticket>, JobError> {
        self.finish_held(attempts).await
    }

    async fn wait(&self, names: &[JobName], idle: u32) {
        let mut longest = wake::pause(idle);
        if idle > 0 {
            // Nobody tells when the time of a job has come.
            match self.next_due(names).await {
                Ok(Some(due)) => longest = longest.min(due),
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "the next job cannot be foreseen"),
            }
        }
        self.shared.wake.wait(&self.shared.database, longest).await;
    }
}

#[async_trait]
impl JobAdmin for SqlJobs {
    async fn list(
        &self,
        filter: &JobFilter,
        limit: usize,
        before: Option<JobId>,
    ) -> Result<Vec<JobRecord>, JobError> {
        self.list_jobs(filter, limit, before).await
    }

    async fn retry(&self, filter: &JobFilter, limit: usize) -> Result<usize, JobError> {
        self.retry_jobs(filter, limit).await
    }

    async fn purge(&self, filter: &JobFilter, limit: usize) -> Result<usize, JobError> {
        self.purge_jobs(filter, limit).await
    }

    async fn counts(&self, filter: &JobFilter) -> Result<Vec<JobCount>, JobError> {
        self.count_jobs(filter).await
    }
}

#[async_trait]
impl JobSlots for SqlJobs {
    async fn last_slot(&self, schedule: &JobName) -> Result<LastSlot, JobError> {
        self.read_slot(schedule).await
    }

    async fn enqueue_slot(
        &self,
        schedule: &JobName,
        slot: DateTime<Utc>,
        job: NewJob,
    ) -> Result<Option<Enqueued>, JobError> {
        self.take_slot(schedule, slot, job).await
    }
}

impl fmt::Debug for SqlJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlJobs").field("database", self.shared.database.url()).finish()
    }
}
