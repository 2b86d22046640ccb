//! `czo outbox`

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::{Event, Server, Site, eventually, on_each_database};

const FILE: &str = "Handle,Title,Variant Price,Status\na,A,1,draft\nb,B,1,draft\n";

/// A site whose two products were imported without a server, so that their events wait.
async fn waiting(site: Site) -> Site {
    let site = site
        .with("CZO_DEMO", "false")
        .with("CZO_LOG__FORMAT", "json")
        .with("CZO_OUTBOX__LEASE_SECONDS", "1");
    let shop = site.open_shop("Paper & Ink").await;
    site.write("shop.csv", FILE);
    let imported = site.czo(&["import", "products", "shop.csv", "--shop", &shop]).await.succeeded();
    assert!(imported.stderr.contains("2 events wait"), "{}", imported.stderr);
    site
}

/// A site whose two products' events are parked: they are for a group that nobody is in.
async fn parked(site: Site) -> Site {
    let site = waiting(site).await;
    set_group(&site, "outbox_event", "'nobody.here'").await;
    let server = site.start().await;
    until(&site, "parked", 2).await;
    eventually("the report of health says so", async || {
        let report = server.visitor().get("/api/_health/outbox").await.text().await;
        let report = report.expect("a report");
        (report.contains("degraded") && report.contains("parked: 2")).then_some(())
    })
    .await;
    server.stop().await.succeeded();
    site
}

/// Says for whom events are.
async fn set_group(site: &Site, table: &str, group: &str) {
    let database = site.open_database().await;
    let update = format!("UPDATE {table} SET target = {group}");
    database.execute_unprepared(&update).await.expect("an update");
}

async fn status(site: &Site) -> Value {
    site.czo(&["outbox", "status", "--json"]).await.succeeded().json()
}

/// Waits until the status has this number.
async fn until(site: &Site, what: &str, number: u64) {
    eventually(&format!("{what} is {number}"), async || {
        (status(site).await[what] == number).then_some(())
    })
    .await;
}

/// What the catalogue published, as the journal of a server has it.
async fn journal(server: &Server, number: usize) -> Vec<String> {
    eventually(&format!("{number} events in the journal"), async || {
        let own = |event: &Event| event.kind.starts_with("product.");
        let kinds: Vec<_> =
            server.events().into_iter().filter(own).map(|event| event.kind).collect();
        (kinds.len() >= number).then_some(kinds)
    })
    .await
}

on_each_database! {
    async fn what_is_written_without_a_server_waits_for_the_next_start(site: Site) {
        let site = waiting(site).await;
        let before = status(&site).await;
        assert_eq!((&before["waiting"], &before["relays"]), (&json!(2), &json!(0)), "{before}");
        assert!(before["oldest"].is_string() && before["oldestAgeSeconds"].is_f64(), "{before}");
        let text = site.czo(&["outbox", "status"]).await.succeeded().stdout;
        assert!(text.starts_with("waiting  2 events, the oldest since 20"), "{text}");

        let server = site.start().await;
        assert_eq!(journal(&server, 2).await, ["product.item.created"; 2]);
        until(&site, "logged", 2).await;
        let after = status(&site).await;
        let expected = json!({
            "waiting": 0,
            "oldest": null,
            "oldestAgeSeconds": null,
            "parked": 0,
            "logged": 2,
            "relays": 1,
            "broker": {
                "waiting": 0,
                "oldest": null,
                "oldestAgeSeconds": null,
                "parked": 0,
                "relays": 0,
            },
        });
        assert_eq!(after, expected);
        server.stop().await.succeeded();
        assert_eq!(status(&site).await["relays"], 0);
    }

    async fn what_cannot_be_published_is_listed_with_the_reason_and_tried_again(site: Site) {
        let site = parked(site).await;
        let listed = site.czo(&["outbox", "list", "--json"]).await.succeeded().json();
        assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
        for event in [&listed[0], &listed[1]] {
            assert_eq!(event["type"], "product.item.created");
            assert!(event["error"].to_string().contains("`nobody.here`"), "{event}");
        }
        let table = site.czo(&["outbox", "list", "--limit", "1"]).await.succeeded();
        let lines: Vec<_> = table.stdout.lines().collect();
        let id = listed[0]["eventId"].as_str().expect("an id");
        assert_eq!(lines.len(), 2, "{}", table.stdout);
        assert!(lines[1].starts_with(id) && lines[1].contains("nobody.here"), "{}", table.stdout);
        assert!(table.stderr.contains("1 more"), "{}", table.stderr);
        let none = site.czo(&["outbox", "list", "--error", "on fire", "--json"]).await;
        assert_eq!(none.succeeded().json(), json!([]));

        // Somebody takes it now: everyone who is there.
        set_group(&site, "outbox_parked", "NULL").await;
        let retried = site.czo(&["outbox", "retry", "--event", id]).await.succeeded();
        assert_eq!(retried.stdout, "1 event on the way again\n");
        let server = site.start().await;
        assert_eq!(journal(&server, 1).await.len(), 1);
        // A running server picks them up as well.
        let retried = site.czo(&["outbox", "retry", "--type", "product.item.created"]).await;
        assert_eq!(retried.succeeded().stdout, "1 event on the way again\n");
        assert_eq!(journal(&server, 2).await.len(), 2);
        assert_eq!(status(&site).await["parked"], 0);
    }
}

#[tokio::test]
async fn what_is_parked_is_thrown_away_only_to_a_yes() {
    let site = parked(Site::sqlite()).await;
    let unsure = site.czo(&["outbox", "purge", "--all"]).await;
    assert!(unsure.refusal().contains("`--yes`"), "{}", unsure.stderr);
    assert_eq!(status(&site).await["parked"], 2);
    let sure = site.czo(&["outbox", "purge", "--error", "nobody.here", "--yes"]).await;
    assert_eq!(sure.succeeded().stdout, "2 events thrown away\n");
    assert_eq!(status(&site).await["parked"], 0);
    let listed = site.czo(&["outbox", "list"]).await.succeeded();
    assert_eq!(listed.stdout, "no event is parked\n");
}

#[tokio::test]
async fn retry_and_purge_do_nothing_to_what_was_not_named() {
    let site = Site::sqlite().with("CZO_DEMO", "false");
    for command in ["retry", "purge"] {
        let finished = site.czo(&["outbox", command]).await;
        assert_eq!(finished.status, Some(2), "{}", finished.stderr);
        assert!(finished.stderr.contains("--all"), "{}", finished.stderr);
        let both = site.czo(&["outbox", command, "--all", "--error", "x"]).await;
        assert_eq!(both.status, Some(2), "{}", both.stderr);
        let nobody = site.czo(&["outbox", command, "--error", "x"]).await;
        assert!(nobody.refusal().contains("`outbox list`"), "{}", nobody.stderr);
    }
    site.czo(&["outbox", "retry", "--all"]).await.succeeded();
}

#[tokio::test]
async fn a_server_that_is_told_not_to_relay_leaves_events_to_others() {
    let site = waiting(Site::sqlite()).await.with("CZO_OUTBOX__RELAY", "false");
    let server = site.start().await;
    let health = server.visitor().get("/api/_health/outbox").await.text().await.unwrap();
    assert!(health.contains("no relay in this process"), "{health}");
    server.owner().create(json!({})).await;
    let finished = server.stop().await.succeeded();
    assert!(!finished.stderr.contains("product.item.created"), "{}", finished.stderr);
    assert_eq!(status(&site).await["waiting"], 3);
}
