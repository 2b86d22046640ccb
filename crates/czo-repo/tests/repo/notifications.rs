//! Telling the other processes of a database that there is something to look at.

use std::time::Duration;

use czo_testkit::TestDatabase;
use futures_util::FutureExt;

/// As long as it may take; nothing waits for it when all is well.
const LONG: Duration = Duration::from_secs(30);

async fn postgres(test: impl AsyncFn(TestDatabase)) {
    TestDatabase::postgres().await.run(|database| test(database)).await;
}

#[tokio::test]
async fn whoever_listens_is_told_of_a_notification() {
    postgres(async |database| {
        let mut heard = database.listen("czo_test_heard");
        // The first is the connection itself: what was sent before is not known.
        tokio::time::timeout(LONG, heard.next()).await.unwrap();
        database.notify("czo_test_heard").await.unwrap();
        tokio::time::timeout(LONG, heard.next()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_was_lost_counts_as_a_notification() {
    postgres(async |database| {
        use sea_orm::ConnectionTrait;
        let mut heard = database.listen("czo_test_lost");
        tokio::time::timeout(LONG, heard.next()).await.unwrap();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE query LIKE 'LISTEN%czo_test_lost%' AND pid <> pg_backend_pid()";
        database.execute_unprepared(end).await.unwrap();
        tokio::time::timeout(LONG, heard.next()).await.unwrap();
        // And it hears again.
        database.notify("czo_test_lost").await.unwrap();
        tokio::time::timeout(LONG, heard.next()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn with_sqlite_nothing_is_heard_and_nothing_fails() {
    let database = TestDatabase::sqlite().await;
    let mut heard = database.listen("czo_test");
    database.notify("czo_test").await.unwrap();
    assert_eq!(heard.next().now_or_never(), None);
}
