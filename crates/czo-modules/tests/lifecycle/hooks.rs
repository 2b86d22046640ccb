//! Modules around operations.

use czo_hooks::HookError;
use czo_modules::{AddOptions, ModuleError};
use czo_testkit::TestDatabase;
use serde_json::json;

use crate::house::{House, Product, ProductCreate, hostile, owner};

async fn create(house: &House, title: &str) -> Result<Product, HookError> {
    let hooks = house.hooks.point::<ProductCreate>();
    hooks.run(&owner(), Product { title: title.to_owned() }, async |product| Ok(product)).await
}

#[tokio::test]
async fn a_hook_that_fails_is_passed_over_or_stops_the_operation_as_its_manifest_says() {
    let database = TestDatabase::sqlite().await;
    let house = House::new(&database).await;
    house.serves().await;
    assert_eq!(create(&house, "a lamp").await.unwrap().title, "a lamp");
    assert_eq!(create(&house, "harm:fail").await.unwrap().title, "harm:fail");
    let package = house.package("0.2.0", |manifest, _| {
        manifest["hooks"][0]["onFailure"] = "closed".into();
    });
    let all = czo_modules::Consent::Everything;
    house.modules.update(&owner(), package, None, all).await.unwrap();
    assert!(create(&house, "harm:fail").await.is_err());
    house.modules.disable(&owner(), &hostile()).await.unwrap();
    assert_eq!(create(&house, "harm:fail").await.unwrap().title, "harm:fail");
    assert!(house.hooks.point::<ProductCreate>().is_empty());
}

#[tokio::test]
async fn a_hook_that_computes_without_end_holds_no_operation_up() {
    let database = TestDatabase::sqlite().await;
    let house = House::new(&database).await;
    house.serves().await;
    assert_eq!(create(&house, "harm:loop").await.unwrap().title, "harm:loop");
}

#[tokio::test]
async fn a_point_that_nobody_opened_is_refused_with_those_that_are_open() {
    let database = TestDatabase::sqlite().await;
    let house = House::new(&database).await;
    let known = house.modules.rules();
    // A server of another make let it in.
    let rules = czo_module_package::ManifestRules::new("0.1.0".parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let built = house.package("0.1.0", |manifest, at| {
        let mut other = manifest.clone();
        other["hooks"] = json!([{ "point": "order.place", "phase": "before" }]);
        std::fs::copy(at.join("module.wasm"), folder.path().join("module.wasm")).unwrap();
        std::fs::write(folder.path().join("czo-module.json"), other.to_string()).unwrap();
    });
    drop((built, known));
    let limits = czo_module_package::PackageLimits::default();
    let package = czo_module_package::Package::open(folder.path(), &rules, &limits).unwrap();
    let refused = house.modules.add(&owner(), package, AddOptions::new(".")).await.unwrap_err();
    let ModuleError::Activation { reason, .. } = refused else { panic!("{refused}") };
    assert!(reason.contains("product.create"), "{reason}");
}
