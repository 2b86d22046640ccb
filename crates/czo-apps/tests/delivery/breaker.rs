//! A webhook that fails is left alone.

use std::time::Duration;

use czo_apps::DeliveryFilter;
use czo_core::HealthCheck;
use czo_testkit::on_each_database;
use serde_json::json;

use crate::receiver::{Answer, LONG, Receiver};
use crate::shop::{DEAD, DELIVERED, Shop, soon};

const OPEN: &str = "SELECT count(*) FROM webhook_endpoint_state WHERE trips > 0";

on_each_database! {
    async fn an_open_breaker_parks_and_no_attempt_is_lost(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        let webhook = shop.webhook(&receiver.url("a"), json!({})).await;
        receiver.answers("a", [Answer::Status(500)]);
        let mut options = soon();
        (options.per_endpoint, options.breaker_failures) = (1, 3);
        options.breaker_pause = LONG;
        options.schedule[1] = LONG;
        let dispatcher = shop.dispatcher(&receiver).options(options.clone()).spawn();
        for number in 0..10 {
            shop.change("lamp", number).await;
        }
        shop.until(OPEN, 1).await;
        let health = dispatcher.health().check().await;
        assert_eq!(health.measures["waiting"], 10);
        assert_eq!(receiver.at("a").len(), 3);
        let filter = DeliveryFilter::all().webhook(webhook);
        let waiting = shop.staging.deliveries().list(&filter, 20, None).await.unwrap();
        assert_eq!(waiting.iter().map(|waiting| waiting.attempts).sum::<u32>(), 3);
        // Another process knows of it, and does not try.
        drop(dispatcher);
        let dispatcher = shop.dispatcher(&receiver).options(options).spawn();
        shop.change("lamp", 10).await;
        receiver.answers("a", [Answer::Status(204)]);
        shop.run("UPDATE webhook_endpoint_state SET lease_until = 0, owner = NULL", []).await;
        shop.staging.wake();
        shop.webhook(&receiver.url("b"), json!({})).await;
        shop.change("lamp", 11).await;
        receiver.has("b", 1).await;
        assert_eq!(receiver.at("a").len(), 3);
        // Its time has come: one probes, and the others follow.
        shop.run("UPDATE webhook_endpoint_state SET open_until = 0", []).await;
        shop.until(DELIVERED, 10).await;
        shop.until(OPEN, 0).await;
        drop(dispatcher);
    }

    async fn one_probes_at_a_time(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        let mut options = soon();
        (options.per_endpoint, options.breaker_failures) = (4, 2);
        receiver.answers("a", [500, 500, 500, 500, 500, 204].map(Answer::Status));
        options.schedule = vec![Duration::ZERO; 20];
        let dispatcher = shop.dispatcher(&receiver).options(options).spawn();
        for number in 0..12 {
            shop.change("lamp", number).await;
        }
        shop.until(DELIVERED, 12).await;
        shop.until(OPEN, 0).await;
        drop(dispatcher);
    }

    async fn who_fails_for_too_long_is_disabled(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        receiver.answers("a", [Answer::Status(500)]);
        let mut options = soon();
        options.breaker_failures = 2;
        options.disable_after = Duration::from_millis(150);
        options.schedule = vec![Duration::ZERO; 1_000];
        let dispatcher = shop.dispatcher(&receiver).options(options).spawn();
        for number in 0..5 {
            shop.change("lamp", number).await;
        }
        shop.until("SELECT count(*) FROM app_webhook WHERE disabled_reason IS NOT NULL", 1).await;
        shop.until(DEAD, 5).await;
        drop(dispatcher);
    }
}
