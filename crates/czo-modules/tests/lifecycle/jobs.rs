//! Events and jobs of modules.

use std::time::Duration;

use czo_core::{
    DeadLetterFilter, DeadLetters, EventBus, Job, JobAdmin, JobContext, JobFilter, JobHandler,
    JobName, SystemIds,
};
use czo_modules::{ModuleWork, RunModuleJob, TickModules};
use czo_testkit::TestDatabase;
use serde_json::json;

use crate::house::{House, hostile, owner, until};

fn context() -> JobContext {
    JobContext::for_test(JobName::from_static("modules.run"), &SystemIds)
}

fn job(name: &str, harm: &str) -> RunModuleJob {
    let data = json!({ "harm": harm, "target": "", "count": 0 }).to_string();
    RunModuleJob { module: hostile(), work: ModuleWork::Job { name: name.to_owned(), data } }
}

#[tokio::test]
async fn a_job_is_done_by_whichever_version_serves() {
    let database = TestDatabase::sqlite().await;
    let house = House::new(&database).await;
    let away = house.modules.run(job("harm", "none"), &context()).await.unwrap_err();
    assert!(away.is_retryable());
    house.serves().await;
    house.modules.run(job("harm", "none"), &context()).await.unwrap();
    assert!(house.modules.run(job("harm", "retry"), &context()).await.unwrap_err().is_retryable());
    let broken = house.modules.run(job("harm", "fail"), &context()).await.unwrap_err();
    assert!(!broken.is_retryable(), "{broken}");
    let unknown = house.modules.run(job("other", "none"), &context()).await.unwrap_err();
    assert!(!unknown.is_retryable());
}

#[tokio::test]
async fn events_reach_a_module_also_while_it_is_replaced() {
    let database = TestDatabase::sqlite().await;
    let house = House::new(&database).await;
    house.serves().await;
    for minor in 2..5 {
        for _ in 0..10 {
            house.publishes("none").await;
        }
        let package = house.package(&format!("0.{minor}.0"), |_, _| {});
        let nothing = czo_modules::Consent::Nothing;
        house.modules.update(&owner(), package, None, nothing).await.unwrap();
    }
    // All that were taken are handled, and none was given up.
    house.bus.shutdown(Duration::from_secs(30)).await.unwrap();
    assert!(house.bus.list(&DeadLetterFilter::default(), 10).await.unwrap().is_empty());
    let shown = house.modules.show(&owner(), &hostile()).await.unwrap();
    assert_eq!(shown.usage.iter().map(|it| it.failures).sum::<u64>(), 0);
}

#[tokio::test]
async fn an_event_is_a_job_where_the_manifest_says_so() {
    let database = TestDatabase::sqlite().await;
    let house = House::new(&database).await;
    let package = house.package("0.1.0", |manifest, _| {
        manifest["subscriptions"] = json!([{ "events": "hostile.harm.asked", "mode": "job" }]);
    });
    house.adds(package).await;
    house.publishes("none").await;
    let waiting = async || house.jobs.list(&JobFilter::default(), 10, None).await.unwrap();
    until("the job waits", async || waiting().await.len() == 1).await;
    assert_eq!(waiting().await[0].name, RunModuleJob::NAME);
}

#[tokio::test]
async fn each_time_of_a_schedule_is_enqueued_once() {
    let database = TestDatabase::sqlite().await;
    let house = House::new(&database).await;
    let package = house.package("0.1.0", |manifest, _| {
        manifest["jobs"] = json!([{ "name": "harm", "schedule": "* * * * *" }]);
    });
    house.adds(package).await;
    let tick = async || {
        house.modules.run(TickModules::default(), &context()).await.unwrap();
        house.jobs.list(&JobFilter::default(), 10, None).await.unwrap().len()
    };
    // The first look is when the schedule begins; nothing is owed for the time before.
    assert_eq!(tick().await, 0);
    house.clock.advance(Duration::from_secs(60));
    assert_eq!((tick().await, tick().await), (1, 1));
    // Of what was missed, the last one is made up for.
    house.clock.advance(Duration::from_secs(600));
    assert_eq!((tick().await, tick().await), (2, 2));
}
