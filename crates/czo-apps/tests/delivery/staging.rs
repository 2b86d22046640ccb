//! A delivery is there if and only if the write is.

use czo_apps::{DeliveryFilter, DeliveryState};
use czo_core::{ShopId, SystemIds};
use czo_repo::DatabaseError;
use czo_testkit::{assert_queries, on_each_database};
use serde_json::json;

use crate::shop::{Shop, WAITING};

on_each_database! {
    async fn deliveries_are_there_if_and_only_if_the_write_is(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.webhook("https://a.example.org/", json!({})).await;
        shop.webhook("https://b.example.org/", json!({})).await;
        let undone = shop.database.transaction(async |tx| {
            shop.publish(tx, "undone", 1);
            Err::<(), _>(DatabaseError::Busy)
        });
        undone.await.unwrap_err();
        let done = shop.database.transaction(async |tx| {
            let undone = tx.transaction(async |tx| {
                shop.publish(tx, "undone", 1);
                Err::<(), _>(DatabaseError::Busy)
            });
            undone.await.unwrap_err();
            shop.publish(tx, "done", 1);
            Ok::<_, DatabaseError>(())
        });
        done.await.unwrap();
        let deliveries = shop.staging.deliveries();
        let listed = deliveries.list(&DeliveryFilter::all(), 10, None).await.unwrap();
        assert_eq!(listed.len(), 2);
        assert_ne!(listed[0].id, listed[1].id);
        for delivery in listed {
            assert_eq!((delivery.state, delivery.sent), (DeliveryState::Waiting, 0));
            assert!(delivery.body.contains(r#""thing":"done""#));
            assert_eq!(delivery.id.uuid().get_version_num(), 7);
            assert_eq!((delivery.shop, delivery.lane), (shop.id, None));
        }
    }

    async fn all_deliveries_of_a_write_are_one_statement(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        for _ in 0..3 {
            shop.webhook("https://a.example.org/", json!({})).await;
        }
        // That of the events, and that of the deliveries.
        assert_queries!(database, == 2, {
            let done = shop.database.transaction(async |tx| {
                (0..10).for_each(|number| shop.publish(tx, "a", number));
                Ok::<_, DatabaseError>(())
            });
            done.await.unwrap();
        });
        assert_eq!(shop.number(WAITING).await, 30);
    }

    async fn only_who_wants_an_event_and_may_have_it_gets_it(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let elsewhere = ShopId::generate(&SystemIds);
        shop.webhook_of(elsewhere, "https://a.example.org/", json!({})).await;
        shop.webhook("https://a.example.org/", json!({ "mode": "sync" })).await;
        let disabled = shop.webhook("https://a.example.org/", json!({})).await;
        let off = "UPDATE app_webhook SET is_active = FALSE WHERE id = $1";
        shop.run(off, [disabled.uuid().into()]).await;
        let other = shop.webhook("https://a.example.org/", json!({})).await;
        let topic = "UPDATE app_webhook_topic SET event_type = 'test.other.changed' \
                     WHERE webhook_id = $1";
        shop.run(topic, [other.uuid().into()]).await;
        shop.change("a", 1).await;
        assert_eq!(shop.number(WAITING).await, 0);
        // Of no shop: nobody's.
        let mut event = shop.event("a", 1).event().clone();
        event.metadata.shop_id = None;
        shop.webhook("https://a.example.org/", json!({})).await;
        let done = shop.database.transaction(async |tx| {
            shop.outbox.publish(tx, event);
            Ok::<_, DatabaseError>(())
        });
        done.await.unwrap();
        assert_eq!(shop.number(WAITING).await, 0);
    }

    async fn hostile_text_is_staged_as_it_is(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.webhook("https://a.example.org/", json!({ "order": { "by": "key" } })).await;
        for thing in ["\0nul\0", "'; DROP TABLE webhook_delivery; --", "{1,2}\\u0000", ""] {
            let event = shop.event(thing, 1);
            let filter = DeliveryFilter::all().event(event.event().id);
            let staged = shop.database.transaction(async |tx| {
                shop.outbox.publish(tx, event.clone());
                Ok::<_, DatabaseError>(())
            });
            staged.await.unwrap();
            let listed = shop.staging.deliveries().list(&filter, 9, None).await;
            let delivery = listed.unwrap().remove(0);
            let body: serde_json::Value = serde_json::from_str(&delivery.body).unwrap();
            assert_eq!(body["data"]["data"]["thing"], thing);
            assert_eq!(delivery.lane.unwrap(), thing.replace('\0', "\u{fffd}"));
        }
    }
}
