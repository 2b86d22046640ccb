//! A process that is killed in the middle of its jobs.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use czo_core::{Job, JobAdmin, JobName, JobQueue, JobState, NewJob, RetryPolicy};
use czo_jobs::{SqlJobs, Worker};
use czo_repo::{Database, DatabaseOptions};
use czo_testkit::on_each_database;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::support::{PATIENCE, all, in_database};

/// Tells the test binary that it is the child: the URL of the database, and its schema.
const CHILD: &str = "CZO_JOBS_TEST_CHILD";

const JOBS: usize = 500;

#[derive(Serialize, Deserialize)]
struct Work {
    number: usize,
}

impl Job for Work {
    const NAME: JobName = JobName::from_static("test.work");

    fn retry() -> RetryPolicy {
        RetryPolicy::exponential(Duration::from_millis(10), 5)
    }
}

/// What the child does: it works, says so, and is killed.
#[test]
fn a_child_that_works_until_it_is_killed() {
    let Ok(place) = std::env::var(CHILD) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (url, schema) = place.split_once(' ').unwrap();
        let mut options = DatabaseOptions::new(url.parse().unwrap());
        if !schema.is_empty() {
            options = options.schema(schema);
        }
        let jobs = SqlJobs::new(Database::connect(&options).await.unwrap());
        let worker = Worker::new(Arc::new(jobs)).lease(Duration::from_millis(500)).handle_fn(
            |job: Work, _ctx| async move {
                println!("job {}", job.number);
                tokio::time::sleep(Duration::from_millis(5)).await;
                Ok(())
            },
        );
        worker.run(std::future::pending()).await;
    });
}

on_each_database! {
    async fn every_job_of_a_killed_process_runs_in_the_end(database: TestDatabase) {
        let jobs = in_database(&database).await;
        let new = |number| NewJob::of(&Work { number }).unwrap();
        jobs.enqueue((0..JOBS).map(new).collect()).await.unwrap();

        let schema = database.options().schema.clone().unwrap_or_default();
        let url = place(&database);
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["kill::a_child_that_works_until_it_is_killed", "--exact", "--nocapture"])
            .env(CHILD, format!("{url} {schema}"))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut begun = 0;
        while begun < 100 {
            let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
            begun += usize::from(line.unwrap().contains("job "));
        }
        // SIGKILL: it can say nothing more.
        child.kill().await.unwrap();
        let states = jobs.counts(&all()).await.unwrap();
        let running = states.iter().find(|count| count.state == JobState::Running);
        assert!(running.is_some_and(|running| running.jobs > 0), "{states:?}");

        let seen = Arc::new(Mutex::new(HashMap::<usize, usize>::new()));
        let counted = seen.clone();
        let worker = Worker::new(Arc::new(jobs.clone()))
            .lease(Duration::from_millis(500))
            .handle_fn(move |job: Work, _ctx| {
                *counted.lock().unwrap().entry(job.number).or_default() += 1;
                async { Ok(()) }
            })
            .spawn();
        let all_succeeded = async {
            loop {
                let counts = jobs.counts(&all()).await.unwrap();
                if counts.iter().all(|count| count.state == JobState::Succeeded) {
                    return counts[0].jobs;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let succeeded = tokio::time::timeout(PATIENCE, all_succeeded).await.unwrap();
        assert_eq!(succeeded, JOBS as u64);
        worker.end().await;
        let twice = seen.lock().unwrap().values().filter(|times| **times > 1).count();
        assert_eq!(twice, 0, "nobody was killed here");
    }
}

/// As text, the password too.
fn place(database: &Database) -> String {
    if database.is_sqlite() {
        return format!("sqlite://{}", database.url().sqlite_path().unwrap().display());
    }
    std::env::var("CZO_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned())
}
