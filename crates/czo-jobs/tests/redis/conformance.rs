//! It does what every job queue must.

use czo_testkit::{JobTest, JobsUnderTest, job_queue_conformance};

use crate::support::TestQueue;

job_queue_conformance!(real_time, async |test: JobTest| {
    let queue = TestQueue::new().await;
    test(JobsUnderTest::of(queue.jobs.clone())).await;
});
