//! `/api/jobs`, without a worker.

use czo_core::{JobId, JobQueue, JobQueueExt, NewJob};
use czo_http::axum::body::Body;
use czo_http::axum::http::{Method, Request};
use czo_runtime::{Application, Config};
use http_body_util::BodyExt;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::works::{Tick, Work, program};

/// A program that is up, and who may talk to it.
struct Site {
    application: Application,
    owner: String,
    /// May read and write jobs.
    operator: String,
    /// May do nothing.
    nobody: String,
    _folder: TempDir,
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("czo.toml");
        let roles =
            "[roles.operator]\npermissions = [\"job:*\"]\n[roles.nobody]\npermissions = []\n";
        std::fs::write(&path, roles).unwrap();
        let mut config = Config::load(Some(&path)).unwrap();
        config.data_dir = folder.path().to_owned();
        let application =
            program(folder.path()).build().unwrap().boot(&config, None).await.unwrap();
        let owner = application.first_token().unwrap().expose_secret().to_owned();
        let token = async |role| {
            let made = application.tokens().create("test", role, &application.roles()).await;
            made.unwrap().1.expose_secret().to_owned()
        };
        let (operator, nobody) = (token("operator").await, token("nobody").await);
        Self { application, owner, operator, nobody, _folder: folder }
    }

    async fn ask(&self, method: Method, path: &str, token: &str, body: &str) -> (u16, Value) {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let answer = self.application.router().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        self.ask(Method::GET, path, token, "").await
    }

    async fn post(&self, path: &str, token: &str) -> (u16, Value) {
        self.ask(Method::POST, path, token, "").await
    }

    /// Enqueues a work by order of whoever has the token.
    async fn enqueue(&self, token: &str) -> String {
        let work = serde_json::to_string(&Work::Succeed).unwrap();
        let (status, id) = self.ask(Method::POST, "/api/works", token, &work).await;
        assert_eq!(status, 200, "{id}");
        id.as_str().unwrap().to_owned()
    }
}

fn ids(page: &Value) -> Vec<&str> {
    page["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn jobs_are_listed_newest_first_by_state_and_name_and_in_pages() {
    let site = Site::new().await;
    let first = site.enqueue(&site.nobody).await;
    let second = site.enqueue(&site.nobody).await;
    let tick = NewJob::of(&Tick {}).unwrap();
    let third = site.application.context().jobs.enqueue_one(tick).await.unwrap().id;
    site.application.context().jobs.cancel(third).await.unwrap();
    let third = third.to_string();

    let (status, all) = site.get("/api/jobs", &site.operator).await;
    assert_eq!((status, ids(&all)), (200, vec![&*third, &second, &first]));
    assert_eq!(all["next"], Value::Null);
    let (_, cancelled) = site.get("/api/jobs?state=cancelled", &site.operator).await;
    assert_eq!(ids(&cancelled), [&third]);
    let (_, works) = site.get("/api/jobs?name=works.work&state=waiting", &site.operator).await;
    assert_eq!(ids(&works), [&second, &first]);

    let (_, page) = site.get("/api/jobs?limit=2", &site.operator).await;
    assert_eq!((ids(&page), &page["next"]), (vec![&*third, &second], &json!(second)));
    let next = format!("/api/jobs?limit=2&before={second}");
    let (_, page) = site.get(&next, &site.operator).await;
    assert_eq!((ids(&page), &page["next"]), (vec![&*first], &Value::Null));
}

#[tokio::test]
async fn whoever_enqueued_a_job_sees_it_without_its_payload_and_nothing_else() {
    let site = Site::new().await;
    let own = site.enqueue(&site.nobody).await;
    let others = site.enqueue(&site.owner).await;

    let (status, job) = site.get(&format!("/api/jobs/{own}"), &site.nobody).await;
    assert_eq!((status, &job["state"], &job["attempts"]), (200, &json!("waiting"), &json!(0)));
    assert!(job["enqueuedAt"].is_string() && job["enqueuedBy"].is_string(), "{job}");
    assert!(job.get("payload").is_none() && job.get("worker").is_none(), "{job}");
    let (_, job) = site.get(&format!("/api/jobs/{own}"), &site.operator).await;
    assert_eq!(job["payload"], "Succeed");

    // Another's job and one that is not there look alike.
    let unknown = JobId::from(uuid::Uuid::nil());
    let (status, another) = site.get(&format!("/api/jobs/{others}"), &site.nobody).await;
    assert_eq!(
        (status, &another["detail"]),
        (403, &json!("the token lacks the permission `job:read`"))
    );
    let (status, none) = site.get(&format!("/api/jobs/{unknown}"), &site.nobody).await;
    assert_eq!((status, &none["detail"]), (403, &another["detail"]));
    assert_eq!(site.get("/api/jobs", &site.nobody).await.0, 403);
    for change in ["cancel", "retry"] {
        assert_eq!(site.post(&format!("/api/jobs/{own}/{change}"), &site.nobody).await.0, 403);
    }
    let (status, _) = site.get(&format!("/api/jobs/{unknown}"), &site.operator).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_visitor_is_told_to_send_a_token() {
    let site = Site::new().await;
    let by_nobody = site.enqueue("").await;
    for path in ["/api/jobs", &format!("/api/jobs/{by_nobody}")] {
        let (status, problem) = site.get(path, "").await;
        assert_eq!((status, &problem["code"]), (401, &json!("UNAUTHENTICATED")), "{problem}");
    }
    assert_eq!(site.post(&format!("/api/jobs/{by_nobody}/cancel"), "").await.0, 401);
}

#[tokio::test]
async fn a_job_is_cancelled_and_retried_and_what_cannot_be_is_a_conflict() {
    let site = Site::new().await;
    let id = site.enqueue(&site.nobody).await;
    let (cancel, retry) = (format!("/api/jobs/{id}/cancel"), format!("/api/jobs/{id}/retry"));
    let (status, problem) = site.post(&retry, &site.operator).await;
    assert_eq!(status, 409);
    assert!(problem["detail"].to_string().contains("is waiting;"), "{problem}");
    // Twice is as good as once.
    for _ in 0..2 {
        let (status, job) = site.post(&cancel, &site.operator).await;
        assert_eq!((status, &job["state"]), (200, &json!("cancelled")));
    }
    let (status, job) = site.post(&retry, &site.operator).await;
    assert_eq!((status, &job["state"], &job["finishedAt"]), (200, &json!("waiting"), &Value::Null));
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused_with_what_is_wrong() {
    let site = Site::new().await;
    for (question, wrong) in [
        ("?state=asleep", "asleep"),
        ("?name=work", "is not a job name"),
        ("?limit=0", "1 to 200"),
        ("?limit=201", "1 to 200"),
        ("?limit=many", "limit"),
        ("?before=prod_1", "job_"),
        ("?colour=red", "colour"),
        ("/prod_1", "job_"),
    ] {
        let (status, problem) = site.get(&format!("/api/jobs{question}"), &site.operator).await;
        assert_eq!((status, &problem["code"]), (422, &json!("INVALID")), "{problem}");
        assert!(problem["detail"].to_string().contains(wrong), "{problem}");
    }
}

#[tokio::test]
async fn the_document_of_the_api_has_the_jobs() {
    let site = Site::new().await;
    let (_, document) = site.get("/api/openapi.json", "").await;
    for path in ["/api/jobs", "/api/jobs/{id}", "/api/jobs/{id}/cancel", "/api/jobs/{id}/retry"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    let parameters = document["paths"]["/api/jobs"]["get"]["parameters"].to_string();
    for name in ["state", "name", "limit", "before"] {
        assert!(parameters.contains(&format!("\"name\":\"{name}\"")), "{parameters}");
    }
}

#[tokio::test]
async fn the_report_of_health_counts_the_jobs() {
    let site = Site::new().await;
    site.enqueue(&site.nobody).await;
    let (_, report) = site.get("/api/_health/jobs", "").await;
    let jobs = &report["components"][0];
    assert_eq!(jobs["status"], "up");
    let detail = jobs["detail"].as_str().unwrap();
    assert!(detail.starts_with("waiting: 1, running: 0, due for "), "{detail}");
    assert!(detail.ends_with("no worker in this process"), "{detail}");
}
