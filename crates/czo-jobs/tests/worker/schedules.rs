//! Jobs at certain times.

use std::sync::Arc;
use std::time::Duration;

use chrono::{Timelike, Utc};
use czo_core::{Classified, ErrorKind, JobAdmin, JobError, JobName, JobSlots, NewJob};
use czo_jobs::{MemoryJobs, ScheduleError, Schedules};
use czo_testkit::on_each_database;

use crate::support::{Act, all, in_database, new};

const OFTEN: JobName = JobName::from_static("test.often");

fn job() -> NewJob {
    new(Act::Succeed)
}

async fn enqueued(jobs: &impl JobAdmin) -> usize {
    jobs.list(&all(), 1_000, None).await.unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn a_job_is_enqueued_in_every_slot() {
    let jobs = MemoryJobs::new();
    let schedules = Schedules::new(Arc::new(jobs.clone()));
    let _running = schedules.add(OFTEN, "*/10 * * * * *", job()).unwrap().spawn();
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert!((9..=10).contains(&enqueued(&jobs).await), "{}", enqueued(&jobs).await);
    for record in jobs.list(&all(), 100, None).await.unwrap() {
        assert_eq!(record.enqueued_at.second() % 10, 0, "{}", record.enqueued_at);
    }
}

#[tokio::test(start_paused = true)]
async fn of_several_processes_one_enqueues_each_slot() {
    let jobs = MemoryJobs::new();
    let process = || {
        let schedules = Schedules::new(Arc::new(jobs.clone()));
        schedules.add(OFTEN, "*/10 * * * * *", job()).unwrap().spawn()
    };
    let _running = [process(), process(), process()];
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert!((9..=10).contains(&enqueued(&jobs).await));
}

#[tokio::test(start_paused = true)]
async fn of_missed_slots_one_is_made_up_for() {
    let jobs = MemoryJobs::new();
    let schedules = Schedules::new(Arc::new(jobs.clone()));
    let schedules = schedules.add(OFTEN, "* * * * *", job()).unwrap();
    drop(schedules.clone().spawn());
    jobs.last_slot(&OFTEN).await.unwrap();
    assert_eq!(enqueued(&jobs).await, 0, "a new schedule owes nothing");
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    let _running = schedules.spawn();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(enqueued(&jobs).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_went_back_enqueues_nothing_again() {
    let jobs = MemoryJobs::new();
    // As if the clock had been an hour ahead.
    jobs.last_slot(&OFTEN).await.unwrap();
    let ahead = Utc::now() + Duration::from_secs(3_600);
    jobs.enqueue_slot(&OFTEN, ahead, job()).await.unwrap();
    let schedules = Schedules::new(Arc::new(jobs.clone()));
    let _running = schedules.add(OFTEN, "* * * * *", job()).unwrap().spawn();
    tokio::time::sleep(Duration::from_secs(3_000)).await;
    assert_eq!(enqueued(&jobs).await, 1);
    tokio::time::sleep(Duration::from_secs(900)).await;
    assert!(enqueued(&jobs).await > 1);
}

#[test]
fn text_that_is_no_pattern_is_refused_with_the_form_there_is() {
    for pattern in ["", "hello", "61 * * * *", "* * * *", "0 0 30 2 *"] {
        let schedules = Schedules::new(Arc::new(MemoryJobs::new()));
        let error = schedules.add(OFTEN, pattern, job()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("minute hour day month weekday"), "{error}");
    }
}

#[test]
fn a_second_schedule_of_one_name_is_refused() {
    let schedules = Schedules::new(Arc::new(MemoryJobs::new()));
    let schedules = schedules.add(OFTEN, "* * * * *", job()).unwrap();
    let error = schedules.add(OFTEN, "0 * * * *", job()).unwrap_err();
    assert!(matches!(error, ScheduleError::Twice { name } if name == OFTEN));
}

#[test]
fn a_schedule_of_a_job_that_no_queue_takes_is_refused() {
    let schedules = Schedules::new(Arc::new(MemoryJobs::new()));
    let error = schedules.add(OFTEN, "* * * * *", job().unique("")).unwrap_err();
    assert!(matches!(error, ScheduleError::Job { source: JobError::UniqueKey { .. }, .. }));
}

on_each_database! {
    async fn a_schedule_runs_on_a_database(database: TestDatabase) {
        let jobs = in_database(&database).await;
        let schedules = Schedules::new(Arc::new(jobs.clone()));
        let _running = schedules.add(OFTEN, "* * * * * *", job()).unwrap().spawn();
        let two = async {
            while enqueued(&jobs).await < 2 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), two).await.unwrap();
    }
}
