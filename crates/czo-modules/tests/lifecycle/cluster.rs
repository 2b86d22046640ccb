//! Two processes on one database.

use czo_modules::Consent;
use czo_testkit::on_each_database;
use serde_json::json;

use crate::house::{House, hostile, migration, owner, table};

on_each_database! {
    async fn another_process_does_the_same(database: TestDatabase) {
        let one = House::new(&database).await;
        let other = House::another(&database).await;
        one.serves().await;
        assert_eq!(other.asks("none").await.unwrap_err().status(), 404);
        other.modules.follow().await.unwrap();
        assert_eq!(other.asks("none").await.unwrap().status, 200);

        let package = other.package("0.2.0", |manifest, at| migration(manifest, at, 1, "t", ""));
        other.modules.update(&owner(), package, None, Consent::Nothing).await.unwrap();
        one.modules.follow().await.unwrap();
        let shown = one.modules.show(&owner(), &hostile()).await.unwrap();
        assert_eq!((shown.generation, shown.serves_here), (2, true));
        assert_eq!(one.asks("none").await.unwrap().status, 200);

        one.modules.rollback(&owner(), &hostile()).await.unwrap();
        other.modules.follow().await.unwrap();
        assert_eq!(other.version().await, "0.1.0");
        assert!(!other.has_table(&table("t")).await);

        other.modules.disable(&owner(), &hostile()).await.unwrap();
        one.modules.follow().await.unwrap();
        assert_eq!(one.asks("none").await.unwrap_err().status(), 404);
    }

    async fn a_process_that_starts_brings_up_what_is_enabled(database: TestDatabase) {
        let one = House::new(&database).await;
        one.serves().await;
        one.modules.stop().await;
        let other = House::another(&database).await;
        let started = other.modules.start().await;
        assert_eq!((started.len(), started[0].failure.clone()), (1, None));
        assert_eq!(other.asks("none").await.unwrap().status, 200);
    }

    async fn a_configuration_that_was_set_elsewhere_is_followed(database: TestDatabase) {
        let one = House::new(&database).await;
        let other = House::another(&database).await;
        one.serves().await;
        other.modules.follow().await.unwrap();
        let config = json!({ "harmAtInit": "none" });
        one.modules.configure(&owner(), &hostile(), config.clone()).await.unwrap();
        other.modules.follow().await.unwrap();
        assert_eq!(other.modules.config(&owner(), &hostile()).await.unwrap(), config);
    }
}
