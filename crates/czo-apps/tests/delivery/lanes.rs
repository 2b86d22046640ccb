//! Order by key.

use czo_repo::DatabaseError;
use czo_testkit::on_each_database;
use serde_json::json;

use crate::receiver::{Answer, LONG, Receiver};
use crate::shop::{DEAD, DELIVERED, Shop, WAITING, soon};

const HELD: &str = "SELECT count(*) FROM webhook_delivery WHERE state = 2";

fn ordered() -> serde_json::Value {
    json!({ "order": { "by": "key" } })
}

on_each_database! {
    async fn those_of_a_key_arrive_one_after_the_other(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), ordered()).await;
        let dispatcher = shop.dispatch(&receiver);
        for number in 0..20 {
            shop.change("lamp", number).await;
        }
        let done = shop.database.transaction(async |tx| {
            (20..40).for_each(|number| shop.publish(tx, "lamp", number));
            Ok::<_, DatabaseError>(())
        });
        done.await.unwrap();
        shop.until(DELIVERED, 40).await;
        assert!(receiver.numbers("a").into_iter().eq(0..40));
        assert!(dispatcher.drain(LONG).await);
    }

    async fn one_that_fails_holds_its_lane_and_no_other(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), ordered()).await;
        receiver.answers("a", [500, 500, 204].map(Answer::Status));
        let mut options = soon();
        options.schedule[1] = LONG;
        let dispatcher = shop.dispatcher(&receiver).options(options).spawn();
        shop.change("lamp", 1).await;
        receiver.has("a", 1).await;
        receiver.answers("a", [Answer::Status(204)]);
        for number in 2..5 {
            shop.change("lamp", number).await;
            shop.change("chair", number * 10).await;
        }
        shop.until(DELIVERED, 3).await;
        shop.until(HELD, 3).await;
        assert_eq!(receiver.numbers("a"), [1, 20, 30, 40]);
        // Its time has come.
        shop.run("UPDATE webhook_delivery SET next_at = 0 WHERE state = 1", []).await;
        shop.staging.wake();
        shop.until(DELIVERED, 7).await;
        assert_eq!(receiver.numbers("a")[4..], [1, 2, 3, 4]);
        assert!(dispatcher.drain(LONG).await);
    }

    async fn one_that_is_given_up_holds_nothing(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), ordered()).await;
        receiver.answers("a", [500, 500, 500, 500, 204].map(Answer::Status));
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        shop.change("lamp", 2).await;
        shop.until(DEAD, 1).await;
        shop.until(DELIVERED, 1).await;
        assert_eq!(receiver.numbers("a"), [1, 1, 1, 1, 2]);
        assert!(dispatcher.drain(LONG).await);
    }

    async fn what_is_held_goes_on_with_another_process(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), ordered()).await;
        receiver.answers("a", [Answer::Hang, Answer::Status(204)]);
        let dispatcher = shop.dispatch(&receiver);
        for number in 0..3 {
            shop.change("lamp", number).await;
        }
        shop.until(HELD, 2).await;
        drop(dispatcher);
        let dispatcher = shop.dispatch(&receiver);
        shop.until(WAITING, 0).await;
        assert_eq!(receiver.numbers("a"), [0, 0, 1, 2]);
        receiver.let_go();
        drop(dispatcher);
    }

    async fn what_is_sent_again_keeps_its_order(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), ordered()).await;
        receiver.answers("a", [Answer::Status(400)]);
        let mut options = soon();
        options.schedule.truncate(1);
        options.breaker_failures = 1_000;
        let dispatcher = shop.dispatcher(&receiver).options(options).spawn();
        let done = shop.database.transaction(async |tx| {
            (0..20).for_each(|number| shop.publish(tx, "lamp", number));
            Ok::<_, DatabaseError>(())
        });
        done.await.unwrap();
        shop.until(DEAD, 20).await;
        receiver.answers("a", [Answer::Status(204)]);
        let all = czo_apps::DeliveryFilter::all();
        assert_eq!(shop.staging.deliveries().redrive(&all, u64::MAX).await.unwrap(), 20);
        shop.until(DELIVERED, 20).await;
        assert!(receiver.numbers("a")[20..].iter().copied().eq(0..20));
        assert!(dispatcher.drain(LONG).await);
    }
}
