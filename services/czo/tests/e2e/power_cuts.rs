//! No event of a committed write is lost, however the server ends.

use std::collections::BTreeSet;

use czo_core::EventId;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{Event, Site, events, eventually, on_each_database};

/// How many products are created before the power is cut; others are under way then.
const CREATED: usize = 30;
const WRITERS: usize = 4;

/// What the database says was published, whether it is on its way or has arrived.
async fn published(site: &Site) -> BTreeSet<String> {
    let sql = "SELECT event_id FROM outbox_event UNION SELECT event_id FROM event_log";
    let database = site.open_database().await;
    let select = Statement::from_string(database.get_database_backend(), sql);
    let rows = database.query_all_raw(select).await.expect("the events");
    let id = |row| sea_orm::QueryResult::try_get::<Uuid>(row, "", "event_id").expect("an id");
    rows.iter().map(|row| EventId::from(id(row)).to_string()).collect()
}

/// How many products the database has.
async fn products(site: &Site) -> usize {
    let database = site.open_database().await;
    let sql = "SELECT count(*) AS products FROM catalog_product";
    let count = Statement::from_string(database.get_database_backend(), sql);
    let row = database.query_one_raw(count).await.expect("an answer").expect("a row");
    let products: i64 = row.try_get("", "products").expect("a number");
    usize::try_from(products).expect("a small number")
}

fn ids(log: &str) -> BTreeSet<String> {
    events(log).into_iter().map(|Event { id, .. }| id).collect()
}

on_each_database! {
    async fn every_event_of_a_committed_write_is_handled_though_the_server_is_killed(site: Site) {
        let site = site
            .with("CZO_DEMO", "false")
            .with("CZO_LOG__FORMAT", "json")
            .with("CZO_OUTBOX__LEASE_SECONDS", "1");
        site.open_shop("Paper & Ink").await;
        let server = site.start().await;
        let mut writers = JoinSet::new();
        let (tell, mut created) = tokio::sync::mpsc::unbounded_channel();
        for writer in 0..WRITERS {
            let (owner, tell) = (server.owner(), tell.clone());
            // It panics when its answer is cut off, which is what this test does to it.
            writers.spawn(async move {
                for number in 0.. {
                    let title = format!("Blotter {writer} {number}");
                    let payload = owner.create(json!({ "title": title })).await;
                    assert!(payload["product"].is_object(), "{payload}");
                    // Nobody listens any more when the power is cut.
                    let _ = tell.send(());
                }
            });
        }
        for _ in 0..CREATED {
            created.recv().await.expect("a writer");
        }
        server.signal("KILL");
        let first = server.finish().await;
        writers.abort_all();

        let published = published(&site).await;
        // A product as a draft has one event.
        assert_eq!(published.len(), products(&site).await);
        assert!(published.len() >= CREATED, "{}", published.len());
        let before = ids(&first.stderr);
        let again = site.start().await;
        eventually("every event is handled", async || {
            let after = ids(&again.stderr());
            published.iter().all(|id| before.contains(id) || after.contains(id)).then_some(())
        })
        .await;
    }
}
