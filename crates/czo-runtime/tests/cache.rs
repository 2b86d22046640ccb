//! `/api/cache`, and the cache in the report of health.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use czo_cache::{EntryOptions, Loaded};
use czo_http::axum::body::Body;
use czo_http::axum::http::{Method, Request};
use czo_runtime::{Application, Config, Czo};
use http_body_util::BodyExt;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

/// A program that is up, and who may talk to it.
struct Site {
    application: Application,
    /// May read the cache and make it forget.
    operator: String,
    /// May read the cache.
    reader: String,
    /// May do nothing.
    nobody: String,
    _folder: TempDir,
}

const ROLES: &str = "
[roles.operator]
permissions = [\"cache:*\"]
[roles.reader]
permissions = [\"cache:read\"]
[roles.nobody]
permissions = []
";

impl Site {
    async fn new() -> Self {
        Self::with("").await
    }

    /// One with this section of the configuration.
    async fn with(section: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("czo.toml");
        std::fs::write(&path, format!("{section}{ROLES}")).unwrap();
        let mut config = Config::load(Some(&path)).unwrap();
        config.data_dir = folder.path().to_owned();
        let application = Czo::builder().build().unwrap().boot(&config, None).await.unwrap();
        let token = async |role| {
            let made = application.tokens().create("test", role, &application.roles()).await;
            made.unwrap().1.expose_secret().to_owned()
        };
        let (operator, reader, nobody) =
            (token("operator").await, token("reader").await, token("nobody").await);
        Self { application, operator, reader, nobody, _folder: folder }
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

    async fn forget(&self, what: Value) -> (u16, Value) {
        let path = "/api/cache/invalidate";
        self.ask(Method::POST, path, &self.operator, &what.to_string()).await
    }

    /// Caches `k1` and `k2`, with the tag `t`, in `product/lists`.
    async fn fill(&self) {
        let cache = self.application.context().cache.namespace("product").unwrap();
        let lists = cache.namespace("lists").unwrap();
        let minute = EntryOptions::ttl(Duration::from_secs(60)).tag("t");
        for key in ["k1", "k2"] {
            lists.put(key, Loaded::found(vec![key.to_owned()]).version(4), &minute).await;
        }
    }

    /// Whether `k1` and `k2` are cached.
    async fn has(&self) -> [bool; 2] {
        let mut has = [false; 2];
        for (has, key) in has.iter_mut().zip(["k1", "k2"]) {
            let path = format!("/api/cache/entry?namespace=product/lists&key={key}");
            *has = self.get(&path).await.0 == 200;
        }
        has
    }
}

#[tokio::test]
async fn the_cache_says_what_is_in_it_and_how_often_that_was_wanted() {
    let site = Site::new().await;
    site.fill().await;
    let lists = site.application.context().cache.namespace("product").unwrap();
    let lists = lists.namespace("lists").unwrap();
    for key in ["k1", "k1", "k2", "k3"] {
        lists.get::<Vec<String>>(key).await;
    }
    let (status, stats) = site.get("/api/cache").await;
    assert_eq!(status, 200);
    assert_eq!((&stats["provider"], &stats["linked"]), (&json!("memory"), &Value::Null));
    assert_eq!((&stats["entries"], &stats["loading"]), (&json!(2), &json!(0)));
    assert!(stats["bytes"].as_u64().unwrap() > 0, "{stats}");
    assert_eq!(stats["hitShare"], 0.75);
    let memory = json!({ "hits": 3, "stale": 0, "misses": 1, "errors": 0 });
    let loads = json!({ "hits": 0, "stale": 0, "misses": 0, "errors": 0 });
    assert_eq!(stats["tiers"], json!({ "memory": memory, "redis": null, "loads": loads }));
}

#[tokio::test]
async fn an_entry_is_shown_with_all_that_is_known_of_it() {
    let site = Site::new().await;
    site.fill().await;
    let (status, entry) = site.get("/api/cache/entry?namespace=product/lists&key=k1").await;
    assert_eq!(status, 200, "{entry}");
    assert_eq!((&entry["value"], &entry["content"]), (&json!(["k1"]), &json!("value")));
    assert_eq!((&entry["key"], &entry["namespace"]), (&json!("k1"), &json!("product/lists")));
    assert_eq!((&entry["version"], &entry["tags"]), (&json!(4), &json!(["t"])));
    assert_eq!(entry["foundIn"], "memory");
    let seconds = |name: &str| entry[name].as_f64().unwrap();
    assert!(seconds("ageSeconds") < 2.0 && seconds("freshForSeconds") <= 2.0, "{entry}");
    assert!(seconds("keptForSeconds") >= seconds("servedForSeconds"), "{entry}");
}

#[tokio::test]
async fn where_nothing_is_cached_nothing_is_found_and_the_key_is_named() {
    let site = Site::new().await;
    for (path, named) in [
        ("/api/cache/entry?key=k1", "for key `k1`"),
        ("/api/cache/entry?namespace=a/b&key=k1", "for key `k1` of namespace `a/b`"),
    ] {
        let (status, problem) = site.get(path).await;
        assert_eq!((status, &problem["code"]), (404, &json!("NOT_FOUND")));
        assert!(problem["detail"].as_str().unwrap().ends_with(named), "{problem}");
    }
}

#[tokio::test]
async fn a_key_a_pattern_a_tag_and_everything_are_forgotten_and_said_to_be() {
    let site = Site::new().await;
    let lists = "product/lists";
    for (what, has) in [
        (json!({ "key": "k1", "namespace": lists }), [false, true]),
        (json!({ "key": "k1" }), [true, true]),
        (json!({ "pattern": "?2", "namespace": lists }), [true, false]),
        (json!({ "tag": "t" }), [false, false]),
        (json!({ "everything": true, "namespace": "product" }), [false, false]),
        (json!({ "everything": true, "namespace": "order" }), [true, true]),
        (json!({ "everything": true }), [false, false]),
    ] {
        site.fill().await;
        assert_eq!(site.has().await, [true, true]);
        let (status, mut done) = site.forget(what.clone()).await;
        assert_eq!((status, &done["told"]), (200, &Value::Null), "{done}");
        done.as_object_mut().unwrap().remove("told");
        assert_eq!(done, what);
        assert_eq!(site.has().await, has, "{what}");
    }
}

#[tokio::test]
async fn who_may_not_is_told_so() {
    let site = Site::new().await;
    let (stats, entry) = ("/api/cache", "/api/cache/entry?key=k");
    let invalidate = "/api/cache/invalidate";
    let all = "{\"everything\":true}";
    for (method, path, body) in
        [(Method::GET, stats, ""), (Method::GET, entry, ""), (Method::POST, invalidate, all)]
    {
        let (status, problem) = site.ask(method.clone(), path, "", body).await;
        assert_eq!((status, &problem["code"]), (401, &json!("UNAUTHENTICATED")), "{problem}");
        let (status, problem) = site.ask(method, path, &site.nobody, body).await;
        assert_eq!((status, &problem["code"]), (403, &json!("FORBIDDEN")), "{problem}");
    }
    site.fill().await;
    let (status, problem) = site.ask(Method::POST, invalidate, &site.reader, all).await;
    let lacks = json!("the token lacks the permission `cache:write`");
    assert_eq!((status, &problem["detail"]), (403, &lacks));
    assert_eq!(site.has().await, [true, true]);
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused_with_what_is_wrong() {
    let site = Site::new().await;
    for (path, wrong) in [
        ("/api/cache/entry", "key"),
        ("/api/cache/entry?namespace=a", "key"),
        ("/api/cache/entry?key=k&colour=red", "colour"),
        ("/api/cache/entry?key=k&namespace=a//b", "1 to 100 letters"),
        ("/api/cache/entry?key=k&namespace=a%20b", "`a b`"),
    ] {
        let (status, problem) = site.get(path).await;
        assert_eq!((status, &problem["code"]), (422, &json!("INVALID")), "{problem}");
        assert!(problem["detail"].to_string().contains(wrong), "{problem}");
    }
    site.fill().await;
    for (what, wrong) in [
        (json!({}), "exactly one of"),
        (json!({ "key": "k1", "tag": "t" }), "exactly one of"),
        (json!({ "tag": "t", "namespace": "product" }), "leave `namespace` out"),
        (json!({ "everything": true, "namespace": "pro|duct" }), "`pro|duct`"),
        (json!({ "keys": ["k1"] }), "unknown field `keys`"),
        (json!({ "everything": "yes" }), "expected a boolean"),
    ] {
        let (status, problem) = site.forget(what).await;
        assert_eq!((status, &problem["code"]), (422, &json!("INVALID")), "{problem}");
        assert!(problem["detail"].to_string().contains(wrong), "{problem}");
    }
    let path = "/api/cache/invalidate";
    let (status, problem) = site.ask(Method::POST, path, &site.operator, "{").await;
    assert_eq!((status, &problem["code"]), (400, &json!("INVALID")), "{problem}");
    assert_eq!(site.has().await, [true, true]);
}

#[tokio::test]
async fn the_document_of_the_api_has_the_cache() {
    let site = Site::new().await;
    let (_, document) = site.get("/api/openapi.json").await;
    for (path, method) in
        [("/api/cache", "get"), ("/api/cache/entry", "get"), ("/api/cache/invalidate", "post")]
    {
        let operation = &document["paths"][path][method];
        assert!(operation["security"][0]["bearer"].is_array(), "{path}: {operation}");
        assert_eq!(operation["tags"], json!(["cache"]));
    }
    let body = &document["paths"]["/api/cache/invalidate"]["post"]["requestBody"];
    assert!(body["content"]["application/json"].is_object(), "{body}");
}

#[tokio::test]
async fn the_report_of_health_says_what_the_cache_has_or_that_it_is_off() {
    let site = Site::new().await;
    let detail = async |site: &Site| {
        let (_, report) = site.get("/api/_health/cache").await;
        let cache = &report["components"][0];
        assert_eq!((&cache["name"], &cache["status"]), (&json!("cache"), &json!("up")));
        cache["detail"].as_str().unwrap().to_owned()
    };
    let empty = "entries: 0, bytes: 0, hits: none asked for";
    assert_eq!(detail(&site).await, empty);
    site.fill().await;
    assert!(detail(&site).await.starts_with("entries: 2, bytes: "));

    let off = Site::with("[cache]\nprovider = \"none\"\n").await;
    off.fill().await;
    assert_eq!(detail(&off).await, "off");
    assert_eq!(off.has().await, [false, false]);
    let (_, stats) = off.get("/api/cache").await;
    assert_eq!((&stats["provider"], &stats["entries"]), (&json!("none"), &json!(0)));
}
