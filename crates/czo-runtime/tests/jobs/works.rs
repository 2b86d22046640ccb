//! A domain whose jobs do what they are told, and leave traces in the folder they run in.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    HandlerError, Job, JobContext, JobHandler, JobName, JobQueueExt, NewJob, RetryPolicy, job_fn,
};
use czo_domain::{
    Domain, DomainContext, DomainError, DomainJobs, DomainName, MigrationSet, Registration,
};
use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::post;
use czo_http::axum::extract::State;
use czo_http::{Ctx, Problem};
use czo_runtime::{Czo, CzoBuilder};
use serde::{Deserialize, Serialize};

/// What is to be done.
#[derive(Serialize, Deserialize)]
pub(crate) enum Work {
    /// Nothing.
    Succeed,
    /// Fails for good, until there is a file `mended`.
    Refuse,
    /// Is halfway, and waits for a file `go`.
    Await,
}

impl Job for Work {
    const NAME: JobName = JobName::from_static("works.work");

    fn retry() -> RetryPolicy {
        RetryPolicy::after([Duration::from_millis(1); 3])
    }
}

/// Comes up every second, where the folder has a file `ticking`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Tick {}

impl Job for Tick {
    const NAME: JobName = JobName::from_static("works.tick");
}

pub(crate) struct Works(pub(crate) PathBuf);

#[derive(Clone)]
struct Worker(PathBuf);

#[async_trait]
impl JobHandler<Work> for Worker {
    async fn run(&self, work: Work, ctx: &JobContext) -> Result<(), HandlerError> {
        let mut begun =
            std::fs::File::options().create(true).append(true).open(self.0.join("begun")).unwrap();
        writeln!(begun, "{} {}", std::process::id(), ctx.id()).unwrap();
        match work {
            Work::Succeed => Ok(()),
            Work::Refuse if self.0.join("mended").exists() => Ok(()),
            Work::Refuse => Err(HandlerError::permanent("it makes no sense")),
            Work::Await => {
                ctx.progress(1, 2);
                while !self.0.join("go").exists() {
                    if ctx.is_cancelled() {
                        return Err(HandlerError::retryable("interrupted"));
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                ctx.progress(2, 2);
                Ok(())
            }
        }
    }
}

impl Domain for Works {
    fn name(&self) -> DomainName {
        DomainName::new("works")
    }

    fn migrations(&self) -> Option<MigrationSet> {
        None
    }

    fn register(
        &self,
        context: &DomainContext,
        domain: &mut Registration,
    ) -> Result<(), DomainError> {
        domain.job(Worker(self.0.clone()));
        domain.job(job_fn(|_: Tick, _| async { Ok(()) }));
        if self.0.join("ticking").exists() {
            domain.schedule(Tick::NAME, "* * * * * *", NewJob::of(&Tick {}).unwrap());
        }
        let routes = ApiRouter::new().api_route("/api/works", post(enqueue));
        domain.routes(routes.with_state(context.jobs.clone()));
        Ok(())
    }
}

/// Enqueues the work that the body says, and answers with its id.
async fn enqueue(
    State(jobs): State<DomainJobs>,
    Ctx(ctx): Ctx,
    work: String,
) -> Result<String, Problem> {
    let work: Work = serde_json::from_str(&work).unwrap();
    jobs.run_later(&work, &ctx).await.map(|id| id.to_string()).map_err(Problem::of)
}

/// A program with this domain.
pub(crate) fn program(folder: impl Into<PathBuf>) -> CzoBuilder {
    Czo::builder().domain(Works(folder.into()))
}
