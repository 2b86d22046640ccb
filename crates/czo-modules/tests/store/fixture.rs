//! A store with the module `loyalty`.

use std::sync::Arc;

use czo_core::SystemIds;
use czo_migrations::Migrator;
use czo_module_package::{ModuleManifest, ModuleName, Permissions};
use czo_modules::{
    ArtifactDigest, FileKind, ModuleError, ModuleFile, ModuleRecord, ModuleStore,
    ModuleVersionRecord, NewModuleVersion, StoreError,
};
use czo_repo::{Database, UnitOfWork};

pub(crate) async fn store(database: &Database) -> ModuleStore {
    let migrator = Migrator::new(vec![czo_migrations::modules()]);
    migrator.up(database).await.expect("the tables of modules");
    ModuleStore::new(database, Arc::new(SystemIds))
}

pub(crate) fn name() -> ModuleName {
    "loyalty".parse().expect("a name")
}

pub(crate) async fn registered(store: &ModuleStore) -> ModuleRecord {
    let work = async |tx: &UnitOfWork| store.register(tx, &name(), "./loyalty").await;
    store.database().transaction(work).await.expect("registered")
}

/// Adds a version with one file, whose content is its number.
pub(crate) async fn version(store: &ModuleStore, number: &str) -> ModuleVersionRecord {
    let content = number.as_bytes().to_vec();
    let digest = store.put_artifact(content).await.expect("kept");
    let file = ModuleFile {
        kind: FileKind::Wasm,
        path: "module.wasm".to_owned(),
        digest,
        size: number.len() as u64,
    };
    let version = NewModuleVersion {
        manifest: manifest(number),
        package_digest: ArtifactDigest::of(number.as_bytes()),
        grants: Permissions { kv: true, ..Permissions::default() },
        files: vec![file],
    };
    let work = async |tx: &UnitOfWork| store.add_version(tx, &version).await;
    store.database().transaction(work).await.expect("added")
}

pub(crate) fn manifest(number: &str) -> ModuleManifest {
    let manifest = serde_json::json!({
        "name": "loyalty",
        "version": number,
        "description": "Points for purchases.",
        "author": "Jane",
        "license": "MIT",
        "czo": "^0.1",
        "permissions": { "kv": true },
    });
    serde_json::from_value(manifest).expect("a manifest")
}

pub(crate) fn store_error<T: std::fmt::Debug>(result: Result<T, ModuleError>) -> StoreError {
    match result {
        Err(ModuleError::Store(error)) => error,
        other => panic!("expected an error of the store, found {other:?}"),
    }
}
