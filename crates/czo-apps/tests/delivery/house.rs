//! What is old is forgotten.

use std::time::Duration;

use czo_testkit::on_each_database;
use serde_json::json;

use crate::receiver::{Answer, LONG, Receiver};
use crate::shop::{DEAD, DELIVERED, Shop, soon};

on_each_database! {
    async fn what_was_delivered_is_forgotten_sooner_than_what_was_given_up(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        shop.webhook(&receiver.url("b"), json!({})).await;
        receiver.answers("b", [Answer::Status(500)]);
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        shop.until(DELIVERED, 1).await;
        shop.until(DEAD, 1).await;
        assert!(dispatcher.drain(LONG).await);
        let mut options = soon();
        options.keep_log = Duration::ZERO;
        // Whoever begins forgets first.
        let dispatcher = shop.dispatcher(&receiver).options(options.clone()).spawn();
        shop.until(DELIVERED, 0).await;
        shop.until("SELECT count(*) FROM webhook_attempt", 4).await;
        assert_eq!(shop.number(DEAD).await, 1);
        drop(dispatcher);
        (options.keep_log, options.keep_dead) = (LONG, Duration::ZERO);
        let dispatcher = shop.dispatcher(&receiver).options(options).spawn();
        shop.until(DEAD, 0).await;
        shop.until("SELECT count(*) FROM webhook_attempt", 0).await;
        drop(dispatcher);
    }
}
