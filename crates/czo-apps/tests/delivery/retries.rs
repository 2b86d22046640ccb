//! What fails is tried again.

use std::time::{Duration, Instant};

use czo_apps::{DeliveryFilter, DeliveryState};
use czo_testkit::on_each_database;
use serde_json::json;

use crate::receiver::{Answer, LONG, Receiver};
use crate::shop::{DEAD, DELIVERED, Shop, WAITING, soon};

const RETRYING: &str = "SELECT count(*) FROM webhook_delivery WHERE state = 1";

on_each_database! {
    async fn each_attempt_has_the_same_id_and_body_and_its_own_time(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        receiver.answers("a", [500, 404, 503, 204].map(Answer::Status));
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        let messages = receiver.has("a", 4).await;
        for message in &messages {
            assert_eq!((message.id(), &message.body), (messages[0].id(), &messages[0].body));
            let timestamp: i64 = message.header("webhook-timestamp").parse().unwrap();
            assert!((chrono::Utc::now().timestamp() - timestamp).abs() < 60);
        }
        shop.until(DELIVERED, 1).await;
        let id = messages[0].id().parse().unwrap();
        let attempts = shop.staging.deliveries().attempts(id).await.unwrap();
        let statuses: Vec<_> = attempts.iter().map(|attempt| attempt.status.unwrap()).collect();
        assert_eq!(statuses, [500, 404, 503, 204]);
        assert!(dispatcher.drain(LONG).await);
    }

    async fn after_the_last_attempt_it_is_given_up(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        receiver.answers("a", [Answer::Status(500)]);
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        shop.until(DEAD, 1).await;
        assert_eq!(receiver.at("a").len(), 4);
        let id = receiver.at("a")[0].id().parse().unwrap();
        let record = shop.staging.deliveries().get(id).await.unwrap().unwrap();
        assert_eq!((record.state, record.attempts), (DeliveryState::Dead, 4));
        assert_eq!(record.error.as_deref(), Some("the answer was status 500"));
        assert!(dispatcher.drain(LONG).await);
    }

    async fn retry_after_is_kept(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        let webhook = shop.webhook(&receiver.url("a"), json!({})).await;
        receiver.answers("a", [Answer::With(503, "retry-after", "3600"), Answer::Status(204)]);
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        shop.until(RETRYING, 1).await;
        let filter = DeliveryFilter::all().webhook(webhook);
        let waiting = shop.staging.deliveries().list(&filter, 1, None).await.unwrap().remove(0);
        let left = waiting.next_at.unwrap() - chrono::Utc::now();
        assert!((3_500..=3_600).contains(&left.num_seconds()), "{left}");
        drop(dispatcher);

        // One who asks for too long is not given it.
        let mut options = soon();
        options.longest_retry_after = Duration::from_millis(100);
        receiver.answers("b", [Answer::With(500, "retry-after", "3600"), Answer::Status(204)]);
        shop.webhook(&receiver.url("b"), json!({})).await;
        let dispatcher = shop.dispatcher(&receiver).options(options).spawn();
        shop.change("lamp", 2).await;
        receiver.has("b", 2).await;
        drop(dispatcher);
    }

    async fn who_asks_for_less_is_left_alone_for_so_long(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        receiver.answers("a", [Answer::With(429, "retry-after", "1"), Answer::Status(204)]);
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        shop.until(RETRYING, 1).await;
        let began = Instant::now();
        // Others wait as well, and lose no attempt.
        shop.change("lamp", 2).await;
        receiver.has("a", 3).await;
        assert!(began.elapsed() > Duration::from_millis(700));
        shop.until(DELIVERED, 2).await;
        drop(dispatcher);
    }

    async fn who_is_gone_is_told_nothing_more(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        let webhook = shop.webhook(&receiver.url("a"), json!({})).await;
        receiver.answers("a", [Answer::Status(500), Answer::Status(410)]);
        let mut options = soon();
        options.per_endpoint = 1;
        let dispatcher = shop.dispatcher(&receiver).options(options).spawn();
        for number in 0..3 {
            shop.change("lamp", number).await;
        }
        shop.until(DEAD, 3).await;
        shop.until("SELECT count(*) FROM app_webhook WHERE is_active", 0).await;
        shop.change("lamp", 4).await;
        assert_eq!(shop.number(WAITING).await, 0);
        let filter = DeliveryFilter::all().webhook(webhook);
        let dead = shop.staging.deliveries().list(&filter, 9, None).await.unwrap();
        let reasons: Vec<_> = dead.iter().filter_map(|dead| dead.error.as_deref()).collect();
        assert!(reasons.iter().all(|reason| reason.contains("410")), "{reasons:?}");
        assert_eq!(receiver.at("a").len(), 2);
        drop(dispatcher);
    }

    async fn an_endpoint_inside_is_refused(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        let webhook = shop.webhook("http://169.254.169.254/latest/", json!({})).await;
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        shop.until(DEAD, 1).await;
        let filter = DeliveryFilter::all().webhook(webhook);
        let dead = shop.staging.deliveries().list(&filter, 9, None).await.unwrap().remove(0);
        assert_eq!(dead.error.unwrap(), "`169.254.169.254` is not on the public internet");
        drop(dispatcher);
    }

    async fn what_a_killed_process_had_under_way_is_sent_again(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        receiver.answers("a", [Answer::Hang, Answer::Status(204)]);
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        let first = receiver.has("a", 1).await.remove(0);
        // As if it were killed: nothing is given back.
        drop(dispatcher);
        let elsewhere = shop.elsewhere();
        let other = czo_apps::WebhookDispatcher::new(
            &elsewhere,
            receiver.fetcher(),
            shop.keys.clone(),
        );
        let other = other.options(soon()).spawn();
        let again = receiver.has("a", 2).await.remove(1);
        assert_eq!((again.id(), &again.body), (first.id(), &first.body));
        shop.until(DELIVERED, 1).await;
        assert!(other.drain(LONG).await);
        receiver.let_go();
    }

    async fn a_drain_ends_what_is_under_way_and_gives_the_rest_back(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        receiver.answers("a", [Answer::Hang]);
        let mut options = soon();
        (options.per_endpoint, options.lease) = (1, LONG);
        let dispatcher = shop.dispatcher(&receiver).options(options).spawn();
        for number in 0..3 {
            shop.change("lamp", number).await;
        }
        receiver.has("a", 1).await;
        let (drained, ()) = tokio::join!(dispatcher.drain(LONG), async { receiver.let_go() });
        assert!(drained);
        assert_eq!((shop.number(DELIVERED).await, shop.number(WAITING).await), (1, 2));
        // At once, although the lease is long.
        let dispatcher = shop.dispatch(&receiver);
        shop.until(DELIVERED, 3).await;
        assert_eq!(receiver.at("a").len(), 3);
        drop(dispatcher);
    }
}
