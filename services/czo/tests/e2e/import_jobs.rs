//! Imports that are done by a job, while nobody waits.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::import::STATIONERY;
use crate::support::{Client, Server, Site, eventually};

async fn start(site: Site) -> (Server, Site) {
    let site = site.with_an_empty_shop().await;
    let server = site.start().await;
    (server, site)
}

/// Looks until the import has ended.
async fn ended(client: &Client, location: &str) -> Value {
    let look = async {
        loop {
            let import: Value = client.get(location).await.json().await.expect("an import");
            if !["waiting", "running"].contains(&import["state"].as_str().expect("a state")) {
                return import;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), look).await.expect("an end of the import")
}

async fn is_answered_at_once_and_done_by_a_job(site: Site) {
    let (server, site) = start(site).await;
    let owner = server.owner();
    let request = owner.request(Method::POST, "/api/catalog/import").body(STATIONERY);
    let answer = request.header("Prefer", "respond-async, wait=5").send().await.expect("an answer");
    assert_eq!(answer.status(), 202);
    assert_eq!(answer.headers()["preference-applied"], "respond-async");
    let location = answer.headers()["location"].to_str().expect("a path").to_owned();
    let accepted: Value = answer.json().await.expect("an import");
    assert_eq!(accepted["state"], "waiting");
    assert_eq!(
        location,
        format!("/api/catalog/imports/{}", accepted["id"].as_str().expect("an id"))
    );

    let done = ended(&owner, &location).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["report"]["created"], json!({ "products": 4, "rows": 8 }));

    let visitor = server.visitor();
    assert_eq!(visitor.get(&location).await.status(), 401);
    let unknown = owner.get("/api/catalog/imports/imp_01m808cb0aeha9r8v9jr2se7aw").await;
    assert_eq!(unknown.status(), 404);
    assert_eq!(owner.get("/api/catalog/imports/other").await.status(), 404);
    drop(site);
}

#[tokio::test]
async fn an_import_is_answered_at_once_and_done_by_a_job_on_sqlite() {
    is_answered_at_once_and_done_by_a_job(Site::sqlite()).await;
}

#[tokio::test]
async fn an_import_is_answered_at_once_and_done_by_a_job_on_postgres() {
    is_answered_at_once_and_done_by_a_job(Site::postgres().await).await;
}

#[tokio::test]
async fn a_wrong_file_fails_its_import_and_leaves_the_server_well() {
    let (server, _site) = start(Site::sqlite()).await;
    let owner = server.owner();
    for (file, content_type) in [("Foo,Bar\n1,2", "text/csv"), ("{}", "application/json")] {
        let request = || {
            let request = owner.request(Method::POST, "/api/catalog/import").body(file);
            request.header("Content-Type", content_type)
        };
        let at_once = request().send().await.expect("an answer");
        assert_eq!(at_once.status(), 422);
        let refused: Value = at_once.json().await.expect("a problem");
        let later = request().header("Prefer", "respond-async").send().await.expect("an answer");
        assert_eq!(later.status(), 202);
        let accepted: Value = later.json().await.expect("an import");
        let location = format!("/api/catalog/imports/{}", accepted["id"].as_str().expect("an id"));
        let failed = ended(&owner, &location).await;
        assert_eq!((&failed["state"], &failed["reason"]), (&json!("failed"), &refused["detail"]));
        let job = format!("/api/jobs/{}", accepted["jobId"].as_str().expect("an id"));
        eventually("its job has succeeded", async || {
            let job: Value = owner.get(&job).await.json().await.expect("a job");
            (job["state"] == "succeeded").then_some(())
        })
        .await;
    }
    let report: Value = owner.get("/api/_health/jobs").await.json().await.expect("a report");
    assert_eq!(report["components"][0]["status"], "up", "{report}");
}

#[tokio::test]
async fn the_command_line_hands_a_file_over_and_goes() {
    let (server, site) = start(Site::sqlite()).await;
    let path = site.write("products.csv", STATIONERY);
    let path = path.to_str().expect("a path in UTF-8");
    let handed = site.czo(&["import", "products", path, "--background", "--json"]).await;
    let import = handed.json();
    let location = format!("/api/catalog/imports/{}", import["id"].as_str().expect("an id"));
    assert_eq!(ended(&server.owner(), &location).await["state"], "done");

    let handed = site.czo(&["import", "products", path, "--background"]).await.succeeded();
    let address = handed.stdout.trim_end();
    let location = address.strip_prefix(server.url()).expect("the address of the server");
    assert_eq!(ended(&server.owner(), location).await["state"], "done");
}

#[tokio::test]
async fn nothing_is_imported_in_the_background_without_a_server() {
    let site = Site::sqlite().with_an_empty_shop().await;
    let path = site.write("products.csv", STATIONERY);
    let path = path.to_str().expect("a path in UTF-8");
    let refused = site.czo(&["import", "products", path, "--background"]).await;
    assert_eq!(refused.status, Some(1));
    assert!(refused.stderr.contains("czo serve"), "{}", refused.stderr);
}
