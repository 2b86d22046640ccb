//! What is read after a write.

use czo_repo::Database;
use czo_testkit::{assert_queries, on_each_database};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, Set};

use crate::note::{ActiveModel, Column, NoteId, migrate, note};
use crate::{Notes, notes};

fn stars(stars: i32) -> ActiveModel {
    ActiveModel { stars: Set(stars), ..Default::default() }
}

/// A note that is in the cache, as is the list of all.
async fn cached(notes: &Notes, db: &Database) -> NoteId {
    let id = notes.create(db, note("a")).await.unwrap().id;
    notes.get(db, id).await.unwrap();
    notes.list().find_many(db).await.unwrap();
    id
}

on_each_database! {
    async fn every_write_of_a_row_shows(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let id = cached(&notes, &db).await;
        notes.update(&db, id, 1, stars(1)).await.unwrap();
        assert_eq!(notes.get(&db, id).await.unwrap().stars, 1);
        notes.modify(&db, id, |row| stars(row.stars + 1)).await.unwrap();
        assert_eq!(notes.get(&db, id).await.unwrap().stars, 2);
        notes.update_many(&db, Column::Stars.eq(2), stars(3)).await.unwrap();
        assert_eq!(notes.get(&db, id).await.unwrap().stars, 3);
        let key = [Column::ShopId, Column::Slug];
        let row = ActiveModel { stars: Set(4), ..note("a") };
        notes.upsert_many(&db, &key, &[Column::Stars], [row]).await.unwrap();
        assert_eq!(notes.get(&db, id).await.unwrap().stars, 4);
        notes.delete(&db, id, None).await.unwrap();
        assert_eq!(notes.find_by_id(&db, id).await.unwrap(), None);
        notes.restore(&db, id).await.unwrap();
        assert_eq!(notes.get(&db, id).await.unwrap().stars, 4);
        notes.delete_many(&db, Condition::all()).await.unwrap();
        assert_eq!(notes.find_by_id(&db, id).await.unwrap(), None);
        notes.restore(&db, id).await.unwrap();
        notes.get(&db, id).await.unwrap();
        notes.hard_delete(&db, id).await.unwrap();
        assert_eq!(notes.find_by_id(&db, id).await.unwrap(), None);
    }

    async fn a_write_leaves_other_rows_where_they_are(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let id = cached(&notes, &db).await;
        let other = notes.create(&db, note("b")).await.unwrap().id;
        notes.update(&db, other, 1, stars(1)).await.unwrap();
        assert_queries!(database, == 0, { notes.get(&db, id).await.unwrap() });
    }

    async fn a_write_is_no_more_statements_than_without_a_cache(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let id = cached(&notes, &db).await;
        assert_queries!(database, == 1, { notes.update(&db, id, 1, stars(1)).await.unwrap() });
        assert_queries!(database, == 1, { notes.create(&db, note("b")).await.unwrap() });
    }

    async fn a_write_that_was_refused_forgets_nothing(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let id = cached(&notes, &db).await;
        notes.update(&db, id, 7, stars(1)).await.unwrap_err();
        notes.create(&db, note("a")).await.unwrap_err();
        assert_queries!(database, == 0, {
            notes.get(&db, id).await.unwrap();
            notes.list().find_many(&db).await.unwrap();
        });
    }

    async fn a_write_ends_when_its_caller_has_gone(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let id = cached(&notes, &db).await;
        {
            let mut writing = Box::pin(notes.update(&db, id, 1, stars(1)));
            // It is asked once, and then dropped.
            let _ = futures_util::poll!(&mut writing);
        }
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while notes.get(&db, id).await.unwrap().stars == 0 {
            assert!(std::time::Instant::now() < deadline, "the write does not show");
            tokio::task::yield_now().await;
        }
    }

    async fn what_was_written_past_it_shows_once_it_is_told(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let id = cached(&notes, &db).await;
        ActiveModel { id: Set(id), ..stars(8) }.update(&*db).await.unwrap();
        assert_eq!(notes.get(&db, id).await.unwrap().stars, 0);
        notes.invalidate(&db, &[id]).await;
        assert_eq!(notes.get(&db, id).await.unwrap().stars, 8);
        ActiveModel { id: Set(id), ..stars(9) }.update(&*db).await.unwrap();
        notes.invalidate_all(&db).await;
        assert_eq!(notes.get(&db, id).await.unwrap().stars, 9);
        assert_eq!(notes.list().find_many(&db).await.unwrap()[0].stars, 9);
    }
}
