//! The cache around units of work.

use czo_repo::{RepoError, UnitOfWork};
use czo_testkit::{TestDatabase, assert_queries, on_each_database};
use sea_orm::{ActiveModelTrait, ConnectionTrait, Set};

use crate::note::{ActiveModel, migrate, note};
use crate::notes;

fn stars(stars: i32) -> ActiveModel {
    ActiveModel { stars: Set(stars), ..Default::default() }
}

fn undo() -> RepoError {
    RepoError::Refused(Vec::new())
}

on_each_database! {
    async fn a_transaction_reads_past_the_cache_and_leaves_nothing_in_it(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let id = notes.create(&db, note("a")).await.unwrap().id;
        notes.get(&db, id).await.unwrap();
        notes.list().count(&db).await.unwrap();
        let undone = db
            .transaction(async |tx| {
                notes.update(tx, id, 1, stars(5)).await?;
                let new = notes.create(tx, note("b")).await?.id;
                assert_eq!(notes.get(tx, id).await?.stars, 5);
                assert_eq!(notes.find_by_ids(tx, &[new]).await?[0].as_ref().unwrap().slug, "b");
                assert_eq!(notes.list().count(tx).await?, 2);
                assert_eq!(notes.list().find_many(tx).await?.len(), 2);
                assert!(notes.list().exists(tx).await?);
                // Outside nothing has happened.
                assert_eq!(notes.get(&db, id).await?.stars, 0);
                assert_eq!(notes.list().count(&db).await?, 1);
                Err::<(), _>(undo())
            })
            .await;
        assert!(undone.is_err());
        // A rollback forgets nothing, and what was read in it is not there.
        assert_queries!(database, == 0, {
            assert_eq!(notes.get(&db, id).await.unwrap().stars, 0);
            assert_eq!(notes.list().count(&db).await.unwrap(), 1);
        });
    }

    async fn what_is_committed_shows_when_the_transaction_returns(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let id = notes.create(&db, note("a")).await.unwrap().id;
        for round in 1..=20 {
            notes.get(&db, id).await.unwrap();
            notes.list().find_many(&db).await.unwrap();
            db.transaction(async |tx| notes.update(tx, id, None, stars(round)).await).await.unwrap();
            assert_eq!(notes.get(&db, id).await.unwrap().stars, round);
            assert_eq!(notes.list().find_many(&db).await.unwrap()[0].stars, round);
        }
    }

    async fn a_savepoint_that_is_undone_forgets_nothing(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let kept = notes.create(&db, note("a")).await.unwrap().id;
        let changed = notes.create(&db, note("b")).await.unwrap().id;
        notes.find_by_ids(&db, &[kept, changed]).await.unwrap();
        db.transaction(async |tx| {
            let undone = async |tx: &UnitOfWork| {
                notes.update(tx, kept, 1, stars(1)).await?;
                Err::<(), _>(undo())
            };
            assert!(tx.transaction(undone).await.is_err());
            tx.transaction(async |tx| notes.update(tx, changed, 1, stars(2)).await).await
        })
        .await
        .unwrap();
        assert_queries!(database, == 0, { notes.get(&db, kept).await.unwrap() });
        assert_eq!(notes.get(&db, changed).await.unwrap().stars, 2);
    }

    async fn what_seaorm_writes_in_a_transaction_is_told_with_it(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let id = notes.create(&db, note("a")).await.unwrap().id;
        notes.get(&db, id).await.unwrap();
        db.transaction(async |tx| {
            ActiveModel { id: Set(id), ..stars(8) }.update(&**tx).await?;
            notes.invalidate(tx, &[id]).await;
            // Not yet.
            assert_eq!(notes.get(&db, id).await?.stars, 0);
            Ok::<_, RepoError>(())
        })
        .await
        .unwrap();
        assert_eq!(notes.get(&db, id).await.unwrap().stars, 8);
    }
}

#[tokio::test]
async fn a_commit_that_failed_may_have_been_one() {
    let database = TestDatabase::postgres().await;
    let test = async |database: TestDatabase| {
        migrate(&database).await;
        let at_the_end = "ALTER TABLE note ADD CONSTRAINT stars_key UNIQUE (stars) \
                          DEFERRABLE INITIALLY DEFERRED";
        database.execute_unprepared(at_the_end).await.unwrap();
        let (notes, db) = (notes(), database.database());
        let id = notes.create(&db, note("a")).await.unwrap().id;
        let other = ActiveModel { stars: Set(1), ..note("b") };
        notes.create(&db, other).await.unwrap();
        notes.get(&db, id).await.unwrap();
        let failed = db.transaction(async |tx| notes.update(tx, id, 1, stars(1)).await).await;
        assert!(matches!(failed, Err(RepoError::Database(_))), "{failed:?}");
        assert_queries!(database, == 1, { notes.get(&db, id).await.unwrap() });
    };
    database.run(test).await;
}
