//! `/api/dead-letters`, and `/api/events/parity` of a server with one bus.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use czo_core::{
    DeadLetterFilter, DomainEvent, Event, EventCatalogue, EventFactory, EventId, HandlerError,
    RequestContext, SubscribeOptions, SystemClock, SystemIds, handler_fn,
};
use czo_domain::{Domain, DomainContext, DomainError, DomainName, MigrationSet, Registration};
use czo_http::axum::body::Body;
use czo_http::axum::http::{Method, Request};
use czo_runtime::{Application, Config, Czo};
use http_body_util::BodyExt;
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

/// A note was taken.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("notes.item.taken", version = 1)]
struct Taken {
    text: String,
}

/// A note was burnt.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("notes.item.burnt", version = 1)]
struct Burnt {
    text: String,
}

/// Publishes notes, and has two readers who give up what they don't like.
#[derive(Clone, Default)]
struct Notes {
    /// The groups that like everything by now.
    content: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl Domain for Notes {
    fn name(&self) -> DomainName {
        DomainName::new("notes")
    }

    fn migrations(&self) -> Option<MigrationSet> {
        None
    }

    fn events(&self, catalogue: &mut EventCatalogue) -> Result<(), czo_core::CatalogueError> {
        catalogue.add::<Taken>("notes")?;
        catalogue.add::<Burnt>("notes")
    }

    fn register(&self, _: &DomainContext, domain: &mut Registration) -> Result<(), DomainError> {
        for (group, dislikes) in [("notes.reader", "ugly"), ("notes.critic", "")] {
            let content = self.content.clone();
            let handler = handler_fn(move |event: Arc<DomainEvent>| {
                let text = event.data["text"].as_str().unwrap_or_default();
                let is_liked = content.lock().unwrap().contains(group) || !text.contains(dislikes);
                let reason = format!("{group} does not like `{text}`");
                async move { is_liked.then_some(()).ok_or_else(|| HandlerError::permanent(reason)) }
            });
            domain.subscribe("notes.#", group, handler, SubscribeOptions::default())?;
        }
        Ok(())
    }
}

/// A program that is up, and who may talk to it.
struct Site {
    application: Application,
    notes: Notes,
    /// May see dead letters and do something about them.
    operator: String,
    /// May see dead letters, and how events go.
    reader: String,
    /// May do nothing.
    nobody: String,
    _folder: TempDir,
}

const ROLES: &str = "
[roles.operator]
permissions = [\"dead_letter:*\"]
[roles.reader]
permissions = [\"dead_letter:read\", \"event:read\"]
[roles.nobody]
permissions = []
";

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("czo.toml");
        std::fs::write(&path, ROLES).unwrap();
        let mut config = Config::load(Some(&path)).unwrap();
        config.data_dir = folder.path().to_owned();
        let notes = Notes::default();
        let czo = Czo::builder().domain(notes.clone()).build().unwrap();
        let application = czo.boot(&config, None).await.unwrap();
        let token = async |role| {
            let made = application.tokens().create("test", role, &application.roles()).await;
            made.unwrap().1.expose_secret().to_owned()
        };
        let (operator, reader, nobody) =
            (token("operator").await, token("reader").await, token("nobody").await);
        Self { application, notes, operator, reader, nobody, _folder: folder }
    }

    async fn ask(&self, method: Method, path: &str, token: &str, body: &str) -> (u16, Value) {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let request = request.header("Content-Type", "application/json");
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let answer = self.application.router().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.ask(Method::GET, path, &self.reader, "").await
    }

    async fn order(&self, what: &str, body: Value) -> (u16, Value) {
        let path = format!("/api/dead-letters/{what}");
        self.ask(Method::POST, &path, &self.operator, &body.to_string()).await
    }

    async fn publish(&self, payload: &impl Event) -> EventId {
        let factory = EventFactory::new("notes", Arc::new(SystemClock), Arc::new(SystemIds));
        let event = factory.event(&RequestContext::system(&SystemIds), payload).unwrap();
        let id = event.id;
        self.application.bus().publish(event).await.unwrap();
        id
    }

    async fn until_given_up(&self, number: usize) {
        let all = DeadLetterFilter::all();
        let looking = async {
            while self.application.dead_letters().list(&all, 100).await.unwrap().len() != number {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), looking).await.unwrap();
    }

    /// Two events, of which the critic gave up both and the reader the second.
    async fn with_three() -> (Self, EventId, EventId) {
        let site = Self::new().await;
        let first = site.publish(&Taken { text: "fine".to_owned() }).await;
        site.until_given_up(1).await;
        let second = site.publish(&Burnt { text: "ugly".to_owned() }).await;
        site.until_given_up(3).await;
        (site, first, second)
    }
}

/// The events and groups of letters.
fn whose(page: &Value) -> BTreeSet<(String, String)> {
    let letters = page.as_array().or_else(|| page["deadLetters"].as_array()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    letters.iter().map(|letter| (text(&letter["eventId"]), text(&letter["group"]))).collect()
}

#[tokio::test]
async fn dead_letters_are_listed_oldest_first_by_what_is_true_of_them() {
    let (site, first, second) = Site::with_three().await;
    let (first, second) = (first.to_string(), second.to_string());
    let (status, page) = site.get("/api/dead-letters").await;
    assert_eq!((status, &page["hasMore"]), (200, &json!(false)), "{page}");
    let letter = &page["deadLetters"][0];
    assert_eq!((&letter["eventId"], &letter["group"]), (&json!(first), &json!("notes.critic")));
    assert_eq!((&letter["type"], &letter["attempts"]), (&json!("notes.item.taken"), &json!(1)));
    assert_eq!(letter["reason"], "notes.critic does not like `fine`");
    assert_eq!(letter["firstFailure"], json!({ "at": letter["at"], "reason": letter["reason"] }));
    assert_eq!(letter["event"]["data"], json!({ "text": "fine" }));
    assert_eq!(letter["unreadable"], Value::Null);

    let critic = |id: &String| (id.clone(), "notes.critic".to_owned());
    let reader = |id: &String| (id.clone(), "notes.reader".to_owned());
    let both = vec![critic(&second), reader(&second)];
    for (question, expected) in [
        ("group=notes.critic".to_owned(), vec![critic(&first), critic(&second)]),
        ("type=notes.*.burnt".to_owned(), both.clone()),
        ("error=reader%20does".to_owned(), vec![reader(&second)]),
        (format!("event={second}"), both.clone()),
        (format!("event={second}&group=notes.reader"), vec![reader(&second)]),
        ("type=product.%23".to_owned(), vec![]),
    ] {
        let (status, page) = site.get(&format!("/api/dead-letters?{question}")).await;
        assert_eq!((status, whose(&page)), (200, expected.into_iter().collect()), "{question}");
    }
    let (_, page) = site.get("/api/dead-letters?limit=1").await;
    assert_eq!((whose(&page).len(), &page["hasMore"]), (1, &json!(true)));

    let (status, letters) = site.get(&format!("/api/dead-letters/{second}")).await;
    assert_eq!((status, whose(&letters)), (200, both.into_iter().collect()));
}

#[tokio::test]
async fn dead_letters_are_counted_by_group_and_type() {
    let (site, ..) = Site::with_three().await;
    let (status, summary) = site.get("/api/dead-letters/summary?group=notes.critic").await;
    assert_eq!((status, &summary["total"], &summary["hasMore"]), (200, &json!(2), &json!(false)));
    let types = summary["groups"].as_array().unwrap().iter().map(|row| &row["type"]);
    assert_eq!(types.collect::<Vec<_>>(), ["notes.item.burnt", "notes.item.taken"]);
    let (_, summary) = site.get("/api/dead-letters/summary?limit=1").await;
    assert_eq!((&summary["total"], &summary["hasMore"]), (&json!(1), &json!(true)));
}

#[tokio::test]
async fn dead_letters_are_handed_to_their_groups_again() {
    let (site, first, second) = Site::with_three().await;
    site.notes.content.lock().unwrap().insert("notes.critic");
    let oldest = json!({ "group": "notes.critic", "limit": 1 });
    assert_eq!(site.order("redrive", oldest).await, (200, json!({ "redriven": 1 })));
    site.until_given_up(2).await;
    let (status, _) = site.get(&format!("/api/dead-letters/{first}")).await;
    assert_eq!(status, 404);

    // The reader has not changed its mind, and gives it up again.
    let body = json!({ "event": second.to_string() });
    assert_eq!(site.order("redrive", body).await, (200, json!({ "redriven": 2 })));
    site.until_given_up(1).await;
    let (_, page) = site.get("/api/dead-letters").await;
    assert_eq!(page["deadLetters"][0]["group"], "notes.reader");
    assert_eq!(page["deadLetters"][0]["attempts"], 1, "as if it had not been tried");
}

#[tokio::test]
async fn dead_letters_are_thrown_away() {
    let (site, ..) = Site::with_three().await;
    let reason = json!({ "error": "`ugly`" });
    assert_eq!(site.order("purge", reason).await, (200, json!({ "purged": 2 })));
    assert_eq!(site.order("purge", json!({ "all": true })).await, (200, json!({ "purged": 1 })));
    let (_, page) = site.get("/api/dead-letters").await;
    assert_eq!(page, json!({ "deadLetters": [], "hasMore": false }));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_what_was_expected() {
    let site = Site::new().await;
    for (question, why) in [
        ("?limit=0", "limit: expected 1 to 1000"),
        ("?limit=1001", "limit: expected 1 to 1000"),
        ("?group=Notes", "is not a group name"),
        ("?groups=notes.reader", "unknown field `groups`"),
        ("?error=", "expected a text"),
        ("/summary?limit=10001", "limit: expected 1 to 10000"),
        ("/evt_1", "evt_"),
    ] {
        let (status, problem) = site.get(&format!("/api/dead-letters{question}")).await;
        assert_eq!((status, &problem["code"]), (422, &json!("INVALID")), "{question}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(why), "{question}: {problem}");
    }
    for (what, body, why) in [
        ("redrive", json!({}), "say which"),
        ("redrive", json!({ "all": true, "limit": 1_001 }), "limit: expected 1 to 1000"),
        ("redrive", json!({ "all": true, "group": "notes.reader" }), "`all` is all of them"),
        ("redrive", json!({ "everything": true }), "unknown field `everything`"),
        ("purge", json!({}), "say which"),
        ("purge", json!({ "all": true, "limit": 1 }), "a purge has no limit"),
    ] {
        let (status, problem) = site.order(what, body.clone()).await;
        assert_eq!((status, &problem["code"]), (422, &json!("INVALID")), "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(why), "{body}: {problem}");
    }
    let unknown = EventId::from(uuid::Uuid::nil());
    let (status, problem) = site.get(&format!("/api/dead-letters/{unknown}")).await;
    assert_eq!((status, &problem["code"]), (404, &json!("NOT_FOUND")));
    assert!(problem["detail"].as_str().unwrap().contains("no dead letter of event"), "{problem}");
}

#[tokio::test]
async fn who_may_not_sees_and_does_nothing() {
    let site = Site::new().await;
    let unknown = EventId::from(uuid::Uuid::nil());
    let of_event = format!("/api/dead-letters/{unknown}");
    for path in ["/api/dead-letters", "/api/dead-letters/summary", &of_event, "/api/events/parity"]
    {
        assert_eq!(site.ask(Method::GET, path, "", "").await.0, 401, "{path}");
        assert_eq!(site.ask(Method::GET, path, &site.nobody, "").await.0, 403, "{path}");
    }
    for path in ["/api/dead-letters/redrive", "/api/dead-letters/purge"] {
        for (token, status) in [("", 401), (&*site.nobody, 403), (&*site.reader, 403)] {
            let asked = site.ask(Method::POST, path, token, "{\"all\":true}").await;
            assert_eq!(asked.0, status, "{path}");
        }
    }
}

#[tokio::test]
async fn the_document_of_the_api_has_the_dead_letters() {
    let site = Site::new().await;
    let (_, document) = site.get("/api/openapi.json").await;
    for (path, method) in [
        ("/api/dead-letters", "get"),
        ("/api/dead-letters/summary", "get"),
        ("/api/dead-letters/{event}", "get"),
        ("/api/dead-letters/redrive", "post"),
        ("/api/dead-letters/purge", "post"),
    ] {
        let operation = &document["paths"][path][method];
        assert!(operation["security"][0]["bearer"].is_array(), "{path}: {operation}");
        let description = operation["description"].as_str().unwrap();
        assert!(description.contains("`dead_letter:"), "{path}: {description}");
    }
    let parameters = document["paths"]["/api/dead-letters"]["get"]["parameters"].as_array();
    let names: Vec<_> = parameters.unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["error", "event", "group", "limit", "type"]);
}

#[tokio::test]
async fn a_server_with_one_bus_has_no_parity_and_says_how_it_would() {
    let site = Site::new().await;
    assert!(site.application.parity().is_none());
    let (status, problem) = site.get("/api/events/parity?least=10").await;
    assert_eq!((status, &problem["code"]), (404, &json!("NOT_FOUND")));
    assert!(problem["detail"].as_str().unwrap().contains("`event_bus.dual_write`"), "{problem}");
    let (status, problem) = site.get("/api/events/parity?least=-1").await;
    assert_eq!((status, &problem["code"]), (422, &json!("INVALID")));
}
