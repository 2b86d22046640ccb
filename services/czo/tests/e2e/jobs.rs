//! `czo worker` and `czo jobs`, with the one job that every program has.

use czo_core::{JobName, JobQueueExt, NewJob, RetryPolicy};
use czo_jobs::SqlJobs;
use serde_json::{Value, json};

use crate::support::{Server, Site, eventually, on_each_database};

/// Enqueues a job of the runtime: one that can be done, or one that can't be read.
async fn enqueue(site: &Site, payload: &str) -> String {
    let name = JobName::from_static("runtime.purge_jobs");
    let jobs = SqlJobs::new(site.open_database().await);
    let job = NewJob::raw(name, payload.to_owned(), RetryPolicy::after([]));
    jobs.enqueue_one(job).await.expect("a job").id.to_string()
}

async fn job(server: &Server, id: &str) -> Value {
    let answer = server.owner().get(&format!("/api/jobs/{id}")).await;
    assert_eq!(answer.status(), 200);
    answer.json().await.expect("a job")
}

async fn until(server: &Server, id: &str, state: &str) {
    eventually(&format!("{id} is {state}"), async || {
        (job(server, id).await["state"] == state).then_some(())
    })
    .await;
}

async fn list(site: &Site, which: &[&str]) -> Vec<Value> {
    let listed = site.czo(&[&["jobs", "list", "--json"], which].concat()).await.succeeded().json();
    listed.as_array().expect("a list").clone()
}

on_each_database! {
    async fn a_worker_does_what_a_server_without_one_leaves(site: Site) {
        let site = site.with("CZO_JOBS__WORKER", "false");
        let server = site.start().await;
        let id = enqueue(&site, "{}").await;
        assert_eq!(job(&server, &id).await["state"], "waiting");
        let worker = site.spawn(&["worker"]);
        until(&server, &id, "succeeded").await;
        let output = worker.stdout();
        assert!(output.contains("Jobs         ") && output.contains("runtime.purge_jobs"), "{output}");
        worker.signal("TERM");
        worker.finish().await.succeeded();
    }

    async fn a_dead_job_is_shown_retried_cancelled_and_purged_from_the_command_line(site: Site) {
        let server = site.start().await;
        let id = enqueue(&site, "7").await;
        until(&server, &id, "dead").await;
        let report = server.visitor().get("/api/_health/jobs").await.text().await.expect("a report");
        assert!(report.contains("degraded") && report.contains("dead: 1"), "{report}");
        // Nobody does anything from here on.
        server.stop().await.succeeded();

        assert_eq!(list(&site, &["--state", "dead"]).await[0]["id"], *id);
        let shown = site.czo(&["jobs", "show", &id]).await.succeeded().stdout;
        assert!(shown.contains("state     dead") && shown.contains("payload   7"), "{shown}");
        let table = site.czo(&["jobs", "list", "--limit", "1"]).await.succeeded().stdout;
        assert!(table.starts_with("JOB ") && table.contains(&id), "{table}");

        let retried = site.czo(&["jobs", "retry", &id]).await.succeeded().stdout;
        assert_eq!(retried, format!("{id} waits again\n"));
        let again = site.czo(&["jobs", "retry", &id]).await;
        assert!(again.refusal().contains("is waiting"), "{}", again.stderr);
        let cancelled = site.czo(&["jobs", "cancel", &id]).await.succeeded().stdout;
        assert_eq!(cancelled, format!("{id} is cancelled\n"));

        let kept = site.czo(&["jobs", "purge", "--older-than", "1h"]).await.succeeded().stdout;
        assert_eq!(kept, "0 jobs deleted\n");
        let unsure = site.czo(&["jobs", "purge", "--state", "cancelled"]).await;
        assert!(unsure.refusal().contains("`--yes`"), "{}", unsure.stderr);
        let purged = site.czo(&["jobs", "purge", "--state", "cancelled", "--yes"]).await;
        assert_eq!(purged.succeeded().stdout, "1 job deleted\n");
        let gone = site.czo(&["jobs", "show", &id]).await;
        assert!(gone.refusal().contains("there is no job"), "{}", gone.stderr);
    }
}

#[tokio::test]
async fn jobs_in_memory_are_left_to_their_server() {
    let site = Site::sqlite().with("CZO_DEMO", "false").with("CZO_JOBS__PROVIDER", "memory");
    for command in [&["jobs", "list"][..], &["worker"]] {
        let refused = site.czo(command).await;
        assert!(refused.refusal().contains("`jobs.provider` is `memory`"), "{}", refused.stderr);
    }
    // What is of a schedule, or of a unit of work, is in the database all the same.
    let server = site.start().await;
    let id = enqueue(&site, "{}").await;
    until(&server, &id, "succeeded").await;
}

#[tokio::test]
async fn what_was_not_named_or_is_unknown_is_refused_and_nothing_done() {
    let site = Site::sqlite().with("CZO_DEMO", "false");
    let finished = site.czo(&["jobs", "retry"]).await;
    assert_eq!(finished.status, Some(2), "{}", finished.stderr);
    assert!(finished.stderr.contains("--all"), "{}", finished.stderr);
    let unknown = site.czo(&["worker", "--jobs", "runtime.purge_jobs,shop.paint"]).await;
    let refusal = unknown.refusal();
    assert!(
        refusal.contains("`shop.paint`") && refusal.contains("runtime.purge_jobs"),
        "{refusal}"
    );
    assert_eq!(list(&site, &[]).await, [json!(null); 0]);
    assert_eq!(site.czo(&["jobs", "list"]).await.succeeded().stdout, "no jobs\n");
    let lost = site.czo(&["jobs", "list", "--state", "lost"]).await;
    assert!(lost.stderr.contains("waiting, running, succeeded"), "{}", lost.stderr);
}
