//! What people and programs get to read.

use std::path::Path;

use anyhow::Result;
use czo_eventbus_amqp::{Definitions, Live, Names, Topology};
use serde_json::json;

/// A broker with one of everything that may differ, for the names that begin with `shown.`.
fn live(topology: &Topology) -> Result<Live> {
    let mut json = serde_json::to_value(Definitions::of(topology, "/"))?;
    let mut take = |part: &str| json[part].as_array_mut().map(std::mem::take).unwrap_or_default();
    let (mut exchanges, mut queues, mut bindings) =
        (take("exchanges"), take("queues"), take("bindings"));
    exchanges.retain(|exchange| exchange["name"] != "shown.czo.dlx");
    bindings.retain(|binding| binding["source"] != "shown.czo.dlx");
    exchanges[1]["type"] = json!("direct");
    exchanges[1]["durable"] = json!(false);
    queues.retain(|queue| queue["name"] != "shown.payment.orders:dead");
    for queue in &mut queues {
        if queue["name"] == "shown.search.indexing" {
            queue["messages"] = json!(1);
            queue["durable"] = json!(false);
            queue["arguments"] = json!({
                "x-dead-letter-exchange": "shown.czo.dlx",
                "x-dead-letter-routing-key": "shown.search.indexing",
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "drop-head",
                "x-queue-type": "quorum",
                "x-max-length": 5,
            });
        }
    }
    let more = |name: &str| json!({ "name": name, "durable": true, "messages": 2, "consumers": 1 });
    queues.extend([more("shown.catalog.cache"), more("shown.app.webhooks:moving"), more("other")]);
    let bound = |source: &str, queue: &str, key: &str| {
        json!({
            "source": source, "destination": queue, "destination_type": "queue", "routing_key": key
        })
    };
    bindings.extend([
        bound("shown.czo.events", "shown.search.indexing", "product.#"),
        bound("shown.czo.events", "shown.catalog.cache", "product.#"),
        bound("elsewhere", "shown.search.indexing", "x"),
    ]);
    let [exchanges, queues, bindings] =
        [exchanges, queues, bindings].map(|part| serde_json::to_vec(&part));
    Ok(Live::from_json(&exchanges?, &queues?, &bindings?)?)
}

#[test]
fn people_read_what_differs_line_by_line() -> Result<()> {
    let topology = Topology::of_the_system(&Names::prefixed("shown.")?);
    let difference = topology.difference(&live(&topology)?).to_string();
    // All nine groups lost the way to their dead letters with the exchange.
    let (dead, others): (Vec<_>, Vec<_>) =
        difference.lines().partition(|line| line.starts_with("+ binding shown.czo.dlx -> "));
    assert_eq!(dead.len(), 9);
    assert_eq!(
        others,
        [
            "+ exchange shown.czo.dlx (topic)",
            "! exchange shown.czo.system is direct, not durable, not fanout",
            "+ queue shown.payment.orders:dead",
            "~ queue shown.app.webhooks: was being made anew, to be finished",
            "~ queue shown.search.indexing, with 1 message; x-delivery-limit 200 is missing; \
             x-max-length 5 is too much; x-overflow is \"drop-head\", not \"reject-publish\"; \
             durable is false, not true",
            "- binding shown.czo.events -> shown.search.indexing (product.#)",
            "  queue shown.catalog.cache, with 2 messages and 1 consumer, is not in the topology; \
             it stays",
            "  binding elsewhere -> shown.search.indexing (x) is from an exchange not in the \
             topology; it stays",
        ]
    );
    Ok(())
}

#[test]
fn programs_read_what_differs_by_its_kind() -> Result<()> {
    let topology = Topology::of_the_system(&Names::prefixed("shown.")?);
    let json = serde_json::to_value(topology.difference(&live(&topology)?))?;
    let changes = json["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let change = |kind: &str| changes.iter().find(|change| change["change"] == kind).cloned();
    assert_eq!(
        change("other_exchange"),
        Some(json!({
            "change": "other_exchange",
            "exchange": "shown.czo.system",
            "wanted": "fanout",
            "there": "direct, not durable",
        }))
    );
    assert_eq!(
        change("remove_binding"),
        Some(json!({
            "change": "remove_binding",
            "exchange": "shown.czo.events",
            "queue": "shown.search.indexing",
            "key": "product.#",
        }))
    );
    let rebuild = change("rebuild_queue").unwrap_or_default();
    assert_eq!(rebuild["messages"], 1);
    assert_eq!(rebuild["others"][1], json!({ "name": "x-max-length", "wanted": null, "there": 5 }));
    assert_eq!(
        json["notes"][0],
        json!({
            "note": "other_queue",
            "queue": "shown.catalog.cache",
            "messages": 2,
            "consumers": 1,
        })
    );
    Ok(())
}

#[test]
fn the_definitions_are_those_that_were_agreed_on() -> Result<()> {
    let definitions = Definitions::of(&Topology::of_the_system(&Names::default()), "/");
    let definitions = format!("{definitions}\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/topology/definitions.json");
    if std::env::var_os("CZO_TEST_BLESS").is_some() {
        std::fs::write(&path, &definitions)?;
    }
    let agreed = std::fs::read_to_string(&path)?;
    // Its diff is what a reviewer reads; here a whole file of it would say less than the advice.
    let hint = "the topology of the system changed; if that is meant: CZO_TEST_BLESS=1 and run \
                this test again";
    assert!(definitions == agreed, "{hint}");
    Ok(())
}
