//! What a unit of work writes once, right before it is committed.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use czo_repo::{BeforeCommit, DatabaseError, RepoError, UnitOfWork};
use czo_testkit::{TestDatabase, on_each_database};
use sea_orm::ConnectionTrait;

use crate::note::{NOTES, migrate, note, notes};

/// Writes a note for each title, and remembers how it was called.
#[derive(Debug, Default)]
struct Titles {
    calls: Mutex<Vec<Vec<String>>>,
    fails: bool,
}

#[async_trait]
impl BeforeCommit for Titles {
    type Item = String;

    async fn flush(
        self: Arc<Self>,
        tx: &UnitOfWork,
        items: Vec<String>,
    ) -> Result<(), DatabaseError> {
        let rows: Vec<_> = items.iter().map(|title| note(title)).collect();
        self.calls.lock().unwrap().push(items);
        tx.execute_unprepared("SELECT 1").await?;
        notes().create_many(tx, rows).await.map_err(|error| match error {
            RepoError::Database(error) => error,
            other => panic!("{other}"),
        })?;
        if self.fails {
            tx.execute_unprepared("SELECT * FROM of_no_such_table").await?;
        }
        Ok(())
    }
}

async fn titles(database: &TestDatabase) -> Vec<String> {
    let all = NOTES.all_shops().find_many(&database.database()).await.unwrap();
    let mut titles: Vec<_> = all.into_iter().map(|note| note.slug).collect();
    titles.sort();
    titles
}

on_each_database! {
    async fn what_was_collected_is_written_once_and_in_order(database: TestDatabase) {
        migrate(&database).await;
        let step = Arc::new(Titles::default());
        let outcome: Result<(), RepoError> = database
            .transaction(async |tx| {
                tx.before_commit(&step, "b".to_owned());
                tx.before_commit(&step, "a".to_owned());
                assert_eq!(NOTES.all_shops().count(tx).await?, 0);
                Ok(())
            })
            .await;
        outcome.unwrap();
        assert_eq!(*step.calls.lock().unwrap(), [["b", "a"]]);
        assert_eq!(titles(&database).await, ["a", "b"]);
    }

    async fn what_a_savepoint_collected_goes_with_it(database: TestDatabase) {
        migrate(&database).await;
        let step = Arc::new(Titles::default());
        let outcome: Result<(), RepoError> = database
            .transaction(async |tx| {
                tx.before_commit(&step, "first".to_owned());
                let undone: Result<(), RepoError> = tx
                    .transaction(async |tx| {
                        tx.before_commit(&step, "undone".to_owned());
                        Err(RepoError::Refused(Vec::new()))
                    })
                    .await;
                assert!(undone.is_err());
                tx.transaction(async |tx| {
                    tx.before_commit(&step, "kept".to_owned());
                    Ok::<_, RepoError>(())
                })
                .await
            })
            .await;
        outcome.unwrap();
        assert_eq!(*step.calls.lock().unwrap(), [["first", "kept"]]);
    }

    async fn nothing_is_written_for_what_is_rolled_back(database: TestDatabase) {
        migrate(&database).await;
        let step = Arc::new(Titles::default());
        let outcome: Result<(), RepoError> = database
            .transaction(async |tx| {
                tx.before_commit(&step, "a".to_owned());
                Err(RepoError::Refused(Vec::new()))
            })
            .await;
        outcome.unwrap_err();
        assert!(step.calls.lock().unwrap().is_empty());
        assert!(titles(&database).await.is_empty());
    }

    async fn a_step_that_fails_takes_everything_with_it(database: TestDatabase) {
        migrate(&database).await;
        let step = Arc::new(Titles { fails: true, ..Titles::default() });
        let outcome: Result<(), RepoError> = database
            .transaction(async |tx| {
                notes().create(tx, note("work")).await?;
                tx.before_commit(&step, "a".to_owned());
                Ok(())
            })
            .await;
        assert!(matches!(outcome, Err(RepoError::Database(_))), "{outcome:?}");
        assert!(titles(&database).await.is_empty());
    }
}

#[test]
fn a_step_notices_that_the_transaction_was_broken_before() {
    let test = async |database: TestDatabase| {
        migrate(&database).await;
        let step = Arc::new(Titles::default());
        let outcome: Result<(), DatabaseError> = database
            .transaction(async |tx| {
                let _ = tx.execute_unprepared("SELECT * FROM of_no_such_table").await;
                tx.before_commit(&step, "a".to_owned());
                Ok(())
            })
            .await;
        assert!(matches!(outcome, Err(DatabaseError::Aborted)), "{outcome:?}");
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        TestDatabase::postgres().await.run(test).await;
    });
}
