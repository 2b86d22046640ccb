//! Together or not at all.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use czo_repo::{Database, DatabaseError, RepoError, TransactionOptions};
use czo_testkit::{TestDatabase, on_each_database};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, Set};
use tokio::task::JoinSet;

use crate::note::{ActiveModel, COUNTERS, Column, counter, migrate, note, notes};

fn refusal() -> RepoError {
    RepoError::Refused(Vec::new())
}

on_each_database! {
    async fn what_fails_leaves_nothing_behind(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let outcome: Result<(), _> = db
            .transaction(async |tx| {
                notes.create(tx, note("a")).await?;
                assert_eq!(notes.count(tx).await?, 1);
                Err(refusal())
            })
            .await;
        assert!(matches!(outcome, Err(RepoError::Refused(_))), "{outcome:?}");
        assert_eq!(notes.count(&db).await.unwrap(), 0);
    }

    async fn a_panic_rolls_back_and_gives_the_connection_back(database: TestDatabase) {
        migrate(&database).await;
        let notes = notes();
        let options = database.options().clone().max_connections(1);
        let db = Database::connect(&options).await.unwrap();
        for _ in 0..3 {
            let (notes, db) = (notes.clone(), db.clone());
            let task = tokio::spawn(async move {
                db.transaction(async |tx| -> Result<(), RepoError> {
                    notes.create(tx, note("a")).await?;
                    panic!("of the test");
                })
                .await
            });
            assert!(task.await.unwrap_err().is_panic());
        }
        assert_eq!(notes.count(&db).await.unwrap(), 0);
    }

    async fn a_caller_who_goes_away_leaves_nothing_behind(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let written = tokio::sync::Notify::new();
        let work = db.transaction(async |tx| -> Result<(), RepoError> {
            notes.create(tx, note("a")).await?;
            written.notify_one();
            std::future::pending().await
        });
        tokio::select! {
            outcome = work => panic!("{outcome:?}"),
            () = written.notified() => {}
        }
        assert_eq!(notes.count(&db).await.unwrap(), 0);
    }

    async fn a_nested_failure_undoes_only_itself(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let ran = Arc::new(Mutex::new(Vec::new()));
        db.transaction(async |tx| {
            let say = |word| {
                let ran = ran.clone();
                async move { ran.lock().unwrap().push(word) }
            };
            tx.after_commit(say("outer"));
            notes.create(tx, note("a")).await?;
            let inner: Result<(), RepoError> = tx
                .transaction(async |tx| {
                    tx.after_commit(say("undone"));
                    tx.unless_rolled_back(say("undone, too"));
                    notes.create(tx, note("b")).await?;
                    Err(refusal())
                })
                .await;
            assert!(inner.is_err());
            // A unique violation within a savepoint does not end the transaction either.
            let taken = tx.transaction(async |tx| notes.create(tx, note("a")).await).await;
            assert!(matches!(taken, Err(RepoError::Taken { .. })), "{taken:?}");
            tx.transaction(async |tx| {
                tx.after_commit(say("kept"));
                tx.unless_rolled_back(say("kept, too"));
                notes.create(tx, note("c")).await
            })
            .await?;
            assert!(ran.lock().unwrap().is_empty());
            Ok::<_, RepoError>(())
        })
        .await
        .unwrap();
        let rows = notes.find_many(&db).await.unwrap();
        assert_eq!(rows.iter().map(|row| &*row.slug).collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(*ran.lock().unwrap(), ["outer", "kept", "kept, too"]);
    }

    async fn a_failure_that_is_ignored_is_not_taken_for_a_commit(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        notes.create(&db, note("a")).await.unwrap();
        let ran = Arc::new(AtomicUsize::new(0));
        let outcome = db
            .transaction(async |tx| {
                let ran = ran.clone();
                tx.after_commit(async move { ran.store(1, Ordering::SeqCst) });
                notes.create(tx, note("b")).await?;
                let taken = notes.create(tx, note("a")).await;
                assert!(matches!(taken, Err(RepoError::Taken { .. })), "{taken:?}");
                Ok::<_, RepoError>(())
            })
            .await;
        // PostgreSQL keeps nothing after a failure; SQLite undoes only what failed.
        let kept = u64::from(db.is_sqlite());
        assert_eq!(outcome.is_ok(), db.is_sqlite(), "{outcome:?}");
        assert_eq!(notes.filter(Column::Slug.eq("b")).count(&db).await.unwrap(), kept);
        assert_eq!(ran.load(Ordering::SeqCst) as u64, kept);
    }

    async fn a_savepoint_that_fails_ends_the_transaction(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        notes.create(&db, note("a")).await.unwrap();
        let outcome = db
            .transaction(async |tx| {
                notes.create(tx, note("b")).await?;
                // Ends the transaction on PostgreSQL, so that the savepoint after it can't be set.
                let _ = notes.create(tx, note("a")).await;
                let _ = notes.create_many(tx, [note("c")]).await;
                let _ = notes.create(tx, note("d")).await;
                Ok::<_, RepoError>(())
            })
            .await;
        assert_eq!(outcome.is_ok(), db.is_sqlite(), "{outcome:?}");
        let kept = if db.is_sqlite() { 4 } else { 1 };
        assert_eq!(notes.count(&db).await.unwrap(), kept);
    }

    async fn two_writes_at_once_on_one_unit_are_refused(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let outcome = db
            .transaction(async |tx| {
                tx.transaction(async |inner| {
                    notes.create(inner, note("a")).await?;
                    let side_by_side = tx.transaction(async |_| Ok::<_, RepoError>(())).await;
                    let error = side_by_side.unwrap_err();
                    assert!(matches!(error, RepoError::Database(DatabaseError::InUse)), "{error:?}");
                    notes.create(tx, note("b")).await
                })
                .await
            })
            .await;
        let error = outcome.unwrap_err();
        assert!(matches!(error, RepoError::Database(DatabaseError::InUse)), "{error:?}");
        assert_eq!(notes.count(&db).await.unwrap(), 0);
    }

    async fn a_callback_that_panics_takes_no_other_with_it(database: TestDatabase) {
        migrate(&database).await;
        let db = database.database();
        let ran = Arc::new(AtomicUsize::new(0));
        let outcome: Result<(), RepoError> = db
            .transaction(async |tx| {
                let ran = ran.clone();
                tx.after_commit(async { panic!("of the test") });
                tx.after_commit(async move { ran.store(1, Ordering::SeqCst) });
                Ok(())
            })
            .await;
        outcome.unwrap();
        assert_eq!(ran.load(Ordering::SeqCst), 1);
    }

    async fn callbacks_never_run_on_rollback(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let ran = Arc::new(AtomicUsize::new(0));
        let outcome: Result<(), _> = db
            .transaction(async |tx| {
                let ran = ran.clone();
                tx.after_commit(async move { ran.store(1, Ordering::SeqCst) });
                notes.create(tx, note("a")).await?;
                Err(refusal())
            })
            .await;
        assert!(outcome.is_err());
        assert_eq!(ran.load(Ordering::SeqCst), 0);
    }

    async fn sixty_four_tasks_increment_one_row_a_hundred_times_whatever_deadlocks(
        database: TestDatabase
    ) {
        const TASKS: i64 = 64;
        const ROUNDS: i64 = 100;
        migrate(&database).await;
        let db = database.database();
        let row = counter::ActiveModel {
            label: Set("a".to_owned()),
            value: Set(0),
            ..Default::default()
        };
        let id = COUNTERS.create(&db, row).await.unwrap().id;
        let (attempts, deadlocks) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let (db, attempts, deadlocks) = (db.clone(), attempts.clone(), deadlocks.clone());
            tasks.spawn(async move {
                for _ in 0..ROUNDS {
                    let options = TransactionOptions::serializable().attempts(1_000);
                    db.transaction_with(options, async |tx| {
                        let row = COUNTERS.get(tx, id).await?;
                        let more =
                            counter::ActiveModel { value: Set(row.value + 1), ..Default::default() };
                        COUNTERS.update(tx, id, czo_repo::AnyVersion, more).await?;
                        let attempt = attempts.fetch_add(1, Ordering::SeqCst);
                        if attempt % 10 == 0 && tx.get_database_backend() == DbBackend::Postgres {
                            deadlocks.fetch_add(1, Ordering::SeqCst);
                            return Err(collide(&**tx).await.into());
                        }
                        Ok::<_, RepoError>(())
                    })
                    .await
                    .unwrap();
                }
            });
        }
        tasks.join_all().await;
        assert_eq!(COUNTERS.get(&db, id).await.unwrap().value, TASKS * ROUNDS);
        assert_eq!(deadlocks.load(Ordering::SeqCst) >= 640, !db.is_sqlite());
    }

    async fn a_collision_is_tried_again_no_more_often_than_allowed(database: TestDatabase) {
        migrate(&database).await;
        let db = database.database();
        let attempts = AtomicUsize::new(0);
        let options = TransactionOptions::default().attempts(3);
        let outcome: Result<(), DatabaseError> = db
            .transaction_with(options, async |tx| {
                attempts.fetch_add(1, Ordering::SeqCst);
                Err(collide(&**tx).await)
            })
            .await;
        assert!(outcome.is_err());
        let expected = if db.is_sqlite() { 1 } else { 3 };
        assert_eq!(attempts.load(Ordering::SeqCst), expected);
    }

    async fn a_session_reads_one_replica_only(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        notes.create(&db, note("a")).await.unwrap();
        let behind = twin(&database).await;
        let check = async |behind: TestDatabase| {
            migrate(&behind).await;
            let db = db.clone().with_replicas([behind.database(), db.clone()]);
            let session = db.session();
            let mut seen = (Vec::new(), Vec::new());
            for _ in 0..4 {
                seen.0.push(notes.count(&session).await.unwrap());
                seen.1.push(notes.count(&db).await.unwrap());
            }
            assert!(seen.0.iter().all(|count| *count == seen.0[0]), "{seen:?}");
            seen.1.sort_unstable();
            assert_eq!(seen.1, [0, 0, 1, 1]);
        };
        behind.run(async |behind| check(behind).await).await;
    }

    async fn reads_go_to_a_replica_until_the_session_writes(database: TestDatabase) {
        migrate(&database).await;
        let behind = twin(&database).await;
        let check = async |behind: TestDatabase| {
            migrate(&behind).await;
            let db = database.database().with_replicas([behind.database()]);
            let notes = notes();
            let session = db.session();
            assert_eq!(notes.count(&session).await.unwrap(), 0);
            let row = notes.create(&session, note("a")).await.unwrap();
            assert_eq!(notes.find_by_id(&session, row.id).await.unwrap(), Some(row.clone()));
            // Others read the replica, which has not got it yet; the primary has.
            assert_eq!(notes.find_by_id(&db, row.id).await.unwrap(), None);
            assert_eq!(notes.filter(Column::Slug.eq("a")).count(&db.primary()).await.unwrap(), 1);
            let seen = db.transaction(async |tx| notes.count(tx).await).await.unwrap();
            assert_eq!(seen, 1);
            let stars = ActiveModel { stars: Set(1), ..Default::default() };
            assert_eq!(notes.update(&db, row.id, 1, stars).await.unwrap().version, 2);
        };
        behind.run(async |behind| check(behind).await).await;
    }
}

/// Another database of the same kind.
async fn twin(database: &TestDatabase) -> TestDatabase {
    if database.is_sqlite() { TestDatabase::sqlite().await } else { TestDatabase::postgres().await }
}

/// What PostgreSQL says to the victim of a deadlock; SQLite has no way to say so by itself.
async fn collide(tx: &impl ConnectionTrait) -> DatabaseError {
    let raise = "DO $$ BEGIN RAISE EXCEPTION 'of the test' USING ERRCODE = '40P01'; END $$";
    tx.execute_unprepared(raise).await.unwrap_err().into()
}

#[test]
fn two_transactions_that_lock_each_other_out_both_end_well() {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        TestDatabase::postgres().await.run(deadlocks).await;
    });
}

/// Each takes one row, waits until the other has taken the other row, and asks for that.
async fn deadlocks(database: TestDatabase) {
    migrate(&database).await;
    let (notes, db) = (notes(), database.database());
    let rows = notes.create_many(&db, ["a", "b"].map(note)).await.unwrap();
    let both_have_one = Arc::new(tokio::sync::Barrier::new(2));
    let mut tasks = JoinSet::new();
    let attempts = Arc::new(AtomicUsize::new(0));
    for (first, second) in [(0, 1), (1, 0)] {
        let (notes, db, barrier) = (notes.clone(), db.clone(), both_have_one.clone());
        let (first, second, attempts) = (rows[first].id, rows[second].id, attempts.clone());
        tasks.spawn(async move {
            let is_first = AtomicBool::new(true);
            db.transaction(async |tx| {
                attempts.fetch_add(1, Ordering::SeqCst);
                let more = |row: &crate::note::Model| ActiveModel {
                    stars: Set(row.stars + 1),
                    ..Default::default()
                };
                notes.modify(tx, first, more).await?;
                if is_first.swap(false, Ordering::SeqCst) {
                    barrier.wait().await;
                }
                notes.modify(tx, second, more).await
            })
            .await
        });
    }
    for outcome in tasks.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(attempts.load(Ordering::SeqCst), 3);
    let rows = notes.find_many(&db).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.stars).collect::<Vec<_>>(), [2, 2]);
}
