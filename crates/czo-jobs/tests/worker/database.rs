//! Jobs in a database, with a worker.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use czo_core::{
    ClaimRequest, Job, JobAdmin, JobError, JobQueue, JobQueueExt, JobSource, JobState, Renewal,
    Standing,
};
use czo_jobs::SqlJobs;
use czo_repo::{Database, DatabaseError};
use czo_testkit::{assert_queries, on_each_database};
use sea_orm::ConnectionTrait;

use crate::support::{Act, Play, all, enqueue, in_database, new, stage, until, worker};

on_each_database! {
    async fn jobs_fail_and_succeed_and_are_cancelled(database: TestDatabase) {
        let (jobs, (stage, mut heard)) = (in_database(&database).await, stage());
        let worker = worker(jobs.clone(), &stage).spawn();
        let fails = enqueue(&jobs, Act::Fail(2)).await;
        assert_eq!(until(&jobs, fails, JobState::Succeeded).await.attempts, 3);
        let refuses = enqueue(&jobs, Act::Refuse).await;
        until(&jobs, refuses, JobState::Dead).await;
        let reports = enqueue(&jobs, Act::Report).await;
        while heard.next().await.act != Act::Report {}
        jobs.cancel(reports).await.unwrap();
        let record = until(&jobs, reports, JobState::Succeeded).await;
        assert_eq!(record.progress.unwrap().done, 3);
        worker.end().await;
    }

    async fn what_is_staged_is_there_with_the_commit_or_not_at_all(database: TestDatabase) {
        let (jobs, (stage, mut heard)) = (in_database(&database).await, stage());
        let _worker = worker(jobs.clone(), &stage).spawn();
        let db = database.database();
        let refused = db.transaction(async |tx| {
            jobs.stage(tx, new(Act::Succeed)).unwrap();
            jobs.enqueue_in(tx, vec![new(Act::Succeed)]).await.unwrap();
            Err::<(), _>(DatabaseError::Busy)
        });
        refused.await.unwrap_err();
        assert_eq!(jobs.list(&all(), 10, None).await.unwrap(), []);

        let kept = db.transaction(async |tx| {
            for _ in 0..100 {
                jobs.stage(tx, new(Act::Succeed)).unwrap();
            }
            let enqueued = jobs.enqueue_in(tx, vec![new(Act::Heed)]).await.unwrap();
            Ok::<_, DatabaseError>(enqueued[0].id)
        });
        let id = kept.await.unwrap();
        for _ in 0..101 {
            heard.next().await;
        }
        jobs.cancel(id).await.unwrap();
        assert_eq!(jobs.list(&all(), 1_000, None).await.unwrap().len(), 101);
        let odd = db.transaction(async |tx| {
            let refused = jobs.stage(tx, new(Act::Succeed).unique(""));
            assert!(matches!(refused, Err(JobError::UniqueKey { .. })));
            Ok::<_, DatabaseError>(())
        });
        odd.await.unwrap();
    }

    async fn a_batch_of_any_size_is_one_statement(database: TestDatabase) {
        let jobs = in_database(&database).await;
        assert_queries!(database, == 1, {
            jobs.enqueue((0..1_000).map(|_| new(Act::Succeed)).collect()).await.unwrap();
        });
    }

    async fn a_worker_hears_of_the_jobs_of_another_process(database: TestDatabase) {
        let (jobs, (stage, mut heard)) = (in_database(&database).await, stage());
        let _worker = worker(jobs.clone(), &stage).spawn();
        let other = Database::connect(database.options()).await.unwrap();
        let others = SqlJobs::new(other);
        // The worker sleeps longer and longer; each job is heard of in time all the same.
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let start = Instant::now();
            enqueue(&others, Act::Succeed).await;
            heard.next().await;
            assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        }
    }

    async fn many_that_ended_do_not_slow_a_claim(database: TestDatabase) {
        let (jobs, (stage, mut heard)) = (in_database(&database).await, stage());
        let one = enqueue(&jobs, Act::Succeed).await;
        // A hundred thousand copies of a job that succeeded.
        let copies = if database.is_sqlite() {
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) \
             INSERT INTO jobs_job SELECT randomblob(16), name, payload, 2, priority, 1, max_attempts, \
             retry, unique_key, context, enqueued_at, run_at, run_at, run_at, progress, reason, \
             cancelling, 1, worker, NULL FROM jobs_job, n"
        } else {
            "INSERT INTO jobs_job SELECT gen_random_uuid(), name, payload, 2, priority, 1, \
             max_attempts, retry, unique_key, context, enqueued_at, run_at, run_at, run_at, progress, \
             reason, cancelling, 1, worker, NULL FROM jobs_job, generate_series(1, 100000)"
        };
        database.execute_unprepared(copies).await.unwrap();
        let running = worker(jobs.clone(), &stage).spawn();
        until(&jobs, one, JobState::Succeeded).await;
        heard.next().await;
        let start = Instant::now();
        for _ in 0..20 {
            enqueue(&jobs, Act::Succeed).await;
            heard.next().await;
        }
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        running.end().await;
        let dead = jobs.counts(&all().state(JobState::Waiting)).await.unwrap();
        assert_eq!(dead, []);
    }

    async fn many_that_wait_do_not_slow_a_claim(database: TestDatabase) {
        let jobs = in_database(&database).await;
        enqueue(&jobs, Act::Succeed).await;
        // A hundred thousand copies of a job that waits.
        let copies = if database.is_sqlite() {
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) \
             INSERT INTO jobs_job SELECT randomblob(16), name, payload, 0, priority, 0, max_attempts, \
             retry, unique_key, context, enqueued_at, run_at, NULL, NULL, progress, reason, \
             cancelling, 0, NULL, NULL FROM jobs_job, n"
        } else {
            "INSERT INTO jobs_job SELECT gen_random_uuid(), name, payload, 0, priority, 0, \
             max_attempts, retry, unique_key, context, enqueued_at, run_at, NULL, NULL, progress, \
             reason, cancelling, 0, NULL, NULL FROM jobs_job, generate_series(1, 100000)"
        };
        database.execute_unprepared(copies).await.unwrap();
        let request = ClaimRequest::new(vec![Play::NAME], 16, "test", Duration::from_secs(60));
        let start = Instant::now();
        for _ in 0..20 {
            assert_eq!(jobs.claim(&request).await.unwrap().len(), 16);
        }
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }

    async fn a_row_that_cannot_be_read_is_dead_with_the_reason(database: TestDatabase) {
        let jobs = in_database(&database).await;
        let odd = enqueue(&jobs, Act::Succeed).await;
        database.execute_unprepared("UPDATE jobs_job SET retry = 'often'").await.unwrap();
        let good = enqueue(&jobs, Act::Succeed).await;
        let request = ClaimRequest::new(vec![Play::NAME], 16, "test", Duration::from_secs(60));
        let claims = jobs.claim(&request).await.unwrap();
        assert_eq!(claims.iter().map(|claim| claim.ticket.id).collect::<Vec<_>>(), [good]);
        let record = jobs.get(odd).await.unwrap().unwrap();
        assert_eq!(record.state, JobState::Dead);
        let reason = record.reason.unwrap();
        assert!(reason.contains("retry"), "{reason}");
    }

    async fn who_lists_sees_all_but_what_cannot_be_read(database: TestDatabase) {
        let jobs = in_database(&database).await;
        enqueue(&jobs, Act::Succeed).await;
        database.execute_unprepared("UPDATE jobs_job SET priority = 7").await.unwrap();
        let odd = enqueue(&jobs, Act::Refuse).await;
        database
            .execute_unprepared("UPDATE jobs_job SET context = 'of old' WHERE priority < 7")
            .await
            .unwrap();
        let good = enqueue(&jobs, Act::Succeed).await;
        let list = jobs.list(&all(), 10, None).await.unwrap();
        assert_eq!(list.iter().map(|job| job.id).collect::<Vec<_>>(), [good, odd]);
        assert_eq!(list[1].context, None);
    }

    async fn a_job_whose_lease_is_over_is_cancelled_at_once(database: TestDatabase) {
        let jobs = in_database(&database).await;
        let id = enqueue(&jobs, Act::Succeed).await;
        let request = ClaimRequest::new(vec![Play::NAME], 1, "lost", Duration::from_secs(60));
        let claim = jobs.claim(&request).await.unwrap().remove(0);
        assert_eq!(jobs.cancel(id).await.unwrap(), Some(JobState::Running), "it is held");
        database.execute_unprepared("UPDATE jobs_job SET lease_until = 1").await.unwrap();
        assert_eq!(jobs.cancel(id).await.unwrap(), Some(JobState::Cancelled));
        let renewal = Renewal { ticket: claim.ticket, progress: None };
        let standings = jobs.renew(&[renewal], Duration::from_secs(60)).await.unwrap();
        assert_eq!(standings, [Standing::Lost]);
    }

    async fn two_workers_share_a_queue(database: TestDatabase) {
        let (jobs, (stage, mut heard)) = (in_database(&database).await, stage());
        let workers = [1, 2].map(|_| worker(jobs.clone(), &stage).spawn());
        let shared: Arc<dyn JobQueue> = Arc::new(jobs.clone());
        let batches = (0..20).map(|_| {
            let jobs = shared.clone();
            tokio::spawn(async move {
                jobs.enqueue((0..50).map(|_| new(Act::Fail(1))).collect()).await.unwrap();
            })
        });
        for batch in batches.collect::<Vec<_>>() {
            batch.await.unwrap();
        }
        let mut attempts = HashSet::new();
        for _ in 0..2_000 {
            let begun = heard.next().await;
            assert!(attempts.insert((begun.ctx.id(), begun.ctx.attempt())), "begun twice");
        }
        for worker in workers {
            worker.end().await;
        }
        assert!(jobs.enqueue_one(new(Act::Succeed)).await.unwrap().is_new);
        let ended = jobs.counts(&all().state(JobState::Succeeded)).await.unwrap();
        assert_eq!(ended[0].jobs, 1_000);
    }
}
