//! Where the jobs of a program are kept.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    JobAdmin, JobCount, JobError, JobFilter, JobId, JobQueue, JobRecord, JobSlots, JobSource,
    JobState,
};
use czo_domain::DomainJobs;
use czo_jobs::{MemoryJobs, RedisJobs, RedisJobsError, SqlJobs};
use czo_repo::Database;

use crate::RuntimeError;
use crate::config::{JobsConfig, JobsProvider, wrong};

/// Everything that a provider does.
trait JobStore: JobQueue + JobSource + JobAdmin {}

impl<S: JobQueue + JobSource + JobAdmin> JobStore for S {}

/// Where the jobs of a program are kept: those of units of work and of schedules in its database,
/// whatever the provider; the others at the provider.
#[derive(Clone, Debug)]
pub(crate) struct JobStores {
    database: SqlJobs,
    /// The provider, where it is not the database.
    other: Option<Arc<dyn JobStore>>,
}

impl JobStores {
    /// Connects to the provider.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Redis`], and [`RuntimeError::Config`] for `jobs.prefix`.
    pub(crate) async fn open(
        config: &JobsConfig,
        database: &Database,
    ) -> Result<Self, RuntimeError> {
        let other: Option<Arc<dyn JobStore>> = match (config.provider, config.redis_options()) {
            (JobsProvider::Memory, _) => Some(Arc::new(MemoryJobs::new())),
            (_, Some(options)) => {
                let jobs = RedisJobs::connect(options).await.map_err(|error| match error {
                    RedisJobsError::Prefix => wrong("jobs.prefix", &error.to_string()).into(),
                    error => RuntimeError::Redis(error),
                })?;
                Some(Arc::new(jobs))
            }
            (_, None) => None,
        };
        Ok(Self { database: SqlJobs::new(database.clone()), other })
    }

    /// What domains are handed.
    pub(crate) fn domain_jobs(&self) -> DomainJobs {
        let jobs = DomainJobs::new(self.database.clone());
        match &self.other {
            Some(other) => jobs.through(other.clone()),
            None => jobs,
        }
    }

    /// What workers take jobs from, each by one of its own.
    pub(super) fn sources(&self) -> Vec<Arc<dyn JobSource>> {
        let mut sources: Vec<Arc<dyn JobSource>> = vec![Arc::new(self.database.clone())];
        if let Some(other) = &self.other {
            sources.push(other.clone());
        }
        sources
    }

    /// What remembers schedules: the database, which all processes share.
    pub(crate) fn slots(&self) -> Arc<dyn JobSlots> {
        Arc::new(self.database.clone())
    }

    /// For how long the job in the database has been due that was due first.
    pub(super) async fn oldest_due(&self) -> Result<Option<Duration>, JobError> {
        self.database.oldest_due().await
    }

    fn admins(&self) -> impl Iterator<Item = &dyn JobAdmin> {
        let other = self.other.iter().map(|other| -> &dyn JobAdmin { &**other });
        std::iter::once::<&dyn JobAdmin>(&self.database).chain(other)
    }
}

#[async_trait]
impl JobAdmin for JobStores {
    async fn list(
        &self,
        filter: &JobFilter,
        limit: usize,
        before: Option<JobId>,
    ) -> Result<Vec<JobRecord>, JobError> {
        let mut jobs = Vec::new();
        for admin in self.admins() {
            jobs.extend(admin.list(filter, limit, before).await?);
        }
        jobs.sort_by_key(|job| std::cmp::Reverse(job.id));
        jobs.truncate(limit);
        Ok(jobs)
    }

    async fn retry(&self, filter: &JobFilter, limit: usize) -> Result<usize, JobError> {
        let mut retried = 0;
        for admin in self.admins() {
            retried += admin.retry(filter, limit - retried).await?;
        }
        Ok(retried)
    }

    async fn purge(&self, filter: &JobFilter, limit: usize) -> Result<usize, JobError> {
        let mut purged = 0;
        for admin in self.admins() {
            purged += admin.purge(filter, limit - purged).await?;
        }
        Ok(purged)
    }

    async fn counts(&self, filter: &JobFilter) -> Result<Vec<JobCount>, JobError> {
        let mut counts = Vec::<JobCount>::new();
        for admin in self.admins() {
            for count in admin.counts(filter).await? {
                let same =
                    |known: &&mut JobCount| known.name == count.name && known.state == count.state;
                match counts.iter_mut().find(same) {
                    Some(known) => known.jobs += count.jobs,
                    None => counts.push(count),
                }
            }
        }
        let place = |state| JobState::ALL.iter().position(|known| *known == state);
        counts.sort_by_key(|count| (count.name.clone(), place(count.state)));
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use czo_core::{JobName, NewJob, RetryPolicy};
    use czo_testkit::TestDatabase;

    use super::*;

    fn new() -> NewJob {
        let name = JobName::from_static("test.work");
        NewJob::raw(name, "{}".to_owned(), RetryPolicy::after([]))
    }

    /// What is enqueued is in memory, what is staged in the database.
    async fn in_both() -> (TestDatabase, JobStores, [JobId; 2]) {
        let database = TestDatabase::sqlite().await;
        let migrator = czo_migrations::Migrator::new(vec![czo_migrations::jobs()]);
        migrator.up(&database).await.unwrap();
        let config = JobsConfig { provider: JobsProvider::Memory, ..JobsConfig::default() };
        let stores = JobStores::open(&config, &database.database()).await.unwrap();
        let jobs = stores.domain_jobs();
        let first = jobs.enqueue(vec![new()]).await.unwrap()[0].id;
        let staged = database.transaction(async |tx| {
            let enqueued = jobs.enqueue_in(tx, vec![new()]).await;
            enqueued.map_err(|_| czo_repo::DatabaseError::Aborted)
        });
        let second = staged.await.unwrap()[0].id;
        (database, stores, [first, second])
    }

    #[tokio::test]
    async fn the_jobs_of_both_places_are_listed_as_one_queue() {
        let (_database, stores, [first, second]) = in_both().await;
        let ids = async |limit, before| {
            let listed = stores.list(&JobFilter::all(), limit, before).await.unwrap();
            listed.into_iter().map(|job| job.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(10, None).await, [second, first]);
        assert_eq!(ids(1, None).await, [second]);
        assert_eq!(ids(10, Some(second)).await, [first]);
        let counts = stores.counts(&JobFilter::all()).await.unwrap();
        assert_eq!((counts.len(), counts[0].jobs), (1, 2));
    }

    #[tokio::test]
    async fn a_job_is_found_cancelled_retried_and_purged_wherever_it_is() {
        let (_database, stores, ids) = in_both().await;
        let jobs = stores.domain_jobs();
        for id in ids {
            assert_eq!(jobs.get(id).await.unwrap().unwrap().id, id);
            assert_eq!(jobs.cancel(id).await.unwrap(), Some(JobState::Cancelled));
        }
        assert_eq!(stores.retry(&JobFilter::all(), 1).await.unwrap(), 1);
        assert_eq!(stores.retry(&JobFilter::all(), 10).await.unwrap(), 1);
        for id in ids {
            jobs.cancel(id).await.unwrap();
        }
        assert_eq!(stores.purge(&JobFilter::all(), 10).await.unwrap(), 2);
    }
}
