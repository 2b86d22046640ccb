//! What is particular to a server on PostgreSQL.

use serde_json::json;

use crate::support::{PostgresDatabase, Server, Site};

async fn fresh() -> Site {
    Site::on(PostgresDatabase::create().await)
}

#[tokio::test]
async fn without_migrations_it_refuses_and_names_the_command() {
    let site = fresh().await;
    let finished = site.czo(&["serve"]).await;
    let sentence = finished.refusal();
    assert!(sentence.contains("`czo migrate up`"), "{sentence}");
    assert!(
        sentence.contains("runtime, outbox, jobs, apps, webhooks, modules, catalog"),
        "{sentence}"
    );
    assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
}

#[tokio::test]
async fn with_some_migrations_missing_it_refuses_and_says_whose() {
    let site = fresh().await;
    site.czo(&["migrate", "up", "--owner", "runtime"]).await.succeeded();
    let finished = site.czo(&["serve"]).await;
    let sentence = finished.refusal();
    assert!(
        sentence.contains("12 migrations of outbox, jobs, apps, webhooks, modules, catalog"),
        "{sentence}"
    );
    assert!(!sentence.contains("runtime"), "{sentence}");
}

#[tokio::test]
async fn after_the_migrations_it_serves_without_a_demo_shop() {
    let site = fresh().await;
    site.czo(&["migrate", "up"]).await.succeeded();
    let server = site.start().await;
    assert_eq!(server.visitor().get("/api/_health").await.status(), 200);
    let shops = site.czo(&["shops", "list", "--json"]).await.succeeded().json();
    assert_eq!(shops, json!([]));
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_named() {
    let site = fresh().await;
    let url = site.database().url().replace("/czo_e2e_", "/czo_nobody_");
    let site = site.with("CZO_DATABASE__URL", &url);
    let finished = site.czo(&["serve"]).await;
    let sentence = finished.refusal();
    assert!(sentence.contains("does not exist") && sentence.contains("/czo_nobody_"), "{sentence}");
}

#[tokio::test]
async fn the_password_is_shown_nowhere() {
    let site = fresh().await;
    let (url, password) = site.database().url_with_password();
    let site = site.with("CZO_DATABASE__URL", &url).with("CZO_LOG__FILTER", "debug");
    let refused = site.czo(&["serve"]).await;
    assert!(!refused.refusal().contains(&password));
    let migrated = site.czo(&["migrate", "up"]).await.succeeded();
    let shown = site.czo(&["config", "show"]).await.succeeded();
    assert!(shown.stdout.contains("postgres://"), "{}", shown.stdout);
    let server = site.start().await;
    let health = server.visitor().get("/api/_health").await.text().await.unwrap();
    assert!(health.contains("\"database\""), "{health}");
    let finished = server.stop().await;
    for written in [
        &refused.stderr,
        &migrated.stdout,
        &migrated.stderr,
        &shown.stdout,
        &health,
        &finished.stdout,
        &finished.stderr,
    ] {
        assert!(!written.contains(&password), "{written}");
    }
}

#[tokio::test]
async fn two_servers_that_start_at_once_make_one_owner_token() {
    let first = fresh().await;
    first.czo(&["migrate", "up"]).await.succeeded();
    let second = first.neighbour();
    let (one, two) = (first.spawn(&[]), second.spawn(&[]));
    let one = Server::ready(one, first.path(".czo")).await;
    let two = Server::ready(two, second.path(".czo")).await;

    let printed = [&one, &two].map(Server::printed_token);
    assert_eq!(printed.iter().flatten().count(), 1, "{printed:?}");
    assert_eq!([&first, &second].map(Site::kept_token), printed);
    let tokens = first.czo(&["tokens", "list", "--json"]).await.succeeded().json();
    assert_eq!(tokens.as_array().map(Vec::len), Some(1), "{tokens}");

    let owner = printed.into_iter().flatten().next().unwrap();
    for server in [&one, &two] {
        let client = server.visitor().with_token(&owner);
        assert_eq!(client.get("/api/_metrics").await.status(), 200);
    }
}

#[tokio::test]
async fn two_servers_that_start_at_once_set_up_one_demo_shop() {
    let first = fresh().await.with("CZO_DEMO", "true");
    first.czo(&["migrate", "up"]).await.succeeded();
    let second = first.neighbour();
    let (one, two) = (first.spawn(&[]), second.spawn(&[]));
    let _one = Server::ready(one, first.path(".czo")).await;
    let _two = Server::ready(two, second.path(".czo")).await;
    let shops = first.czo(&["shops", "list", "--json"]).await.succeeded().json();
    assert_eq!(shops.as_array().map(Vec::len), Some(1), "{shops}");
}

#[tokio::test]
async fn what_one_server_writes_the_other_serves_and_a_revoked_token_is_refused_by_both() {
    let first = Site::postgres().await;
    let one = first.start().await;
    let second = first.neighbour();
    let two = second.start().await;
    let owner = first.owner_token();
    let [here, there] = [&one, &two].map(|server| server.visitor().with_token(&owner));
    here.create(json!({})).await;
    assert_eq!(there.product("blotter").await["title"], "Blotter");

    let tokens = second.czo(&["tokens", "list", "--json"]).await.succeeded().json();
    let id = tokens[0]["id"].as_str().unwrap().to_owned();
    second.czo(&["tokens", "revoke", &id]).await.succeeded();
    for client in [here, there] {
        assert_eq!(client.get("/api/catalog/export").await.status(), 401);
    }
}

#[tokio::test]
async fn after_the_owner_was_revoked_no_new_owner_is_made() {
    let site = Site::postgres().await;
    let tokens = site.czo(&["tokens", "list", "--json"]).await.succeeded().json();
    let id = tokens[0]["id"].as_str().unwrap().to_owned();
    site.czo(&["tokens", "revoke", &id]).await.succeeded();
    let server = site.start().await;
    assert_eq!(server.printed_token(), None);
    let tokens = site.czo(&["tokens", "list", "--json"]).await.succeeded().json();
    let ids: Vec<_> = tokens.as_array().unwrap().iter().map(|token| &token["id"]).collect();
    assert_eq!(ids, [&json!(id)]);
}
