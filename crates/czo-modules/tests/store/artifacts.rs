//! Files of packages.

use czo_modules::{ArtifactDigest, MAX_ARTIFACT, StoreError};
use czo_testkit::on_each_database;
use sea_orm::ConnectionTrait;

use crate::fixture::{registered, store, store_error, version};

on_each_database! {
    async fn the_same_bytes_are_kept_once(database: TestDatabase) {
        let store = store(&database).await;
        let first = store.put_artifact(b"\0asm".to_vec()).await.expect("kept");
        let second = store.put_artifact(b"\0asm".to_vec()).await.expect("kept again");
        assert_eq!(first, second);
        assert_eq!(first, ArtifactDigest::of(b"\0asm"));
        assert_eq!(store.artifact(first).await.expect("there"), b"\0asm");
    }

    async fn a_file_of_more_than_32_mib_is_refused(database: TestDatabase) {
        let store = store(&database).await;
        let error = store_error(store.put_artifact(vec![0; MAX_ARTIFACT + 1]).await);
        assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
    }

    async fn damaged_bytes_are_not_given_out(database: TestDatabase) {
        let store = store(&database).await;
        let digest = store.put_artifact(b"whole".to_vec()).await.expect("kept");
        let damage = if database.is_sqlite() { "x'00'" } else { "'\\x00'::bytea" };
        let damage = format!("UPDATE modules_artifact SET content = {damage}");
        database.execute_unprepared(&damage).await.expect("damaged");
        let error = store_error(store.artifact(digest).await);
        assert!(matches!(error, StoreError::DamagedArtifact { .. }), "{error}");
    }

    async fn only_what_no_version_has_is_swept_and_only_after_an_hour(database: TestDatabase) {
        let store = store(&database).await;
        registered(&store).await;
        version(&store, "1.0.0").await;
        let orphan = store.put_artifact(b"orphan".to_vec()).await.expect("kept");
        assert_eq!(store.sweep_artifacts().await.expect("swept"), 0, "the hour has not passed");

        let age = "UPDATE modules_artifact SET created_at = created_at - 3700000";
        database.execute_unprepared(age).await.expect("aged");
        assert_eq!(store.sweep_artifacts().await.expect("swept"), 1);
        let error = store_error(store.artifact(orphan).await);
        assert!(matches!(error, StoreError::NoArtifact { .. }), "{error}");
        store.artifact(ArtifactDigest::of(b"1.0.0")).await.expect("that of the version is there");
    }

    async fn what_is_put_again_is_not_swept(database: TestDatabase) {
        let store = store(&database).await;
        let digest = store.put_artifact(b"again".to_vec()).await.expect("kept");
        let age = "UPDATE modules_artifact SET created_at = created_at - 3700000";
        database.execute_unprepared(age).await.expect("aged");
        store.put_artifact(b"again".to_vec()).await.expect("kept again");
        assert_eq!(store.sweep_artifacts().await.expect("swept"), 0);
        store.artifact(digest).await.expect("there");
    }
}
