//! Versions.

use czo_modules::{FileKind, KEPT_VERSIONS};
use czo_repo::UnitOfWork;
use czo_testkit::on_each_database;

use crate::fixture::{manifest, name, registered, store, version};

on_each_database! {
    async fn a_version_comes_back_as_it_was_kept(database: TestDatabase) {
        let store = store(&database).await;
        registered(&store).await;
        let kept = version(&store, "1.2.3").await;
        let found = store.version(kept.id).await.expect("read");
        assert_eq!(found, kept);
        assert_eq!(found.manifest, manifest("1.2.3"));
        assert!(found.grants.kv);
        let files = store.files(kept.id).await.expect("read");
        let [file] = files.as_slice() else { panic!("expected one file, found {files:?}") };
        assert_eq!((file.kind, file.path.as_str(), file.size), (FileKind::Wasm, "module.wasm", 5));
        assert_eq!(store.artifact(file.digest).await.expect("there"), b"1.2.3");
    }

    async fn the_last_five_are_kept_and_the_one_that_serves(database: TestDatabase) {
        let store = store(&database).await;
        let module = registered(&store).await;
        let serving = version(&store, "1.0.0").await;
        let work = async |tx: &UnitOfWork| store.activate(tx, &module, serving.id).await;
        database.transaction(work).await.expect("activated");
        for minor in 1..=7 {
            version(&store, &format!("1.{minor}.0")).await;
        }
        let kept = store.versions(&name()).await.expect("read");
        let kept: Vec<_> = kept.iter().map(|kept| kept.manifest.version.to_string()).collect();
        assert_eq!(kept, ["1.7.0", "1.6.0", "1.5.0", "1.4.0", "1.3.0", "1.0.0"]);
        assert_eq!(kept.len(), KEPT_VERSIONS + 1);
    }
}
