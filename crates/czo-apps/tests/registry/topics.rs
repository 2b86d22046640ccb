//! Which events webhooks are for.

use czo_core::EventType;
use czo_testkit::{assert_queries, on_each_database};

use crate::world::World;

const TOPICS: &str = "SELECT w.identifier || ' ' || t.event_type FROM app_webhook_topic t \
                      JOIN app_webhook w ON w.id = t.webhook_id";

on_each_database! {
    async fn an_installed_webhook_is_for_the_events_that_its_patterns_match(database: TestDatabase) {
        let world = World::new(&database).await;
        world.install().await;
        let expected = [
            "orders order.item.placed",
            "products product.item.created",
            "products product.item.deleted",
        ];
        assert_eq!(world.texts(TOPICS).await, expected);
    }

    async fn a_program_with_other_events_notes_them_when_it_starts(database: TestDatabase) {
        let world = World::new(&database).await;
        world.install().await;
        let types = ["order.item.placed", "order.item.shipped", "product.item.created"];
        let types = types.map(EventType::from_static);
        assert_eq!(world.registry.expand_topics(types.clone()).await.unwrap(), 2);
        let expected = [
            "orders order.item.placed",
            "orders order.item.shipped",
            "products product.item.created",
        ];
        assert_eq!(world.texts(TOPICS).await, expected);
        // With nothing to change it only looks.
        let changed = assert_queries!(database, == 2, {
            world.registry.expand_topics(types).await.unwrap()
        });
        assert_eq!(changed, 0);
    }
}
