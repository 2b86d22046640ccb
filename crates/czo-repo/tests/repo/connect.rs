//! What opening a database says when it can't be opened.

use czo_core::Classified;
use czo_repo::{Database, DatabaseError, DatabaseOptions, DatabaseUrl};

async fn refusal(url: DatabaseUrl) -> DatabaseError {
    Database::connect(&DatabaseOptions::new(url)).await.expect_err("it must be refused")
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("czo.db");
    std::fs::write(&path, "this is not a database, however long it may be ".repeat(100)).unwrap();
    let error = refusal(DatabaseUrl::sqlite(&path)).await;
    assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
    assert!(matches!(error, DatabaseError::File { .. }));
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_refused_as_a_file_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(DatabaseUrl::sqlite(folder.path().join("no/such/czo.db"))).await;
    assert!(matches!(error, DatabaseError::File { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_retryable_and_its_password_unsaid() {
    let error = refusal("postgres://czo:s3cr3t@127.0.0.1:1/shop".parse().unwrap()).await;
    assert!(error.is_retryable());
    assert!(!format!("{error} {error:?}").contains("s3cr3t"));
}

#[tokio::test]
async fn two_writers_of_one_sqlite_file_wait_for_each_other() {
    use sea_orm::ConnectionTrait;

    let folder = tempfile::tempdir().unwrap();
    let options = DatabaseOptions::new(DatabaseUrl::sqlite(folder.path().join("czo.db")));
    let database = Database::connect(&options).await.unwrap();
    database
        .execute_unprepared("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (0)")
        .await
        .unwrap();
    let writers = (0..8).map(|_| {
        let database = database.clone();
        tokio::spawn(async move {
            for _ in 0..20 {
                let tx = database.begin().await.unwrap();
                tx.execute_unprepared("UPDATE t SET n = n + 1").await.unwrap();
                tx.commit().await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let row = database
        .query_one_raw(sea_orm::Statement::from_string(
            sea_orm::DbBackend::Sqlite,
            "SELECT n FROM t",
        ))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.try_get::<i64>("", "n").unwrap(), 160);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_who_open_a_new_file_at_once_have_it() {
    for _ in 0..30 {
        let folder = tempfile::tempdir().unwrap();
        let options = DatabaseOptions::new(DatabaseUrl::sqlite(folder.path().join("new.db")));
        let opening = (0..8).map(|_| {
            let options = options.clone();
            tokio::spawn(async move { Database::connect(&options).await })
        });
        for opened in futures_util::future::join_all(opening).await {
            opened.unwrap().unwrap().close().await.unwrap();
        }
    }
}
