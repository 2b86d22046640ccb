//! A server that gives every event to the bus in memory and to RabbitMQ.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{DomainEvent, EventBus};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::support::{Broker, Site, eventually, on_each_database};

/// What was created, as another service hears of it, until there are so many products.
async fn created(
    told: &mut UnboundedReceiver<Arc<DomainEvent>>,
    number: usize,
) -> Vec<Arc<DomainEvent>> {
    let mut events: Vec<Arc<DomainEvent>> = Vec::new();
    while events.len() < number {
        let event = tokio::time::timeout(Duration::from_secs(60), told.recv()).await;
        let event = event.unwrap_or_else(|_| panic!("only {} events came", events.len()));
        let event = event.expect("the bus is there");
        let is_new = !events.iter().any(|known| known.id == event.id);
        if is_new && event.event_type.as_str() == "product.item.created" {
            events.push(event);
        }
    }
    events
}

async fn broker_status(site: &Site) -> Value {
    site.czo(&["outbox", "status", "--json"]).await.succeeded().json()["broker"].clone()
}

/// A server in a dual write that was killed while RabbitMQ was away: its demo shop waits.
async fn killed_while_the_broker_was_away(site: Site) -> Site {
    let url = "CZO_EVENT_BUS__RABBITMQ__URL";
    let away = site.with("CZO_EVENT_BUS__DUAL_WRITE", "true").with(url, "amqp://a:b@127.0.0.1:1");
    let away = away.with("CZO_OUTBOX__LEASE_SECONDS", "1");
    let away = away.with("CZO_EVENT_BUS__RABBITMQ__CONFIRM_TIMEOUT_SECONDS", "1");
    let server = away.start().await;
    eventually("all is handled here, and waits there", async || {
        let status = away.czo(&["outbox", "status", "--json"]).await.succeeded().json();
        let left = (status["waiting"] == 0).then(|| status["broker"]["waiting"].as_u64()).flatten();
        left.filter(|left| *left >= 12)
    })
    .await;
    eventually("the report of health says so", async || {
        let report = server.visitor().get("/api/_health/outbox_mirror").await.text().await;
        report.expect("a report").contains("degraded").then_some(())
    })
    .await;
    server.kill().await;
    away
}

on_each_database! {
    async fn a_dual_write_is_ready_for_the_cut_over_once_both_have_everything(site: Site) {
        let broker = Broker::new();
        let (bus, mut told) = broker.listen().await;
        let site = broker.used_by(site).with("CZO_EVENT_BUS__DUAL_WRITE", "true");
        let server = site.start().await;
        let event = tokio::time::timeout(Duration::from_secs(60), told.recv()).await;
        event.expect("in time").expect("an event of the demo shop");
        eventually("the broker is listened to for every group", async || {
            let parity = site.czo(&["events", "parity", "--json"]).await.json();
            let groups = parity["groups"].as_array()?;
            let are_compared = groups.iter().all(|group| group["isCompared"] == true);
            (are_compared && !groups.is_empty()).then_some(())
        })
        .await;
        for number in 0..10 {
            server.owner().create(json!({ "title": format!("Bell {number}") })).await;
        }
        eventually("the verdict is good", async || {
            let parity = site.czo(&["events", "parity", "--least", "10"]).await;
            parity.stdout.contains("ready for the cut-over").then_some(())
        })
        .await;
        bus.shutdown(Duration::from_secs(10)).await.expect("it ends");
        broker.clean().await;
    }

    async fn what_the_broker_of_a_dual_write_missed_it_has_after_a_crash(site: Site) {
        let broker = Broker::new();
        let (bus, mut told) = broker.listen().await;
        let site = killed_while_the_broker_was_away(site).await;
        let site = broker.used_by(site);
        let server = site.start().await;
        assert_eq!(created(&mut told, 12).await.len(), 12);
        eventually("nothing waits any more", async || {
            (broker_status(&site).await["waiting"] == 0).then_some(())
        })
        .await;
        let abandon = ["outbox", "abandon", "--yes"];
        let refused = site.czo(&abandon).await;
        assert!(refused.refusal().contains("RabbitMQ is used"), "{}", refused.stderr);
        let elsewhere = site.with("CZO_EVENT_BUS__DUAL_WRITE", "false");
        let elsewhere = elsewhere.without("CZO_EVENT_BUS__RABBITMQ__URL");
        let refused = elsewhere.czo(&abandon).await;
        assert!(refused.refusal().contains("stop it first"), "{}", refused.stderr);
        server.stop().await;
        bus.shutdown(Duration::from_secs(10)).await.expect("it ends");
        broker.clean().await;
    }

    async fn what_a_command_publishes_without_a_server_is_for_both_buses(site: Site) {
        let broker = Broker::new();
        let (bus, mut told) = broker.listen().await;
        let site = broker.used_by(site).with("CZO_EVENT_BUS__DUAL_WRITE", "true");
        let site = site.with("CZO_DEMO", "false");
        let shop = site.open_shop("Paper & Ink").await;
        site.write("shop.csv", "Handle,Title,Variant Price,Status\na,A,1,draft\n");
        site.czo(&["import", "products", "shop.csv", "--shop", &shop]).await.succeeded();
        assert_eq!(broker_status(&site).await["waiting"], 1);
        let status = site.czo(&["outbox", "status"]).await.succeeded().stdout;
        assert!(status.contains("for RabbitMQ beside the bus in memory:\nwaiting  1 event"), "{status}");
        let server = site.start().await;
        assert_eq!(created(&mut told, 1).await.len(), 1);
        server.stop().await;
        bus.shutdown(Duration::from_secs(10)).await.expect("it ends");
        broker.clean().await;
    }

    async fn a_broker_that_takes_over_has_first_what_the_dual_write_left(site: Site) {
        let broker = Broker::new();
        let (bus, mut told) = broker.listen().await;
        let site = killed_while_the_broker_was_away(site).await;
        let site = site.with("CZO_EVENT_BUS__DUAL_WRITE", "false");
        let site = broker.used_by(site).with("CZO_EVENT_BUS__PROVIDER", "rabbitmq");
        let server = site.start().await;
        let owner = server.owner();
        owner.create(json!({ "title": "Late Bell" })).await;
        let events = created(&mut told, 13).await;
        let last = events.last().expect("thirteen events");
        assert_eq!(last.data["title"], "Late Bell", "{last:?}");
        assert_eq!(broker_status(&site).await["waiting"], 0);
        server.stop().await;
        bus.shutdown(Duration::from_secs(10)).await.expect("it ends");
        broker.clean().await;
    }

    async fn a_server_that_waits_for_the_broker_to_take_over_ends_when_told(site: Site) {
        let site = killed_while_the_broker_was_away(site).await;
        let site = site.with("CZO_EVENT_BUS__DUAL_WRITE", "false");
        let site = site.with("CZO_EVENT_BUS__PROVIDER", "rabbitmq");
        let site = site.with("CZO_SERVER__DRAIN_SECONDS", "4");
        let server = site.start().await;
        let began = std::time::Instant::now();
        let log = server.stop().await.stderr;
        assert!(log.contains("what waits for it since the dual write"), "{log}");
        assert!(log.contains("events are left to other relays and the next start"), "{log}");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }

    async fn what_waits_for_a_broker_that_is_given_up_is_thrown_away_by_abandon(site: Site) {
        let site = killed_while_the_broker_was_away(site).await;
        let site = site.with("CZO_EVENT_BUS__DUAL_WRITE", "false");
        let site = site.without("CZO_EVENT_BUS__RABBITMQ__URL");
        let server = site.start().await;
        eventually("the log says so", async || {
            server.stderr().contains("events wait for RabbitMQ since the dual write").then_some(())
        })
        .await;
        server.stop().await;
        let unsure = site.czo(&["outbox", "abandon"]).await;
        assert!(unsure.refusal().contains("`--yes`"), "{}", unsure.stderr);
        let done = site.czo(&["outbox", "abandon", "--yes"]).await.succeeded().stdout;
        assert!(done.ends_with("events thrown away\n"), "{done}");
        assert_eq!(broker_status(&site).await["waiting"], 0);
    }
}
