//! `czo dlq`, and `czo events parity`.

use std::collections::BTreeSet;

use sea_orm::ConnectionTrait;
use serde_json::Value;

use crate::support::{Server, Site, eventually, on_each_database};

const FILE: &str = "Handle,Title,Variant Price,Status\na,A,1,draft\nb,B,1,draft\n";

/// A server that was left two events which break their schema, and gave up both in both groups.
async fn given_up(site: Site) -> (Site, Server) {
    let site = site.with("CZO_DEMO", "false");
    let shop = site.open_shop("Paper & Ink").await;
    site.write("shop.csv", FILE);
    site.czo(&["import", "products", "shop.csv", "--shop", &shop]).await.succeeded();
    let database = site.open_database().await;
    let damage = r#"UPDATE outbox_event SET event = REPLACE(event, '"productId"', '"produktId"')"#;
    database.execute_unprepared(damage).await.expect("an update");
    database.close().await.expect("nobody uses it");
    let server = site.start().await;
    until(&site, &[], 4).await;
    (site, server)
}

async fn list(site: &Site, which: &[&str]) -> Vec<Value> {
    let listed = site.czo(&[&["dlq", "list", "--json"], which].concat()).await.succeeded().json();
    listed.as_array().expect("a list").clone()
}

/// Waits until there are so many like this.
async fn until(site: &Site, which: &[&str], number: usize) -> Vec<Value> {
    eventually(&format!("{number} dead letters"), async || {
        let letters = list(site, which).await;
        (letters.len() == number).then_some(letters)
    })
    .await
}

fn groups(letters: &[Value]) -> BTreeSet<&str> {
    letters.iter().map(|letter| letter["group"].as_str().expect("a group")).collect()
}

on_each_database! {
    async fn dead_letters_are_shown_handed_over_again_and_purged_by_dlq(site: Site) {
        let (site, _server) = given_up(site).await;
        let letters = list(&site, &[]).await;
        assert_eq!(groups(&letters), BTreeSet::from(["catalog.cache", "runtime.journal"]));
        let id = letters[0]["eventId"].as_str().expect("an id");
        let table = site.czo(&["dlq", "list", "--limit", "1"]).await.succeeded();
        let lines: Vec<_> = table.stdout.lines().collect();
        assert_eq!(lines.len(), 2, "{}", table.stdout);
        assert!(lines[0].starts_with("EVENT "), "{}", table.stdout);
        assert!(lines[1].starts_with(id) && lines[1].contains("breaks the schema"), "{}", lines[1]);
        assert!(table.stderr.contains("… and 3 more; --limit shows more"), "{}", table.stderr);
        let shown = site.czo(&["dlq", "show", id]).await.succeeded().stdout;
        for expected in ["group     catalog.cache\n", "group     runtime.journal\n", "\"produktId\""]
        {
            assert!(shown.contains(expected), "{shown}");
        }
        let shown = site.czo(&["dlq", "show", id, "--json"]).await.succeeded().json();
        assert_eq!(shown.as_array().map(Vec::len), Some(2), "{shown}");

        let cache = ["--group", "catalog.cache"];
        let redrive = |more: &'static [&str]| [&["dlq", "redrive"], &cache[..], more].concat();
        let dry = site.czo(&redrive(&["--dry-run"])).await.succeeded().stdout;
        assert!(dry.starts_with("GROUP ") && !dry.contains("runtime.journal"), "{dry}");
        assert!(dry.ends_with("2 dead letters would be handed to their groups again\n"), "{dry}");
        assert_eq!(list(&site, &[]).await, letters, "nothing has changed");
        let done = site.czo(&redrive(&["--rate", "20"])).await.succeeded();
        assert_eq!(done.stdout, "2 dead letters handed to their groups again\n");
        assert!(done.stderr.contains("handing over 2 dead letters"), "{}", done.stderr);
        // They are as broken as before.
        for letter in until(&site, &cache, 2).await {
            assert!(!letters.contains(&letter), "{letter}");
        }

        let unsure = site.czo(&["dlq", "purge", "--all"]).await;
        assert!(unsure.refusal().contains("`--yes`"), "{}", unsure.stderr);
        let purge = ["dlq", "purge", "--event", id, "--error", "breaks the schema", "--yes"];
        let done = site.czo(&purge).await.succeeded().stdout;
        assert_eq!(done, "2 dead letters thrown away\n");
        let gone = site.czo(&["dlq", "show", id]).await;
        assert!(gone.refusal().contains("there is no dead letter of event"), "{}", gone.stderr);
        let done = site.czo(&["dlq", "purge", "--all", "--yes"]).await.succeeded().stdout;
        assert_eq!(done, "2 dead letters thrown away\n");
        let none = site.czo(&["dlq", "list"]).await.succeeded().stdout;
        assert_eq!(none, "no dead letters\n");
    }
}

#[tokio::test]
async fn dlq_does_nothing_to_what_is_not_there() {
    let site = Site::sqlite();
    let _server = site.start().await;
    for command in ["redrive", "purge"] {
        let refused = site.czo(&["dlq", command, "--group", "catalog.cache"]).await;
        assert!(refused.refusal().contains("no such dead letter"), "{}", refused.stderr);
    }
    let done = site.czo(&["dlq", "redrive", "--all"]).await.succeeded().stdout;
    assert_eq!(done, "0 dead letters handed to their groups again\n");
    let done = site.czo(&["dlq", "purge", "--all"]).await.succeeded().stdout;
    assert_eq!(done, "0 dead letters thrown away\n");
}

#[tokio::test]
async fn without_a_server_dlq_says_where_dead_letters_are() {
    let site = Site::sqlite();
    for command in [&["dlq", "list"][..], &["dlq", "redrive", "--all"]] {
        let refused = site.czo(command).await;
        let refusal = refused.refusal();
        assert!(refusal.contains("in the memory of the server"), "{refusal}");
        assert!(refusal.contains("`czo serve`"), "{refusal}");
    }
}

#[tokio::test]
async fn which_dead_letters_has_to_be_said_to_dlq() {
    let site = Site::sqlite();
    for (arguments, wanted) in [
        (&["dlq", "redrive"][..], "--all"),
        (&["dlq", "purge", "--yes"], "--all"),
        (&["dlq", "redrive", "--all", "--group", "catalog.cache"], "--group"),
        (&["dlq", "redrive", "--all", "--rate", "0"], "--rate"),
        (&["dlq", "list", "--limit", "1001"], "1000"),
        (&["dlq", "list", "--group", "Catalog"], "is not a group name"),
        (&["dlq", "list", "--error", ""], "--error"),
        (&["dlq", "show"], "<EVENT>"),
    ] {
        let refused = site.czo(arguments).await;
        assert_eq!(refused.status, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains(wanted), "{}", refused.stderr);
    }
}

#[tokio::test]
async fn a_named_server_wants_a_token_that_may_see_dead_letters() {
    const ROLES: &str = "[roles.watcher]\npermissions = [\"dead_letter:read\"]\n";
    let site = Site::sqlite();
    site.write("czo.toml", ROLES);
    let server = site.start().await;
    let token = ["tokens", "create", "--name", "test", "--role", "watcher"];
    let token = site.czo(&token).await.succeeded().stdout.trim().to_owned();

    let elsewhere = Site::sqlite();
    let list = ["dlq", "list", "--server", server.url()];
    assert!(elsewhere.czo(&list).await.refusal().contains("CZO_TOKEN"));
    let elsewhere = elsewhere.with("CZO_TOKEN", &token);
    elsewhere.czo(&list).await.succeeded();
    let purge = ["dlq", "purge", "--all", "--yes", "--server", server.url()];
    let purge = elsewhere.czo(&purge).await;
    assert_eq!(purge.refusal(), "the token lacks the permission `dead_letter:write`");
}

#[tokio::test]
async fn a_server_with_one_bus_has_no_parity() {
    let site = Site::sqlite();
    let refused = site.czo(&["events", "parity"]).await;
    assert!(refused.refusal().contains("`czo serve`"), "{}", refused.stderr);
    let _server = site.start().await;
    let refused = site.czo(&["events", "parity", "--least", "1000", "--json"]).await;
    assert!(refused.refusal().contains("`event_bus.dual_write`"), "{}", refused.stderr);
}
