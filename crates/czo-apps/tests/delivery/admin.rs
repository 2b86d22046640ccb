//! What people do with deliveries.

use chrono::{TimeDelta, Utc};
use czo_apps::{DeliveryFilter, DeliveryState};
use czo_testkit::on_each_database;
use serde_json::json;

use crate::receiver::{Answer, LONG, Receiver};
use crate::shop::{DEAD, DELIVERED, Shop, WAITING};

on_each_database! {
    async fn one_is_sent_again_with_its_id_and_its_body(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        shop.until(DELIVERED, 1).await;
        let first = receiver.at("a").remove(0);
        let (id, deliveries) = (first.id().parse().unwrap(), shop.staging.deliveries());
        assert!(deliveries.resend(id).await.unwrap());
        let again = receiver.has("a", 2).await.remove(1);
        assert_eq!((again.id(), &again.body), (first.id(), &first.body));
        shop.until(DELIVERED, 1).await;
        let attempts = deliveries.attempts(id).await.unwrap();
        assert_eq!(attempts.iter().map(|attempt| attempt.number).collect::<Vec<_>>(), [1, 2]);
        let nobody = czo_apps::WebhookDeliveryId::from(shop.id.uuid());
        assert!(!deliveries.resend(nobody).await.unwrap());
        assert!(dispatcher.drain(LONG).await);
    }

    async fn what_was_given_up_is_sent_again_since_a_time_or_as_a_whole(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        let webhook = shop.webhook(&receiver.url("a"), json!({})).await;
        shop.webhook(&receiver.url("b"), json!({})).await;
        receiver.answers("a", [Answer::Status(500)]);
        receiver.answers("b", [Answer::Status(500)]);
        let dispatcher = shop.dispatch(&receiver);
        for number in 0..3 {
            shop.change("lamp", number).await;
        }
        shop.until(DEAD, 6).await;
        let deliveries = shop.staging.deliveries();
        let counts = deliveries.counts().await.unwrap();
        assert_eq!((counts.waiting, counts.dead), (0, 6));
        receiver.answers("a", [Answer::Status(204)]);
        let tomorrow = Utc::now() + TimeDelta::days(1);
        assert_eq!(deliveries.recover_since(webhook, tomorrow).await.unwrap(), 0);
        let yesterday = Utc::now() - TimeDelta::days(1);
        assert_eq!(deliveries.recover_since(webhook, yesterday).await.unwrap(), 3);
        shop.until(DELIVERED, 3).await;
        receiver.answers("b", [Answer::Status(204)]);
        assert_eq!(deliveries.redrive(&DeliveryFilter::all(), 2).await.unwrap(), 2);
        shop.until(DELIVERED, 5).await;
        assert_eq!(deliveries.redrive(&DeliveryFilter::all(), u64::MAX).await.unwrap(), 1);
        shop.until(DELIVERED, 6).await;
        shop.until(DEAD, 0).await;
        assert!(dispatcher.drain(LONG).await);
    }

    async fn a_range_is_sent_again(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        let dispatcher = shop.dispatch(&receiver);
        for number in 0..5 {
            shop.change("lamp", number).await;
        }
        shop.until(DELIVERED, 5).await;
        let (yesterday, tomorrow) =
            (Utc::now() - TimeDelta::days(1), Utc::now() + TimeDelta::days(1));
        let deliveries = shop.staging.deliveries();
        let none = DeliveryFilter::all().until(yesterday);
        assert_eq!(deliveries.resend_range(&none, u64::MAX).await.unwrap(), 0);
        let all = DeliveryFilter::all().since(yesterday).until(tomorrow);
        let all = all.shop(shop.id).event_type("test.thing.changed".parse().unwrap());
        assert_eq!(deliveries.resend_range(&all, u64::MAX).await.unwrap(), 5);
        receiver.has("a", 10).await;
        shop.until(WAITING, 0).await;
        assert!(dispatcher.drain(LONG).await);
    }

    async fn a_portion_goes_on_where_the_last_one_ended_and_sends_nothing_twice(
        database: TestDatabase
    ) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        let dispatcher = shop.dispatch(&receiver);
        for number in 0..5 {
            shop.change("lamp", number).await;
        }
        shop.until(DELIVERED, 5).await;
        // What was done long enough ago that the clock has moved.
        shop.run("UPDATE webhook_log SET done_at = done_at - 1000", []).await;
        let (deliveries, all) = (shop.staging.deliveries(), DeliveryFilter::all());
        let (mut sent, mut after) = (Vec::new(), None);
        loop {
            let portion = deliveries.resend_portion(&all, 2, after).await.unwrap();
            sent.push(portion.count);
            // Each is done once more before the next portion, and would fit again.
            shop.until(DELIVERED, 5).await;
            // As it comes back from a client.
            after = portion.next.map(|next| next.to_string().parse().unwrap());
            if after.is_none() {
                break;
            }
        }
        assert_eq!(sent, [2, 2, 1]);
        assert_eq!(receiver.at("a").len(), 10);
        assert!("7".parse::<czo_apps::ResendCursor>().is_err());
        assert!(dispatcher.drain(LONG).await);
    }

    async fn deliveries_are_listed_by_pages_wherever_they_are(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        let webhook = shop.webhook(&receiver.url("a"), json!({})).await;
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        shop.until(DELIVERED, 1).await;
        assert!(dispatcher.drain(LONG).await);
        for number in 2..5 {
            shop.change("lamp", number).await;
        }
        let (deliveries, all) = (shop.staging.deliveries(), DeliveryFilter::all().webhook(webhook));
        let first = deliveries.list(&all, 2, None).await.unwrap();
        let second = deliveries.list(&all, 9, Some(first[1].id)).await.unwrap();
        assert_eq!((first.len(), second.len()), (2, 2));
        let states: Vec<_> = first.iter().chain(&second).map(|delivery| delivery.state).collect();
        use DeliveryState::{Delivered, Waiting};
        assert_eq!(states, [Waiting, Waiting, Waiting, Delivered]);
        assert!(first[0].next_at.is_some() && second[1].done_at.is_some());
        let delivered = deliveries.list(&all.state(Delivered), 9, None).await.unwrap();
        assert_eq!(delivered.len(), 1);
    }

    async fn a_full_log_is_not_read_for_the_deliveries_of_one_app(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let sqlite = shop.database.is_sqlite();
        let id = if sqlite { "randomblob(16)" } else { "gen_random_uuid()" };
        let fill = format!(
            "INSERT INTO webhook_log (id, webhook_id, app_id, shop_id, event_id, event_type, \
             correlation_id, body, state, attempts, sent, created_at, position, done_at) \
             WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000) \
             SELECT {id}, {id}, {id}, {id}, {id}, 'test.thing.changed', 'x', '{{}}', 3, 1, 1, n, n, n \
             FROM n"
        );
        assert_eq!(shop.run(&fill, []).await, 5_000);
        shop.run("ANALYZE", []).await;
        let explain = if sqlite { "EXPLAIN QUERY PLAN" } else { "EXPLAIN" };
        let app = if sqlite { "x'00'" } else { "gen_random_uuid()" };
        // As a page of an app's deliveries is read.
        let page = format!(
            "{explain} SELECT * FROM webhook_log WHERE app_id = (SELECT {app}) \
             ORDER BY id DESC LIMIT 50"
        );
        let plan = shop.text(&page, if sqlite { "detail" } else { "QUERY PLAN" }).await;
        assert!(plan.contains("webhook_log_app_idx"), "{plan}");
        assert!(!plan.contains("Sort") && !plan.contains("TEMP B-TREE"), "{plan}");
    }

    async fn what_is_sent_again_to_a_closed_webhook_is_given_up_again(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        let webhook = shop.webhook(&receiver.url("a"), json!({})).await;
        receiver.answers("a", [Answer::Status(410), Answer::Status(204)]);
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        shop.until("SELECT count(*) FROM app_webhook WHERE is_active", 0).await;
        shop.until(DEAD, 1).await;
        let deliveries = shop.staging.deliveries();
        assert_eq!(deliveries.redrive(&DeliveryFilter::all(), 9).await.unwrap(), 1);
        shop.until(DEAD, 1).await;
        assert_eq!(receiver.at("a").len(), 1);
        // Enabled again, it is told again.
        let enable = "UPDATE app_webhook SET is_active = TRUE WHERE id = $1";
        shop.run(enable, [webhook.uuid().into()]).await;
        shop.until("SELECT count(*) FROM webhook_endpoint_state WHERE owner IS NOT NULL", 0).await;
        assert_eq!(deliveries.redrive(&DeliveryFilter::all(), 9).await.unwrap(), 1);
        shop.until(DELIVERED, 1).await;
        assert!(dispatcher.drain(LONG).await);
    }
}
