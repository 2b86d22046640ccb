//! `czo cache`, and the cache of servers that share a database.

use std::sync::Arc;
use std::time::Duration;

use czo_cache::{Cache, CacheOptions, EntryOptions, Loaded, RedisStore, RedisUrl, SharedOptions};
use serde_json::{Value, json};

use crate::support::{Server, Site, eventually, on_each_database};

/// Nobody listens there.
const NOWHERE: &str = "redis://shop:s3cr3t-of-redis@127.0.0.1:1";

fn redis_url() -> String {
    std::env::var("CZO_TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned())
}

/// The site with a cache in Redis and memory, under a prefix of its own.
fn shared(site: Site) -> (Site, String) {
    let prefix = format!("e2e-{}", uuid::Uuid::new_v4().simple());
    let site = site
        .with("CZO_CACHE__PROVIDER", "memory_and_redis")
        .with("CZO_CACHE__URL", &redis_url())
        .with("CZO_CACHE__PREFIX", &prefix)
        // Whatever the machine does meanwhile: it is not what is tested.
        .with("CZO_CACHE__TIMEOUT_MILLISECONDS", "1000")
        .with("CZO_CACHE__STALENESS_MILLISECONDS", "4000");
    (site, prefix)
}

/// Another process with the same cache, as far as that can see.
async fn process(prefix: &str) -> Cache {
    let url: RedisUrl = redis_url().parse().expect("CZO_TEST_REDIS_URL is a redis:// URL");
    let store = RedisStore::new(url).timeout(Duration::from_secs(1));
    let store = store.prefix(prefix).expect("letters and digits");
    let bound = SharedOptions::default().staleness_bound(Duration::from_secs(4));
    let cache = Cache::shared(&CacheOptions::default(), bound, Arc::new(store));
    eventually("Redis answers", async || cache.is_linked().then_some(())).await;
    cache
}

/// Caches `first` and `second` under `k1` and `k2` in `greeting/short`.
async fn fill(cache: &Cache) -> Cache {
    let part = cache.namespace("greeting").expect("a name").namespace("short").expect("a name");
    let minutes = EntryOptions::ttl(Duration::from_secs(600)).tag("all-greetings");
    for (key, value) in [("k1", "first"), ("k2", "second")] {
        part.put(key, Loaded::found(value.to_owned()).version(7), &minutes).await;
    }
    part
}

async fn health(server: &Server) -> Value {
    let report = server.visitor().get("/api/_health/cache").await;
    let report: Value = report.json().await.expect("a report");
    report["components"][0].clone()
}

async fn until_linked(server: &Server) {
    eventually("the cache is linked", async || {
        (health(server).await["status"] == "up").then_some(())
    })
    .await;
}

async fn title(server: &Server, owner: &str, handle: &str) -> String {
    let product = server.visitor().with_token(owner).product(handle).await;
    product["title"].as_str().unwrap_or_default().to_owned()
}

on_each_database! {
    async fn the_command_line_asks_the_server_that_runs_on_the_folder(site: Site) {
        let server = site.start().await;
        server.visitor().product("brass-bell").await;
        let stats = site.czo(&["cache", "stats", "--json"]).await.succeeded().json();
        assert_eq!((&stats["provider"], &stats["linked"]), (&json!("memory"), &Value::Null));
        assert!(stats["entries"].is_u64() && stats["tiers"]["memory"]["hits"].is_u64(), "{stats}");
        let text = site.czo(&["cache", "stats"]).await.succeeded().stdout;
        assert!(text.starts_with("provider  memory\nentries "), "{text}");
        assert!(text.contains("\nTIER "), "{text}");

        let none = site.czo(&["cache", "get", "k", "--namespace", "a/b"]).await;
        let nothing = "nothing is cached for key `k` of namespace `a/b`";
        assert_eq!(none.refusal(), nothing);
        let key = ["cache", "invalidate", "--key", "k", "--namespace", "a/b"];
        let done = site.czo(&key).await.succeeded().stdout;
        assert_eq!(done, "forgotten: key `k` of namespace `a/b`\n");
        let done = site.czo(&["cache", "invalidate", "--tag", "t"]).await.succeeded().stdout;
        assert_eq!(done, "forgotten: what has the tag `t`\n");

        let unsure = site.czo(&["cache", "clear"]).await;
        assert!(unsure.refusal().contains("`--yes`"), "{}", unsure.stderr);
        let done = site.czo(&["cache", "clear", "--yes"]).await.succeeded().stdout;
        assert_eq!(done, "forgotten: everything\n");
        let stats = site.czo(&["cache", "stats", "--json"]).await.succeeded().json();
        assert_eq!(stats["entries"], 0, "{stats}");
    }
}

#[tokio::test]
async fn what_another_process_has_cached_the_server_shows_and_forgets() {
    let (site, prefix) = shared(Site::sqlite());
    let server = site.start().await;
    until_linked(&server).await;
    let part = fill(&process(&prefix).await).await;
    let get = |key| ["cache", "get", key, "--namespace", "greeting/short", "--json"];
    let entry = site.czo(&get("k1")).await.succeeded().json();
    assert_eq!((&entry["value"], &entry["foundIn"]), (&json!("first"), &json!("redis")));
    assert_eq!((&entry["version"], &entry["tags"]), (&json!(7), &json!(["all-greetings"])));
    let text = site.czo(&get("k1")[..5]).await.succeeded().stdout;
    assert!(text.contains("found in  Redis\n") && text.contains("value     \"first\"\n"), "{text}");

    let pattern = ["cache", "invalidate", "--pattern", "?1", "--namespace", "greeting/short"];
    site.czo(&pattern).await.succeeded();
    site.czo(&get("k1")).await.refusal();
    site.czo(&get("k2")).await.succeeded();
    eventually("the other process forgets it too", async || {
        part.get::<String>("k1").await.is_none().then_some(())
    })
    .await;
    site.czo(&["cache", "invalidate", "--tag", "all-greetings"]).await.succeeded();
    site.czo(&get("k2")).await.refusal();
    eventually("and the rest", async || part.get::<String>("k2").await.is_none().then_some(()))
        .await;
}

#[tokio::test]
async fn without_a_server_the_command_line_goes_to_redis_itself() {
    let (site, prefix) = shared(Site::sqlite());
    let part = fill(&process(&prefix).await).await;
    let get = ["cache", "get", "k2", "--namespace", "greeting/short", "--json"];
    let entry = site.czo(&get).await.succeeded().json();
    assert_eq!((&entry["value"], &entry["ageSeconds"]), (&json!("second"), &Value::Null));
    let key = ["cache", "invalidate", "--key", "k1", "--namespace", "greeting/short"];
    site.czo(&key).await.succeeded();
    eventually("the key is forgotten", async || {
        part.get::<String>("k1").await.is_none().then_some(())
    })
    .await;
    assert!(part.has::<String>("k2").await);
    site.czo(&["cache", "clear", "--yes", "--namespace", "greeting"]).await.succeeded();
    site.czo(&get).await.refusal();
    eventually("the namespace is forgotten", async || {
        part.get::<String>("k2").await.is_none().then_some(())
    })
    .await;
    let stats = site.czo(&["cache", "stats"]).await.succeeded();
    assert!(stats.stdout.starts_with("provider  memory_and_redis, linked\n"), "{}", stats.stdout);
    assert!(stats.stderr.contains("no server runs on this data folder"), "{}", stats.stderr);
}

#[tokio::test]
async fn without_a_server_a_cache_in_memory_is_nowhere_and_one_that_is_off_has_nothing() {
    let site = Site::sqlite();
    for command in [&["cache", "stats"][..], &["cache", "get", "k"], &["cache", "clear", "--yes"]] {
        let refused = site.czo(command).await;
        let refusal = refused.refusal();
        assert!(refusal.contains("in the memory of the server"), "{refusal}");
        assert!(refusal.contains("none runs on this data folder"), "{refusal}");
    }
    let site = site.with("CZO_CACHE__PROVIDER", "none");
    let stats = site.czo(&["cache", "stats"]).await.succeeded().stdout;
    assert!(stats.starts_with("provider  none, the cache is off\n"), "{stats}");
    assert!(site.czo(&["cache", "get", "k"]).await.refusal().contains("nothing is cached"));
    site.czo(&["cache", "clear", "--yes"]).await.succeeded();
}

#[tokio::test]
async fn what_is_to_be_forgotten_has_to_be_said() {
    let site = Site::sqlite();
    for (arguments, wanted) in [
        (&["cache", "invalidate"][..], "--pattern"),
        (&["cache", "invalidate", "--key", "k", "--tag", "t"], "--tag"),
        (&["cache", "invalidate", "--tag", "t", "--namespace", "a"], "--namespace"),
        (&["cache", "get"], "<KEY>"),
    ] {
        let refused = site.czo(arguments).await;
        assert_eq!(refused.status, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains(wanted), "{}", refused.stderr);
    }
}

#[tokio::test]
async fn a_named_server_wants_a_token_that_may() {
    const ROLES: &str = "[roles.watcher]\npermissions = [\"cache:read\"]\n";
    let site = Site::sqlite();
    site.write("czo.toml", ROLES);
    let server = site.start().await;
    let token = ["tokens", "create", "--name", "test", "--role", "watcher"];
    let token = site.czo(&token).await.succeeded().stdout.trim().to_owned();

    let elsewhere = Site::sqlite();
    let stats = ["cache", "stats", "--server", server.url()];
    assert!(elsewhere.czo(&stats).await.refusal().contains("CZO_TOKEN"));
    let elsewhere = elsewhere.with("CZO_TOKEN", &token);
    elsewhere.czo(&stats).await.succeeded();
    let clear = elsewhere.czo(&["cache", "clear", "--yes", "--server", server.url()]).await;
    assert_eq!(clear.refusal(), "the token lacks the permission `cache:write`");
    for path in ["/api/cache", "/api/cache/entry?key=k"] {
        assert_eq!(server.visitor().get(path).await.status(), 401);
    }
    let body = "{\"everything\":true}";
    assert_eq!(server.visitor().post("/api/cache/invalidate", body).await.status(), 401);
}

#[tokio::test]
async fn without_its_redis_the_server_is_degraded_and_serves_all_the_same() {
    let site = Site::sqlite()
        .with("CZO_CACHE__PROVIDER", "memory_and_redis")
        .with("CZO_CACHE__URL", NOWHERE);
    let server = site.start().await;
    let owner = server.owner();
    assert_eq!(server.visitor().count().await, 11);
    owner.create(json!({})).await;
    assert_eq!(owner.product("blotter").await["title"], "Blotter");
    let cache = health(&server).await;
    assert_eq!(cache["status"], "degraded", "{cache}");
    let detail = cache["detail"].as_str().expect("a detail");
    assert!(detail.contains("by itself") && detail.contains("2000 ms"), "{detail}");
    assert_eq!(server.visitor().get("/api/_health").await.status(), 200);

    let done = site.czo(&["cache", "clear", "--yes"]).await.succeeded();
    assert!(done.stderr.contains("as soon as it does"), "{}", done.stderr);
    let stats = site.czo(&["cache", "stats", "--json"]).await.succeeded().json();
    assert_eq!(stats["linked"], false, "{stats}");
}

#[tokio::test]
async fn the_password_of_redis_is_shown_nowhere() {
    let site = Site::sqlite()
        .with("CZO_CACHE__PROVIDER", "memory_and_redis")
        .with("CZO_CACHE__URL", NOWHERE)
        .with("CZO_LOG__FILTER", "debug");
    let mut written = Vec::new();
    let refused = site.czo(&["cache", "stats"]).await;
    let refusal = refused.refusal();
    assert!(refusal.contains("`cache.url`") && refusal.contains("127.0.0.1:1"), "{refusal}");
    let shown = site.czo(&["config", "show"]).await.succeeded();
    assert!(shown.stdout.contains("redis://127.0.0.1:1"), "{}", shown.stdout);
    let server = site.start().await;
    written.push(health(&server).await.to_string());
    for path in ["/api/cache", "/api/_metrics"] {
        written.push(server.owner().get(path).await.text().await.expect("an answer"));
    }
    let stats = site.czo(&["cache", "stats"]).await.succeeded();
    let ended = server.stop().await;
    for finished in [refused, shown, stats, ended] {
        written.extend([finished.stdout, finished.stderr]);
    }
    for written in written {
        assert!(!written.contains("s3cr3t-of-redis"), "{written}");
    }
}

#[tokio::test]
async fn the_metrics_of_the_cache_are_on_the_page_of_the_server() {
    let site = Site::sqlite();
    let server = site.start().await;
    server.visitor().count().await;
    let metrics = server.owner().get("/api/_metrics").await.text().await.unwrap();
    for tier in ["memory", "redis", "load"] {
        let named = |line: &&str| {
            line.starts_with("czo_cache_requests_total{")
                && line.contains(&format!("tier=\"{tier}\""))
                && line.contains("outcome=\"hit\"")
        };
        assert!(metrics.lines().any(|line| named(&line)), "{tier}: {metrics}");
    }
}

#[tokio::test]
async fn what_one_server_changes_the_other_shows() {
    let (first, _) = shared(Site::postgres().await);
    let second = first.neighbour();
    let (one, two) = (first.start().await, second.start().await);
    let owner = first.owner_token();
    for server in [&one, &two] {
        until_linked(server).await;
    }
    let made = one.visitor().with_token(&owner).create(json!({})).await;
    let id = made["product"]["id"].as_str().expect("an id").to_owned();
    for (writer, reader, new) in [(&one, &two, "Red Blotter"), (&two, &one, "Blue Blotter")] {
        // Both have it in their memory now, if products are kept there.
        for server in [&one, &two] {
            assert!(title(server, &owner, "blotter").await.ends_with("Blotter"));
        }
        let change = json!({ "id": id, "title": new });
        writer.visitor().with_token(&owner).update(change).await;
        assert_eq!(title(writer, &owner, "blotter").await, new, "the writer sees it at once");
        eventually("the other server shows it", async || {
            (title(reader, &owner, "blotter").await == new).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn what_a_command_changes_the_servers_show() {
    let (first, _) = shared(Site::postgres().await);
    let server = first.start().await;
    until_linked(&server).await;
    let owner = first.owner_token();
    server.visitor().with_token(&owner).create(json!({})).await;
    assert_eq!(title(&server, &owner, "blotter").await, "Blotter");
    // No server runs on that folder, so the command writes to the database itself.
    let second = first.neighbour();
    second.write("shop.csv", "Handle,Title,Variant Price\nblotter,Green Blotter,3.50\n");
    second.czo(&["import", "products", "shop.csv"]).await.succeeded();
    eventually("the server shows it", async || {
        (title(&server, &owner, "blotter").await == "Green Blotter").then_some(())
    })
    .await;
}
