//! No change is lost.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use czo_core::ManualClock;
use czo_repo::{Database, Expected, Ready, RepoError, Repository};
use czo_testkit::{assert_queries, on_each_database};
use sea_orm::Set;
use tokio::task::JoinSet;

use crate::note::{ActiveModel, Entity, NoteId, migrate, note, notes};

fn stars(stars: i32) -> ActiveModel {
    ActiveModel { stars: Set(stars), ..Default::default() }
}

on_each_database! {
    async fn a_change_is_one_statement_and_counts_itself(database: TestDatabase) {
        migrate(&database).await;
        let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let (notes, db) = (notes(), database.database().with_clock(clock.clone()));
        let row = notes.create(&db, note("a")).await.unwrap();
        assert_eq!(row.created_at, start);
        clock.advance(std::time::Duration::from_secs(60));
        let changed = assert_queries!(database, == 1, {
            notes.update(&db, row.id, row.version, stars(5)).await.unwrap()
        });
        assert_eq!((changed.version, changed.stars, changed.slug.as_str()), (2, 5, "a"));
        assert_eq!(changed.created_at, start);
        assert_eq!(changed.updated_at, start + chrono::TimeDelta::seconds(60));
    }

    async fn a_lost_race_names_both_versions(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let row = notes.create(&db, note("a")).await.unwrap();
        notes.update(&db, row.id, 1, stars(1)).await.unwrap();
        for refused in
            [notes.update(&db, row.id, 1, stars(2)).await, notes.delete(&db, row.id, 1).await]
        {
            let Err(RepoError::Conflict { id, expected: 1, actual: 2, .. }) = refused else {
                panic!("{refused:?}")
            };
            assert_eq!(id, row.id.to_string());
        }
        let forced = notes.update(&db, row.id, None, stars(3)).await.unwrap();
        assert_eq!((forced.version, forced.stars), (3, 3));
        assert_eq!(notes.delete(&db, row.id, Expected::Version(3)).await.unwrap().version, 4);
    }

    async fn a_change_without_fields_and_of_fixed_fields_is_refused(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let row = notes.create(&db, note("a")).await.unwrap();
        let nothing = notes.update(&db, row.id, 1, ActiveModel::default()).await;
        assert!(matches!(nothing, Err(RepoError::NothingToChange { .. })), "{nothing:?}");
        let version = ActiveModel { version: Set(9), ..Default::default() };
        let deleted_at = ActiveModel { deleted_at: Set(None), ..Default::default() };
        for (changes, name) in [(version, "version"), (deleted_at, "deleted_at")] {
            let refused = notes.update(&db, row.id, 1, changes).await;
            let Err(RepoError::Protected { column, .. }) = refused else { panic!("{refused:?}") };
            assert_eq!(column, name);
        }
        let created = notes.create(&db, ActiveModel { version: Set(2), ..note("b") }).await;
        assert!(matches!(created, Err(RepoError::Protected { column: "version", .. })));
    }

    async fn sixty_four_tasks_increment_one_row_a_hundred_times_each(database: TestDatabase) {
        const TASKS: i32 = 64;
        const ROUNDS: i32 = 100;
        migrate(&database).await;
        // The more at once, the more in vain: of those who have read one version, one wins.
        let options = database.options().clone().max_connections(3);
        let (notes, db) = (notes(), Database::connect(&options).await.unwrap());
        let id = notes.create(&db, note("a")).await.unwrap().id;
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let (notes, db) = (notes.clone(), db.clone());
            tasks.spawn(async move {
                for _ in 0..ROUNDS {
                    while !increment(&db, &notes, id).await {}
                }
            });
        }
        tasks.join_all().await;
        let row = notes.get(&db, id).await.unwrap();
        assert_eq!((row.stars, row.version), (TASKS * ROUNDS, TASKS * ROUNDS + 1));
    }

    async fn a_modification_has_no_conflicts(database: TestDatabase) {
        const TASKS: i32 = 16;
        const ROUNDS: i32 = 10;
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let id = notes.create(&db, note("a")).await.unwrap().id;
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let (notes, db) = (notes.clone(), db.clone());
            tasks.spawn(async move {
                for _ in 0..ROUNDS {
                    notes.modify(&db, id, |row| stars(row.stars + 1)).await.unwrap();
                }
            });
        }
        tasks.join_all().await;
        assert_eq!(notes.get(&db, id).await.unwrap().stars, TASKS * ROUNDS);
    }
}

/// One more star, unless the row has changed since it was read. Both on one connection: a task
/// that waited for a second one in between would always be late.
async fn increment(db: &Database, notes: &Repository<Entity, Ready>, id: NoteId) -> bool {
    let outcome = db
        .transaction(async |tx| {
            let row = notes.get(tx, id).await?;
            notes.update(tx, id, row.version, stars(row.stars + 1)).await
        })
        .await;
    match outcome {
        Ok(_) => true,
        Err(RepoError::Conflict { .. }) => false,
        Err(error) => panic!("{error:?}"),
    }
}
