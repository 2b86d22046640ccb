//! A module is changed while it serves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use czo_modules::{
    AddOptions, Consent, DataFate, ModuleError, ModuleStatus, RemoveOptions, UpdateOutcome,
};
use czo_testkit::on_each_database;
use serde_json::json;

use crate::house::{House, call, hostile, migration, owner, table};

on_each_database! {
    async fn a_module_serves_once_it_is_enabled_and_no_more_once_it_is_disabled(database: TestDatabase) {
        let house = House::new(&database).await;
        let package = house.package("0.1.0", |_, _| {});
        let added = house.modules.add(&owner(), package, AddOptions::new("./hostile")).await.unwrap();
        assert_eq!(added.activated, None);
        assert_eq!(house.asks("none").await.unwrap_err().status(), 404);
        let activated = house.modules.enable(&owner(), &hostile()).await.unwrap();
        assert_eq!(activated.generation, 1);
        assert_eq!(house.asks("none").await.unwrap().status, 200);
        assert!(house.modules.openapi().contains_key("/api/modules/hostile/harm"));
        house.modules.disable(&owner(), &hostile()).await.unwrap();
        assert_eq!(house.asks("none").await.unwrap_err().status(), 404);
        assert!(house.modules.openapi().is_empty());
        let shown = house.modules.show(&owner(), &hostile()).await.unwrap();
        assert_eq!(shown.summary.status, ModuleStatus::Disabled);
    }

    async fn no_call_fails_while_versions_change(database: TestDatabase) {
        let house = Arc::new(House::new(&database).await);
        house.serves().await;
        let (calls, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let callers: Vec<_> = (0..4)
            .map(|_| {
                let (house, calls, is_over) = (house.clone(), calls.clone(), is_over.clone());
                tokio::spawn(async move {
                    while !is_over.load(Ordering::Relaxed) {
                        house.modules.handle(call("none")).await.unwrap();
                        calls.fetch_add(1, Ordering::Relaxed);
                        // Or the database, which waits for the network, hardly gets its turn.
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for minor in 2..6 {
            let package = house.package(&format!("0.{minor}.0"), |manifest, at| {
                (2..=minor).for_each(|n| migration(manifest, at, n, &format!("t{n}"), ""));
            });
            let updated =
                house.modules.update(&owner(), package, None, Consent::Nothing).await.unwrap();
            assert!(matches!(updated, UpdateOutcome::Updated { .. }), "{updated:?}");
            assert!(house.has_table(&table(&format!("t{minor}"))).await);
        }
        let back = house.modules.rollback(&owner(), &hostile()).await.unwrap();
        assert_eq!((back.to.to_string().as_str(), back.migrations_taken_back), ("0.4.0", 1));
        assert!(!house.has_table(&table("t5")).await && house.has_table(&table("t4")).await);
        house.modules.enable(&owner(), &hostile()).await.unwrap();
        is_over.store(true, Ordering::Relaxed);
        for caller in callers {
            caller.await.unwrap();
        }
        assert!(calls.load(Ordering::Relaxed) > 0);
    }

    async fn what_asks_for_more_waits_until_somebody_agrees_to_exactly_that(database: TestDatabase) {
        let house = House::new(&database).await;
        house.serves().await;
        let more = |manifest: &mut serde_json::Value, _: &std::path::Path| {
            manifest["permissions"]["http"] = json!(["127.0.0.1", "api.example.com"]);
        };
        let package = house.package("0.2.0", more);
        let outcome =
            house.modules.update(&owner(), package, None, Consent::Nothing).await.unwrap();
        let UpdateOutcome::WaitsForConsent(widened) = outcome else { panic!("{outcome:?}") };
        assert_eq!(widened.grants, ["sends requests to api.example.com"]);
        assert_eq!(house.version().await, "0.1.0");
        assert_eq!(house.asks("none").await.unwrap().status, 200);
        let other = Consent::Exactly("something else".to_owned());
        let refused = house.modules.accept(&owner(), &hostile(), other).await.unwrap_err();
        assert!(matches!(refused, ModuleError::ConsentDiffers { .. }), "{refused}");
        let consent = Consent::Exactly(widened.digest);
        house.modules.accept(&owner(), &hostile(), consent).await.unwrap();
        assert_eq!(house.version().await, "0.2.0");
        assert_eq!(house.asks("none").await.unwrap().status, 200);
    }

    async fn the_configuration_is_kept_over_an_update_and_checked_when_it_is_set(database: TestDatabase) {
        let house = House::new(&database).await;
        house.serves().await;
        let wrong = json!({ "harmAtInit": 7 });
        let refused = house.modules.configure(&owner(), &hostile(), wrong).await.unwrap_err();
        assert!(matches!(refused, ModuleError::Config { .. }), "{refused}");
        let config = json!({ "harmAtInit": "none" });
        house.modules.configure(&owner(), &hostile(), config.clone()).await.unwrap();
        let package = house.package("0.2.0", |_, _| {});
        house.modules.update(&owner(), package, None, Consent::Nothing).await.unwrap();
        assert_eq!(house.modules.config(&owner(), &hostile()).await.unwrap(), config);
    }

    async fn a_removed_module_leaves_its_data_or_an_export_of_it(database: TestDatabase) {
        let house = House::new(&database).await;
        let with_table = |manifest: &mut serde_json::Value, at: &std::path::Path| {
            let statement = format!("INSERT INTO {} (id) VALUES (42);", table("kept"));
            migration(manifest, at, 1, "kept", &statement);
        };
        house.adds(house.package("0.1.0", with_table)).await;
        let removed = house
            .modules
            .remove(&owner(), &hostile(), RemoveOptions::default())
            .await
            .unwrap();
        assert_eq!(removed.exported_to, None);
        assert!(house.has_table(&table("kept")).await);
        assert!(house.modules.list(&owner()).await.unwrap().is_empty());
        house.adds(house.package("0.1.0", with_table)).await;
        let options = RemoveOptions::default().data(DataFate::Delete);
        let removed = house.modules.remove(&owner(), &hostile(), options).await.unwrap();
        assert!(!house.has_table(&table("kept")).await);
        let export = std::fs::read_to_string(removed.exported_to.unwrap()).unwrap();
        assert!(export.contains("42") && export.contains(r#""end":true"#), "{export}");
    }

    async fn the_same_package_again_changes_nothing(database: TestDatabase) {
        let house = House::new(&database).await;
        house.serves().await;
        let package = house.package("0.1.0", |_, _| {});
        let outcome = house
            .modules
            .update(&owner(), package.clone(), None, Consent::Nothing)
            .await
            .unwrap();
        assert_eq!(outcome, UpdateOutcome::Unchanged);
        let refused = house.modules.add(&owner(), package, AddOptions::new(".")).await.unwrap_err();
        assert!(matches!(refused, ModuleError::Exists { .. }), "{refused}");
    }

    async fn a_module_under_development_is_reloaded_in_the_same_version(database: TestDatabase) {
        let house = House::new(&database).await;
        house.serves().await;
        let package = house.package("0.1.0", |manifest, _| {
            manifest["description"] = "Another build.".into();
        });
        let outcome = house.modules.reload(&owner(), package).await.unwrap();
        assert!(matches!(outcome, UpdateOutcome::Updated { .. }), "{outcome:?}");
        assert_eq!(house.asks("none").await.unwrap().status, 200);
    }
}
