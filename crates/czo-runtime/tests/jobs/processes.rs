//! Servers and workers as processes of their own, on one database.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::process::{Place, eventually};

/// The id in the path of a job.
fn id_of(job: &str) -> &str {
    job.strip_prefix("/api/jobs/").unwrap()
}

#[tokio::test]
async fn progress_is_visible_while_a_job_runs_and_a_cancelled_one_ends() {
    let place = Place::new();
    let server = place.start("serve").await;
    let finished = server.enqueue("Await").await;
    let cancelled = server.enqueue("Await").await;
    for job in [&finished, &cancelled] {
        eventually("it is halfway", async || {
            (server.get(job).await["progress"] == json!({ "done": 1, "total": 2 })).then_some(())
        })
        .await;
    }
    let told = server.post(&format!("{cancelled}/cancel")).await;
    assert_eq!((&told["state"], &told["isCancelling"]), (&json!("running"), &json!(true)));
    let told = server.until(&cancelled, "cancelled").await;
    assert_eq!(told["isCancelling"], false);
    let shown = place.run(&format!("jobs show {}", id_of(&cancelled))).await;
    assert!(shown.contains("state     cancelled\n"), "{shown}");
    assert_eq!(server.get(&finished).await["state"], "running");
    place.leave("go");
    let job = server.until(&finished, "succeeded").await;
    assert_eq!(job["progress"], json!({ "done": 2, "total": 2 }));
}

#[tokio::test]
async fn a_dead_job_is_shown_and_retried_from_the_command_line() {
    let place = Place::new();
    let server = place.start("serve").await;
    let job = server.enqueue("Refuse").await;
    let dead = server.until(&job, "dead").await;
    assert!(dead["reason"].as_str().unwrap().contains("it makes no sense"), "{dead}");
    let health = server.get("/api/_health/jobs").await;
    assert_eq!(health["components"][0]["status"], "degraded", "{health}");

    let id = id_of(&job);
    let listed = place.jobs("--state dead").await;
    assert_eq!((listed.len(), listed[0]["id"].as_str()), (1, Some(id)));
    let shown = place.run(&format!("jobs show {id}")).await;
    assert!(shown.contains("state     dead") && shown.contains("it makes no sense"), "{shown}");
    place.leave("mended");
    let retried = place.run("jobs retry --all --name works.work").await;
    assert!(retried.contains("1 job on the way again"), "{retried}");
    server.until(&job, "succeeded").await;
}

#[tokio::test]
async fn a_worker_alone_does_what_a_server_without_one_has_enqueued() {
    let place = Place::new().with("CZO_JOBS__WORKER", "false");
    let server = place.start("serve").await;
    let job = server.enqueue("Succeed").await;
    let health = server.get("/api/_health/jobs").await.to_string();
    assert!(health.contains("no worker in this process"), "{health}");
    let mut worker = place.start("worker --concurrency 3").await;
    assert!(worker.output().contains("3 at once"), "{}", worker.output());
    assert!(
        worker.output().contains("runtime.purge_jobs, runtime.sweep_apps, works.tick, works.work")
    );
    server.until(&job, "succeeded").await;
    assert_eq!(place.begun(), [worker.id()]);
    worker.signal("TERM");
    assert_eq!(worker.end().await, Some(0), "{}", worker.output());
}

#[tokio::test]
async fn a_worker_for_some_jobs_leaves_the_others() {
    let place = Place::new().with("CZO_JOBS__WORKER", "false");
    let server = place.start("serve").await;
    let others = server.enqueue("Succeed").await;
    let _ticks = place.start("worker --jobs works.tick").await;
    let works = place.start("worker --jobs works.work").await;
    server.until(&others, "succeeded").await;
    assert_eq!(place.begun(), [works.id()]);
}

#[tokio::test]
async fn a_job_whose_worker_is_killed_in_the_middle_runs_to_its_end_elsewhere() {
    let place = Place::new().with("CZO_JOBS__WORKER", "false").with("CZO_JOBS__LEASE_SECONDS", "1");
    let server = place.start("serve").await;
    let job = server.enqueue("Await").await;
    let mut killed = place.start("worker").await;
    let (first, _) = (killed.id(), server.until(&job, "running").await);
    eventually("it was begun", async || (place.begun() == [first]).then_some(())).await;
    killed.signal("KILL");
    killed.end().await;
    let other = place.start("worker").await;
    place.leave("go");
    let done = server.until(&job, "succeeded").await;
    assert_eq!(done["attempts"], 2);
    assert_eq!(place.begun(), [first, other.id()]);
}

#[tokio::test]
async fn a_server_that_ends_lets_its_jobs_finish_and_takes_no_more() {
    let place = Place::new().with("CZO_JOBS__CONCURRENCY", "1");
    let mut server = place.start("serve").await;
    let first = server.enqueue("Await").await;
    server.until(&first, "running").await;
    server.enqueue("Succeed").await;
    server.signal("TERM");
    let told = "waiting for 1 job, at most 20 s";
    eventually("it ends", async || server.output().contains(told).then_some(())).await;
    place.leave("go");
    assert_eq!(server.end().await, Some(0), "{}", server.output());
    let jobs = place.jobs("--name works.work").await;
    assert_eq!((&jobs[0]["state"], &jobs[0]["attempts"]), (&json!("waiting"), &json!(0)));
    assert_eq!(jobs[1]["state"], "succeeded");
}

#[tokio::test]
async fn a_job_that_outlasts_the_end_waits_again_and_has_lost_no_attempt() {
    let place = Place::new().with("CZO_SERVER__DRAIN_SECONDS", "1");
    let mut server = place.start("serve").await;
    let job = server.enqueue("Await").await;
    server.until(&job, "running").await;
    server.signal("TERM");
    assert_eq!(server.end().await, Some(0), "{}", server.output());
    let job = &place.jobs("--name works.work").await[0];
    assert_eq!((&job["state"], &job["attempts"]), (&json!("waiting"), &json!(0)), "{job}");
}

#[tokio::test]
async fn of_two_processes_with_one_schedule_one_enqueues_each_slot() {
    const SLOTS: usize = 5;
    let place = Place::new();
    place.leave("ticking");
    let _server = place.start("serve").await;
    let worker = place.start("worker").await;
    assert!(
        worker
            .output()
            .contains("runtime.purge_jobs, runtime.sweep_apps, modules.tick, works.tick\n"),
        "{}",
        worker.output()
    );
    let jobs = eventually("some slots came up", async || {
        let jobs = place.jobs("--name works.tick").await;
        (jobs.len() >= SLOTS).then_some(jobs)
    })
    .await;
    let time =
        |at: usize| -> DateTime<Utc> { jobs[at]["enqueuedAt"].as_str().unwrap().parse().unwrap() };
    // One of a second; the first may have been late.
    let seconds = (time(0) - time(jobs.len() - 1)).num_seconds();
    assert!(jobs.len() <= usize::try_from(seconds).unwrap() + 2, "{} in {seconds} s", jobs.len());
}
