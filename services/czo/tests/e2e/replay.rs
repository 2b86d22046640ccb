//! `czo events replay`

use serde_json::{Value, json};

use crate::support::{Event, Finished, Server, Site, eventually, on_each_database};

const GROUP: &str = "runtime.journal";

/// A server that has published three events under the correlation ids `first` and `second`.
async fn published(site: &Site) -> Server {
    let server = site.start().await;
    let owner = |correlation_id| server.owner().with_correlation_id(correlation_id);
    owner("first").create(json!({ "title": "First", "status": "ACTIVE" })).await;
    owner("second").create(json!({ "title": "Second" })).await;
    arrived(&server, 3).await;
    eventually("three events are logged", async || {
        let status = site.czo(&["outbox", "status", "--json"]).await.succeeded().json();
        (status["logged"] == 3).then_some(())
    })
    .await;
    server
}

/// The events of the catalogue in the journal, once there are so many.
async fn arrived(server: &Server, number: usize) -> Vec<Event> {
    eventually(&format!("{number} events in the journal"), async || {
        let events = server.events().into_iter();
        let events: Vec<_> = events.filter(|event| event.kind.starts_with("product.")).collect();
        (events.len() >= number).then_some(events)
    })
    .await
}

async fn empty(site: Site) -> Site {
    let site = site.with("CZO_DEMO", "false").with("CZO_LOG__FORMAT", "json");
    site.open_shop("Paper & Ink").await;
    site
}

async fn replay(site: &Site, arguments: &[&str]) -> Finished {
    site.czo(&[&["events", "replay"], arguments].concat()).await
}

on_each_database! {
    async fn what_was_published_goes_to_one_group_once_more_with_its_ids(site: Site) {
        let site = empty(site).await;
        let server = published(&site).await;
        let before = arrived(&server, 3).await;

        let arguments = ["--type", "product.item.created", "--since", "1h", "--group", GROUP];
        let replayed = replay(&site, &arguments).await.succeeded();
        assert_eq!(replayed.stdout, "2 events on the way to `runtime.journal`\n");
        let after = arrived(&server, 5).await;
        let created = before.iter().filter(|event| event.kind == "product.item.created");
        for event in created {
            assert_eq!(after.iter().filter(|other| *other == event).count(), 2, "{after:?}");
        }

        let of_request = ["--correlation-id", "first", "--group", GROUP, "--again", "--json"];
        let replayed = replay(&site, &of_request).await.succeeded().json();
        let types = json!([
            { "type": "product.item.created", "events": 1 },
            { "type": "product.item.published", "events": 1 },
        ]);
        let expected = json!({ "group": GROUP, "dryRun": false, "total": 2, "types": types });
        assert_eq!(replayed, expected);
        arrived(&server, 7).await;
    }
}

#[tokio::test]
async fn a_dry_run_counts_by_type_and_publishes_nothing() {
    let site = empty(Site::sqlite()).await;
    published(&site).await.stop().await.succeeded();
    let arguments = ["--type", "#", "--group", GROUP, "--dry-run"];
    let table = replay(&site, &arguments).await.succeeded().stdout;
    let lines: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[1], ["product.item.created", "2"]);
    assert_eq!(lines[2], ["product.item.published", "1"]);
    assert_eq!(table.lines().last(), Some("3 events would go to `runtime.journal`"));

    let total = async |arguments: &[&str]| -> Value {
        let arguments = [arguments, &["--group", GROUP, "--dry-run", "--json"]].concat();
        replay(&site, &arguments).await.succeeded().json()["total"].clone()
    };
    assert_eq!(total(&["--until", "1h"]).await, 0);
    assert_eq!(total(&["--since", "1h", "--correlation-id", "second"]).await, 1);
    assert_eq!(total(&["--type", "product.item.deleted"]).await, 0);
    let status = site.czo(&["outbox", "status", "--json"]).await.succeeded().json();
    assert_eq!(status["waiting"], 0);
}

#[tokio::test]
async fn without_a_server_it_says_what_the_events_wait_for() {
    let site = empty(Site::sqlite()).await;
    published(&site).await.stop().await.succeeded();
    let replayed = replay(&site, &["--type", "#", "--group", GROUP]).await.succeeded();
    assert!(replayed.stderr.contains("once a server runs"), "{}", replayed.stderr);
    arrived(&site.start().await, 3).await;
}

#[tokio::test]
async fn a_group_that_nobody_is_in_is_refused_with_those_there_are() {
    let site = Site::sqlite().with("CZO_DEMO", "false");
    let refused = replay(&site, &["--type", "#", "--group", "runtime.jurnal"]).await;
    let sentence = refused.refusal();
    assert!(sentence.contains("did you mean `runtime.journal`?"), "{sentence}");
}

#[tokio::test]
async fn a_pattern_that_no_event_matches_is_refused_with_what_was_meant() {
    let site = Site::sqlite().with("CZO_DEMO", "false");
    let refused = replay(&site, &["--type", "produkt.#", "--group", GROUP]).await;
    let sentence = refused.refusal();
    assert!(sentence.contains("did you mean `product.#`?"), "{sentence}");
}

#[tokio::test]
async fn what_says_nothing_or_makes_no_sense_is_refused() {
    let site = Site::sqlite().with("CZO_DEMO", "false");
    let everything = replay(&site, &["--group", GROUP]).await;
    assert_eq!(everything.status, Some(2), "{}", everything.stderr);
    for time in ["yesterday", "2", "2026-11-21"] {
        let finished = replay(&site, &["--since", time, "--group", GROUP]).await;
        assert_eq!(finished.status, Some(2), "{}", finished.stderr);
        assert!(finished.stderr.contains("RFC 3339"), "{}", finished.stderr);
    }
    let backwards = replay(&site, &["--since", "1h", "--until", "2h", "--group", GROUP]).await;
    assert!(backwards.refusal().contains("nothing is between"), "{}", backwards.stderr);
}
