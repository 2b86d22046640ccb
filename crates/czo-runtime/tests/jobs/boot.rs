//! What is refused before anything runs.

use czo_core::{JobName, NewJob, job_fn};
use czo_domain::{Domain, DomainContext, DomainError, DomainName, MigrationSet, Registration};
use czo_runtime::{Config, RuntimeError};

use crate::works::{Tick, program};

/// Does the job of another domain too.
struct Thief;

impl Domain for Thief {
    fn name(&self) -> DomainName {
        DomainName::new("thief")
    }

    fn migrations(&self) -> Option<MigrationSet> {
        None
    }

    fn register(&self, _: &DomainContext, domain: &mut Registration) -> Result<(), DomainError> {
        domain.job(job_fn(|_: Tick, _| async { Ok(()) }));
        Ok(())
    }
}

/// Has schedules of these names and patterns.
struct Calendar(Vec<(JobName, &'static str)>);

impl Domain for Calendar {
    fn name(&self) -> DomainName {
        DomainName::new("calendar")
    }

    fn migrations(&self) -> Option<MigrationSet> {
        None
    }

    fn register(&self, _: &DomainContext, domain: &mut Registration) -> Result<(), DomainError> {
        for (name, pattern) in &self.0 {
            domain.schedule(name.clone(), *pattern, NewJob::of(&Tick {}).unwrap());
        }
        Ok(())
    }
}

async fn refusal(domain: impl Domain + 'static) -> RuntimeError {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.data_dir = folder.path().to_owned();
    let czo = program(folder.path()).domain(domain).build().unwrap();
    czo.boot(&config, None).await.unwrap_err()
}

#[tokio::test]
async fn two_handlers_for_one_job_are_refused() {
    let error = refusal(Thief).await;
    assert!(matches!(&error, RuntimeError::DuplicateJob { name } if name.as_str() == "works.tick"));
}

#[tokio::test]
async fn two_schedules_of_one_name_are_refused() {
    let name = JobName::from_static("calendar.weekly");
    let twice = vec![(name.clone(), "0 4 * * 1"), (name, "0 4 * * 2")];
    let error = refusal(Calendar(twice)).await;
    assert!(matches!(error, RuntimeError::DuplicateSchedule { .. }), "{error}");
}

#[tokio::test]
async fn a_schedule_that_never_comes_up_is_refused_with_its_name() {
    let name = JobName::from_static("calendar.weekly");
    let error = refusal(Calendar(vec![(name, "0 4 31 2 *")])).await;
    let text = czo_core::describe(&error);
    assert!(text.contains("`calendar.weekly`") && text.contains("`0 4 31 2 *`"), "{text}");
}

#[tokio::test]
async fn a_redis_that_is_not_there_and_a_prefix_that_is_none_are_refused_with_their_keys() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = async |url: &str, prefix: &str| {
        let text =
            format!("[jobs]\nprovider = \"redis\"\nurl = \"{url}\"\nprefix = \"{prefix}\"\n");
        let path = folder.path().join("czo.toml");
        std::fs::write(&path, text).unwrap();
        let mut config = Config::load(Some(&path)).unwrap();
        config.data_dir = folder.path().to_owned();
        let czo = program(folder.path()).build().unwrap();
        czo_core::describe(&czo.boot(&config, None).await.unwrap_err())
    };
    // Nobody listens there.
    let error = refusal("redis://:s3cr3t@127.0.0.1:1", "shop").await;
    assert!(error.contains("`jobs.url`") && !error.contains("s3cr3t"), "{error}");
    let error = refusal("redis://127.0.0.1:6379", "a b").await;
    assert!(error.contains("`jobs.prefix`"), "{error}");
}
