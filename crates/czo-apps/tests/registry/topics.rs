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

    async fn an_app_is_told_nothing_of_what_it_may_not_read(database: TestDatabase) {
        let world = World::new(&database).await;
        let mut manifest = world.manifest();
        manifest["permissions"].as_array_mut().unwrap().truncate(1);
        world.app.say(&manifest);
        world.install().await;
        assert_eq!(world.texts(TOPICS).await, ["orders order.item.placed"]);
        let types = ["order.item.placed", "product.item.created"].map(EventType::from_static);
        assert_eq!(world.registry.expand_topics(types).await.unwrap(), 0);
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
        let changed = assert_queries!(database, == 3, {
            world.registry.expand_topics(types).await.unwrap()
        });
        assert_eq!(changed, 0);
    }
}
