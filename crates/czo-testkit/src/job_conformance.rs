//! What every job queue must do, as tests.

pub mod admin;
pub mod cancellation;
pub mod delivery;
pub mod failure;
pub mod leases;
pub mod order;
mod probe;
pub mod schedules;
pub mod unique;

use std::sync::Arc;
use std::time::Duration;

use czo_core::{JobAdmin, JobQueue, JobSlots, JobSource};
use futures_util::future::BoxFuture;

/// A job queue that the conformance suite looks at: a new one for each test, which nothing else
/// uses.
#[derive(Clone, Debug)]
pub struct JobsUnderTest {
    /// For those who enqueue.
    pub queue: Arc<dyn JobQueue>,
    /// For workers.
    pub source: Arc<dyn JobSource>,
    /// For people.
    pub admin: Arc<dyn JobAdmin>,
    /// For schedules.
    pub slots: Arc<dyn JobSlots>,
    /// A time that is short, and long enough for a few calls.
    pub moment: Duration,
}

impl JobsUnderTest {
    /// A queue that is all of this, with moments of 300 ms.
    #[must_use]
    pub fn of<Q: JobQueue + JobSource + JobAdmin + JobSlots + 'static>(queue: Q) -> Self {
        let queue = Arc::new(queue);
        Self {
            queue: queue.clone(),
            source: queue.clone(),
            admin: queue.clone(),
            slots: queue,
            moment: Duration::from_millis(300),
        }
    }
}

/// One test of the suite, which wants a queue.
pub type JobTest = fn(JobsUnderTest) -> BoxFuture<'static, ()>;

/// Runs the conformance suite of job queues on a provider: a test for each promise of the
/// contract. What is handed in makes an empty queue, runs the test with it and cleans up.
///
/// `virtual_time` runs each test on a paused clock, for a queue that knows time only through tokio;
/// `real_time` runs it on a multi-threaded runtime with the real one.
///
/// ```ignore
/// czo_testkit::job_queue_conformance!(virtual_time, async |test: JobTest| {
///     test(JobsUnderTest::of(MemoryJobs::new())).await;
/// });
/// ```
#[macro_export]
macro_rules! job_queue_conformance {
    ($time:ident, $run:expr) => {
        $crate::job_queue_conformance!(@tests $time, $run, delivery: [
            a_job_is_given_out_with_all_that_was_enqueued,
            a_batch_is_enqueued_as_a_whole_or_not_at_all,
            a_job_that_succeeded_is_not_given_out_again,
            only_jobs_of_the_names_asked_for_are_given_out,
            no_more_are_given_out_than_asked_for,
            payloads_of_any_kind_come_back_unchanged,
            an_unusual_reason_and_note_do_no_harm,
            who_waits_is_woken_by_a_job,
            ten_thousand_jobs_are_each_given_out_once,
        ]);
        $crate::job_queue_conformance!(@tests $time, $run, order: [
            the_more_urgent_comes_first,
            of_equals_the_one_that_was_due_first_comes_first,
            a_delayed_job_comes_when_its_time_has_come,
            many_jobs_of_later_are_not_in_the_way,
        ]);
        $crate::job_queue_conformance!(@tests $time, $run, leases: [
            a_job_whose_lease_is_over_goes_to_another_worker,
            a_worker_that_lost_its_job_has_no_say_in_it,
            a_renewed_lease_lasts,
            an_end_that_is_told_twice_counts_once,
            several_workers_never_hold_one_job_at_a_time,
        ]);
        $crate::job_queue_conformance!(@tests $time, $run, failure: [
            a_failed_job_is_tried_again_after_its_delay,
            a_dead_job_is_kept_with_its_reason,
            a_dead_job_that_is_retried_starts_anew,
            a_job_that_is_given_back_waits_as_if_it_had_not_been_tried,
            progress_is_seen_while_the_job_runs_and_after,
        ]);
        $crate::job_queue_conformance!(@tests $time, $run, unique: [
            a_key_that_waits_or_runs_is_not_enqueued_twice,
            a_key_is_free_once_its_job_has_ended,
            a_key_is_held_while_its_job_waits_for_its_next_attempt,
            of_one_key_in_one_batch_the_first_is_enqueued,
            of_one_key_enqueued_at_once_one_is_new,
            a_key_that_can_be_none_is_refused,
            a_dead_job_whose_key_another_has_is_not_retried,
        ]);
        $crate::job_queue_conformance!(@tests $time, $run, cancellation: [
            a_waiting_job_is_cancelled_at_once,
            the_worker_of_a_running_job_hears_of_its_cancellation,
            a_cancelled_job_that_fails_is_not_tried_again,
            a_cancelled_job_that_succeeds_has_succeeded,
            a_cancelled_job_whose_worker_is_lost_is_cancelled,
            cancelling_what_has_ended_or_never_was_changes_nothing,
            a_cancelled_job_can_be_retried,
        ]);
        $crate::job_queue_conformance!(@tests $time, $run, admin: [
            jobs_are_listed_page_by_page_the_newest_first,
            jobs_are_listed_by_what_is_asked,
            jobs_are_counted_by_name_and_state,
            a_purge_takes_what_has_ended_and_nothing_else,
            a_purge_leaves_what_has_ended_lately,
            a_record_says_when_and_by_whom,
        ]);
        $crate::job_queue_conformance!(@tests $time, $run, schedules: [
            a_schedule_begins_when_it_is_first_seen,
            of_several_processes_one_enqueues_a_slot,
            a_slot_before_the_last_is_not_enqueued,
            a_slot_whose_job_is_there_already_is_taken,
        ]);
    };
    (@tests $time:ident, $run:expr, $part:ident: [$($name:ident,)+]) => {
        mod $part {
            #[allow(unused_imports, reason = "what the expression needs is not known here")]
            use super::*;
            $(
                #[test]
                fn $name() {
                    $crate::__private::$time(async {
                        let test: $crate::JobTest =
                            |jobs| Box::pin($crate::job_conformance::$part::$name(jobs));
                        let run = $run;
                        run(test).await;
                    });
                }
            )+
        }
    };
}
