//! A version can't take over: the one before goes on, and its data is as it was.

use czo_modules::{Consent, ModuleError, ModuleStatus};
use czo_testkit::on_each_database;
use serde_json::json;

use crate::house::{House, hostile, migration, owner, table, until};

on_each_database! {
    async fn after_a_failed_migration_the_old_version_serves_with_its_data(database: TestDatabase) {
        let house = House::new(&database).await;
        house.serves().await;
        let package = house.package("0.2.0", |manifest, at| {
            migration(manifest, at, 1, "good", "");
            let twice = format!("INSERT INTO {0} (id) VALUES (1); INSERT INTO {0} (id) VALUES (1);", table("bad"));
            migration(manifest, at, 2, "bad", &twice);
        });
        let failed =
            house.modules.update(&owner(), package, None, Consent::Nothing).await.unwrap_err();
        let ModuleError::Activation { step, .. } = failed else { panic!("{failed}") };
        assert_eq!(step, "rehearsing migrations");
        is_as_before(&house).await;
        assert!(!house.has_table(&table("good")).await);
    }

    async fn after_a_failed_beginning_migrations_are_taken_back(database: TestDatabase) {
        let house = House::new(&database).await;
        house.serves().await;
        let config = json!({ "harmAtInit": "fail" });
        house.modules.configure(&owner(), &hostile(), config).await.unwrap();
        let package = house.package("0.2.0", |manifest, at| {
            migration(manifest, at, 1, "fresh", "");
            manifest["subscriptions"] = json!([{ "events": "hostile.#" }]);
        });
        let failed =
            house.modules.update(&owner(), package, None, Consent::Everything).await.unwrap_err();
        let ModuleError::Activation { step, .. } = failed else { panic!("{failed}") };
        assert_eq!(step, "beginning (`init`)");
        is_as_before(&house).await;
        assert!(!house.has_table(&table("fresh")).await);
        let shown = house.modules.show(&owner(), &hostile()).await.unwrap();
        assert_eq!(shown.versions.len(), 1);
    }

    async fn a_new_version_that_fails_its_first_calls_goes_back_by_itself(database: TestDatabase) {
        let house = House::new(&database).await;
        house.serves().await;
        let package = house.package("0.2.0", |_, _| {});
        house.modules.update(&owner(), package, None, Consent::Nothing).await.unwrap();
        for _ in 0..5 {
            assert_eq!(house.asks("trap").await.unwrap_err().status(), 502);
        }
        until("the old version is back", async || house.version().await == "0.1.0").await;
        is_as_before(&house).await;
    }

    async fn what_wants_more_than_it_is_granted_is_not_installed(database: TestDatabase) {
        let house = House::new(&database).await;
        let package = house.package("0.1.0", |manifest, _| {
            manifest["permissions"] = json!({ "kv": true });
        });
        let options = czo_modules::AddOptions::new(".").enable();
        let refused = house.modules.add(&owner(), package, options).await.unwrap_err();
        assert!(refused.to_string().contains("permissions"), "{refused}");
        assert!(house.modules.list(&owner()).await.unwrap().is_empty());
    }
}

async fn is_as_before(house: &House) {
    assert_eq!(house.version().await, "0.1.0");
    assert_eq!(house.asks("none").await.unwrap().status, 200);
    let shown = house.modules.show(&owner(), &hostile()).await.unwrap();
    assert_eq!(shown.summary.status, ModuleStatus::Enabled);
}
