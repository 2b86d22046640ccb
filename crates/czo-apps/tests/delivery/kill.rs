//! Processes die, and nothing is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use czo_apps::WebhookDispatcher;
use czo_testkit::on_each_database;
use serde_json::{Value, json};

use crate::receiver::{Answer, LONG, Message, Receiver};
use crate::shop::{Shop, WAITING, soon};

const THINGS: [&str; 4] = ["lamp", "chair", "table", "vase"];
const ROUNDS: i64 = 8;

/// The thing that a message is about.
fn thing(message: &Message) -> String {
    let body: Value = serde_json::from_slice(&message.body).unwrap();
    body["data"]["data"]["thing"].as_str().unwrap().to_owned()
}

on_each_database! {
    async fn whoever_dies_everything_arrives_and_lanes_keep_their_order(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        let paths = ["a", "b", "c"];
        for path in paths {
            shop.webhook(&receiver.url(path), json!({ "order": { "by": "key" } })).await;
            let answers = (0..20).map(|turn| Answer::Status(if turn % 3 == 1 { 500 } else { 204 }));
            receiver.answers(path, answers.chain([Answer::Status(204)]));
        }
        let mut options = soon();
        options.lease = Duration::from_millis(200);
        options.endpoints = 2;
        options.schedule = vec![Duration::from_millis(5); 20];
        let mut dispatchers = Vec::new();
        for round in 0..ROUNDS {
            while dispatchers.len() < 2 {
                let (staging, fetcher) = (shop.elsewhere(), receiver.fetcher());
                let dispatcher = WebhookDispatcher::new(&staging, fetcher, shop.keys.clone());
                dispatchers.push(dispatcher.options(options.clone()).spawn());
            }
            for number in 0..3 {
                for thing in THINGS {
                    shop.change(thing, round * 3 + number).await;
                }
            }
            // As if it were killed, with whatever it has under way.
            drop(dispatchers.remove(0));
        }
        let dispatcher = shop.dispatch(&receiver);
        shop.until(WAITING, 0).await;
        assert!(dispatcher.drain(LONG).await);
        for path in paths {
            let mut first: BTreeMap<String, Vec<i64>> = BTreeMap::new();
            let mut seen = BTreeSet::new();
            for message in receiver.at(path) {
                if seen.insert(message.id().to_owned()) {
                    first.entry(thing(&message)).or_default().push(message.number());
                }
            }
            for thing in THINGS {
                assert!(first[thing].iter().copied().eq(0..ROUNDS * 3), "{path}: {first:?}");
            }
        }
    }
}
