//! What one receiver does is no matter of another.

use std::time::{Duration, Instant};

use czo_repo::DatabaseError;
use czo_testkit::{TestDatabase, on_each_database};
use sea_orm::ConnectionTrait;
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
        let rate = "INSERT INTO webhook_endpoint_state (webhook_id, rate) VALUES ($1, 5)";
        shop.run(rate, [slow.uuid().into()]).await;
        let dispatcher = shop.dispatch(&receiver);
        let began = Instant::now();
        // At once: a second that passes between them is no pause of the dispatcher's.
        let changed = shop.database.transaction(async |tx| {
            (0..20).for_each(|number| shop.publish(tx, "lamp", number));
            Ok::<_, DatabaseError>(())
        });
        changed.await.unwrap();
        receiver.has("fast", 20).await;
        assert!(receiver.at("slow").len() < 20);
        receiver.has("slow", 20).await;
        // Five at once, and fifteen in three seconds.
        assert!(began.elapsed() > Duration::from_millis(2_900));
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

/// To find webhooks that are nobody's, all that have something are gone through, those too that fail.
/// With SQLite one waits for the other anyway: it is a write.
#[tokio::test]
async fn what_is_its_own_is_sent_while_it_looks_for_more() {
    TestDatabase::postgres()
        .await
        .run(|database: TestDatabase| async move {
            let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
            shop.webhook(&receiver.url("well"), json!({})).await;
            let mut options = soon();
            (options.lease, options.idle) = (LONG, LONG);
            let dispatcher = shop.dispatcher(&receiver).options(options).spawn();
            shop.change("lamp", 0).await;
            receiver.has("well", 1).await;
            // Whoever takes a webhook waits for this.
            let lock = shop.database.begin().await.unwrap();
            let table = "LOCK TABLE webhook_endpoint_state IN EXCLUSIVE MODE";
            lock.execute_unprepared(table).await.unwrap();
            shop.change("lamp", 1).await;
            let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted \
                         AND relation = 'webhook_endpoint_state'::regclass";
            shop.until(waits, 1).await;
            shop.change("lamp", 2).await;
            receiver.has("well", 3).await;
            assert_eq!(shop.number(waits).await, 1);
            lock.commit().await.unwrap();
            assert!(dispatcher.drain(LONG).await);
        })
        .await;
}
