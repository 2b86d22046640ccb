//! Slots of schedules.

use std::time::Duration;

use czo_core::{JobName, JobQueueExt};
use tokio::task::JoinSet;

use super::JobsUnderTest;
use super::probe::{count, number_of};

const NIGHTLY: JobName = JobName::from_static("test.nightly");
const HOURLY: JobName = JobName::from_static("test.hourly");

/// And remembers that.
pub async fn a_schedule_begins_when_it_is_first_seen(test: JobsUnderTest) {
    let first = test.slots.last_slot(&NIGHTLY).await.expect("slots can be asked");
    assert_eq!(first.slot, first.now);
    tokio::time::sleep(Duration::from_millis(5)).await;
    let again = test.slots.last_slot(&NIGHTLY).await.expect("slots can be asked");
    assert_eq!(again.slot, first.slot);
    assert!(again.now > first.now);
    let other = test.slots.last_slot(&HOURLY).await.expect("slots can be asked");
    assert!(other.slot > first.slot);
}

/// And there is one job.
pub async fn of_several_processes_one_enqueues_a_slot(test: JobsUnderTest) {
    let last = test.slots.last_slot(&NIGHTLY).await.expect("slots can be asked");
    let slot = last.slot + Duration::from_secs(60);
    let mut processes = JoinSet::new();
    for number in 0..8 {
        let test = test.clone();
        processes.spawn(async move {
            let enqueued = test.slots.enqueue_slot(&NIGHTLY, slot, count(number)).await;
            enqueued.expect("slots can be asked").is_some()
        });
    }
    let enqueued = processes.join_all().await;
    assert_eq!(enqueued.iter().filter(|enqueued| **enqueued).count(), 1);
    assert_eq!(test.claim(10).await.len(), 1);
    assert_eq!(test.slots.last_slot(&NIGHTLY).await.expect("slots can be asked").slot, slot);
}

/// As when a clock went back; a later one is.
pub async fn a_slot_before_the_last_is_not_enqueued(test: JobsUnderTest) {
    let last = test.slots.last_slot(&NIGHTLY).await.expect("slots can be asked").slot;
    let at = |seconds: u64| last + Duration::from_secs(seconds);
    for (slot, number, is_taken) in [
        (at(60), 1, true),
        (at(60), 2, false),
        (at(30), 3, false),
        (last, 4, false),
        (at(61), 5, true),
    ] {
        let enqueued = test.slots.enqueue_slot(&NIGHTLY, slot, count(number)).await;
        assert_eq!(enqueued.expect("slots can be asked").is_some(), is_taken, "{number}");
    }
    let mut numbers: Vec<_> = test.claim(10).await.iter().map(number_of).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 5]);
}

/// One that is still at work is not begun a second time.
pub async fn a_slot_whose_job_is_there_already_is_taken(test: JobsUnderTest) {
    let there = test.queue.enqueue_one(count(1).unique("nightly")).await.expect("it is taken");
    let last = test.slots.last_slot(&NIGHTLY).await.expect("slots can be asked").slot;
    let slot = last + Duration::from_secs(60);
    let enqueued = test.slots.enqueue_slot(&NIGHTLY, slot, count(2).unique("nightly")).await;
    let enqueued = enqueued.expect("slots can be asked").expect("the slot is taken");
    assert_eq!((enqueued.id, enqueued.is_new), (there.id, false));
    assert_eq!(test.slots.last_slot(&NIGHTLY).await.expect("slots can be asked").slot, slot);
}
