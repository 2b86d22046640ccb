//! Configuration.

use czo_core::{ShopId, SystemIds};
use czo_modules::StoreError;
use czo_repo::UnitOfWork;
use czo_testkit::on_each_database;
use serde_json::json;

use crate::fixture::{name, store, store_error};

on_each_database! {
    async fn each_shop_has_its_own_configuration(database: TestDatabase) {
        let (store, shop) = (store(&database).await, ShopId::generate(&SystemIds));
        let configs = [(None, json!({ "rate": 1 })), (Some(shop), json!({ "rate": 2 }))];
        for (shop, config) in &configs {
            let work = async |tx: &UnitOfWork| {
                store.set_config(tx, &name(), *shop, None, config).await
            };
            database.transaction(work).await.expect("set");
        }
        for (shop, config) in &configs {
            let found = store.config(&name(), *shop).await.expect("read").expect("there");
            assert_eq!(found.config, *config);
        }
        assert_eq!(store.configs(&name()).await.expect("read").len(), 2);
    }

    async fn of_two_changes_of_one_configuration_the_second_is_refused(database: TestDatabase) {
        let store = store(&database).await;
        let set = async |expected, rate: i32| {
            let config = json!({ "rate": rate });
            let (store, config) = (&store, &config);
            let work = async |tx: &UnitOfWork| {
                store.set_config(tx, &name(), None, expected, config).await
            };
            database.transaction(work).await
        };
        let first = set(None, 1).await.expect("set");
        let second = set(Some(first.revision), 2).await.expect("changed");
        assert!(second.revision > first.revision);
        for stale in [None, Some(first.revision)] {
            let error = store_error(set(stale, 3).await);
            assert!(matches!(error, StoreError::Changed { .. }), "{error}");
        }
        let found = store.config(&name(), None).await.expect("read").expect("there");
        assert_eq!(found.config, json!({ "rate": 2 }));
    }
}
