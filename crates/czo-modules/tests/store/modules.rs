//! Installed modules.

use czo_core::SystemIds;
use czo_modules::{ModuleStatus, ModuleVersionId, StoreError};
use czo_repo::UnitOfWork;
use czo_testkit::on_each_database;

use crate::fixture::{name, registered, store, store_error, version};

on_each_database! {
    async fn a_module_is_installed_once(database: TestDatabase) {
        let store = store(&database).await;
        let module = registered(&store).await;
        assert_eq!((module.status, module.generation), (ModuleStatus::Installed, None));
        let again = async |tx: &UnitOfWork| store.register(tx, &name(), "./other").await;
        let error = store_error(database.transaction(again).await);
        assert!(matches!(error, StoreError::AlreadyInstalled { .. }), "{error}");
        assert_eq!(store.modules().await.expect("read"), [module]);
    }

    async fn each_activation_is_a_new_generation(database: TestDatabase) {
        let store = store(&database).await;
        let module = registered(&store).await;
        let (first, second) = (version(&store, "1.0.0").await, version(&store, "1.1.0").await);
        let activate = async |module, version| {
            let work = async |tx: &UnitOfWork| store.activate(tx, module, version).await;
            database.transaction(work).await.expect("activated")
        };
        let module = activate(&module, first.id).await;
        assert_eq!(module.generation.map(|generation| generation.number()), Some(1));
        let module = activate(&module, second.id).await;
        assert_eq!(module.generation.map(|generation| generation.number()), Some(2));
        assert_eq!((module.status, module.version_id), (ModuleStatus::Enabled, Some(second.id)));
    }

    async fn generations_go_on_when_a_module_comes_back(database: TestDatabase) {
        let store = store(&database).await;
        for expected in [1, 2] {
            let module = registered(&store).await;
            let version = version(&store, "1.0.0").await;
            let work = async |tx: &UnitOfWork| store.activate(tx, &module, version.id).await;
            let module = database.transaction(work).await.expect("activated");
            assert_eq!(module.generation.map(|generation| generation.number()), Some(expected));
            let work = async |tx: &UnitOfWork| store.remove(tx, &module).await;
            database.transaction(work).await.expect("removed");
            assert_eq!(store.module(&name()).await.expect("read"), None);
            assert_eq!(store.versions(&name()).await.expect("read"), []);
        }
    }

    async fn a_change_of_what_was_changed_meanwhile_is_refused(database: TestDatabase) {
        let store = store(&database).await;
        let seen = registered(&store).await;
        let disable = async |tx: &UnitOfWork| {
            let note = Some("it failed ten times in a minute");
            store.set_status(tx, &seen, ModuleStatus::Quarantined, note).await
        };
        let changed = database.transaction(disable).await.expect("changed");
        assert_eq!(changed.status, ModuleStatus::Quarantined);
        let error = store_error(database.transaction(disable).await);
        assert!(matches!(error, StoreError::Changed { .. }), "{error}");
        let remove = async |tx: &UnitOfWork| store.remove(tx, &seen).await;
        let error = store_error(database.transaction(remove).await);
        assert!(matches!(error, StoreError::Changed { .. }), "{error}");
    }

    async fn a_version_of_nothing_is_not_activated(database: TestDatabase) {
        let store = store(&database).await;
        let module = registered(&store).await;
        let id = ModuleVersionId::generate(&SystemIds);
        let work = async |tx: &UnitOfWork| store.activate(tx, &module, id).await;
        let error = store_error(database.transaction(work).await);
        assert!(matches!(error, StoreError::NoVersion { .. }), "{error}");
    }
}
