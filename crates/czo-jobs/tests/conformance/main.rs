//! The queues of this crate do what every job queue must.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use czo_jobs::{MemoryJobs, SqlJobs};
use czo_migrations::Migrator;
use czo_testkit::{JobTest, JobsUnderTest, TestDatabase, job_queue_conformance};

async fn on(database: TestDatabase, test: JobTest) {
    let run = async move |database: TestDatabase| {
        Migrator::new(vec![czo_migrations::jobs()]).up(&database).await.unwrap();
        test(JobsUnderTest::of(SqlJobs::new(database.database()))).await;
    };
    database.run(run).await;
}

mod memory {
    use super::*;

    job_queue_conformance!(virtual_time, async |test: JobTest| {
        test(JobsUnderTest::of(MemoryJobs::new())).await;
    });
}

mod sqlite {
    use super::*;

    job_queue_conformance!(real_time, async |test: JobTest| {
        on(TestDatabase::sqlite().await, test).await;
    });
}

mod postgres {
    use super::*;

    job_queue_conformance!(real_time, async |test: JobTest| {
        on(TestDatabase::postgres().await, test).await;
    });
}
