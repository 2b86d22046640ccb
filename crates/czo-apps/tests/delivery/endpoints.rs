//! What one receiver does is no matter of another.

use std::time::{Duration, Instant};

use czo_testkit::on_each_database;
use serde_json::json;
use tokio::net::TcpListener;

use crate::receiver::{Answer, LONG, Receiver};
use crate::shop::{DELIVERED, Shop, soon};

on_each_database! {
    async fn a_receiver_that_hangs_and_one_that_is_dead_delay_no_other(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("hangs"), json!({})).await;
        receiver.answers("hangs", [Answer::Hang]);
        let dead = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = dead.local_addr().unwrap();
        drop(dead);
        shop.webhook(&format!("http://{address}/dead"), json!({})).await;
        shop.webhook(&receiver.url("well"), json!({})).await;
        let dispatcher = shop.dispatch(&receiver);
        for number in 0..50 {
            shop.change("lamp", number).await;
        }
        let began = Instant::now();
        receiver.has("well", 50).await;
        // Long before the one that hangs is given up.
        assert!(began.elapsed() < soon().deadline);
        // And no more at once than one webhook may have.
        assert_eq!(receiver.at("hangs").len(), 8);
        receiver.let_go();
        receiver.has("hangs", 50).await;
        drop(dispatcher);
    }

    async fn retries_leave_room_for_first_attempts(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        receiver.answers("a", [Answer::Status(500)]);
        let mut options = soon();
        options.breaker_failures = 1_000;
        options.schedule[1] = LONG;
        let dispatcher = shop.dispatcher(&receiver).options(options).spawn();
        for number in 0..20 {
            shop.change("lamp", number).await;
        }
        shop.until("SELECT count(*) FROM webhook_delivery WHERE state = 1", 20).await;
        receiver.answers("a", [Answer::Hang]);
        shop.run("UPDATE webhook_delivery SET next_at = 0", []).await;
        shop.staging.wake();
        // Retries hang in all the slots that they may have.
        receiver.has("a", 26).await;
        shop.change("lamp", 100).await;
        shop.change("lamp", 101).await;
        let messages = receiver.has("a", 28).await;
        let mut last: Vec<_> = messages[26..].iter().map(|message| message.number()).collect();
        last.sort_unstable();
        assert_eq!(last, [100, 101]);
        receiver.let_go();
        shop.until(DELIVERED, 22).await;
        drop(dispatcher);
    }

    async fn a_rate_is_kept_by_each_webhook(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        let slow = shop.webhook(&receiver.url("slow"), json!({})).await;
        shop.webhook(&receiver.url("fast"), json!({})).await;
        let rate = "INSERT INTO webhook_endpoint_state (webhook_id, rate) VALUES ($1, 10)";
        shop.run(rate, [slow.uuid().into()]).await;
        let dispatcher = shop.dispatch(&receiver);
        for number in 0..20 {
            shop.change("lamp", number).await;
        }
        let began = Instant::now();
        receiver.has("fast", 20).await;
        assert!(receiver.at("slow").len() < 20);
        receiver.has("slow", 20).await;
        // Ten at once, and ten in a second.
        assert!(began.elapsed() > Duration::from_millis(500));
        assert!(dispatcher.drain(LONG).await);
    }

    async fn dispatchers_share_the_webhooks(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        for number in 0..6 {
            shop.webhook(&receiver.url(&format!("w{number}")), json!({})).await;
        }
        let mut options = soon();
        options.endpoints = 3;
        let [one, two] = [(); 2].map(|()| {
            shop.dispatcher(&receiver).options(options.clone()).spawn()
        });
        for number in 0..20 {
            shop.change("lamp", number).await;
        }
        shop.until(DELIVERED, 120).await;
        assert_eq!(receiver.messages().len(), 120);
        assert!(one.drain(LONG).await && two.drain(LONG).await);
    }
}
