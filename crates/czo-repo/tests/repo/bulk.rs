//! Many rows at once.

use czo_repo::RepoError;
use czo_testkit::{assert_queries, on_each_database};
use sea_orm::{ColumnTrait, Condition, IntoActiveModel, Set};

use crate::note::{ActiveModel, Column, migrate, note, notes};

on_each_database! {
    async fn ten_thousand_rows_are_created_in_portions_and_come_back_in_order(
        database: TestDatabase
    ) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let slugs: Vec<_> = (0..10_000).map(|number| format!("{number:05}")).collect();
        let rows = slugs.iter().map(|slug| note(slug));
        let created = assert_queries!(database, <= 10, { notes.create_many(&db, rows).await.unwrap() });
        assert!(created.iter().map(|row| &row.slug).eq(&slugs));
        assert_eq!(notes.count(&db).await.unwrap(), 10_000);
    }

    async fn rows_are_created_all_or_none(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let mut rows: Vec<_> = (0..5_000).map(|number| note(&number.to_string())).collect();
        rows.push(note("17"));
        let refused = notes.create_many(&db, rows).await.unwrap_err();
        assert!(refused.takes(Column::Slug), "{refused:?}");
        assert_eq!(notes.count(&db).await.unwrap(), 0);
        let none: [ActiveModel; 0] = [];
        assert_eq!(notes.create_many(&db, none).await.unwrap(), []);
    }

    async fn rows_that_set_different_columns_keep_the_defaults_of_the_others(
        database: TestDatabase
    ) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let ranked = ActiveModel { rank: Set(Some(7)), ..note("a") };
        let rows = notes.create_many(&db, [ranked, note("b"), note("c")]).await.unwrap();
        let found: Vec<_> = rows.iter().map(|row| (row.slug.as_str(), row.rank)).collect();
        assert_eq!(found, [("a", Some(7)), ("b", None), ("c", None)]);
    }

    async fn many_rows_change_and_go_in_one_statement_each(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        notes.create_many(&db, ["a", "b", "c"].map(note)).await.unwrap();
        let some = notes.filter(Column::Slug.is_in(["a", "b"]));
        let stars = || ActiveModel { stars: Set(3), ..Default::default() };
        let changed = assert_queries!(database, == 1, { some.update_many(&db, stars()).await.unwrap() });
        assert_eq!(changed, 2);
        let rows = notes.find_many(&db).await.unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.stars, row.version)).collect();
        assert_eq!(seen, [(3, 2), (3, 2), (0, 1)]);
        let gone = assert_queries!(database, == 1, { some.delete_many(&db).await.unwrap() });
        assert_eq!((gone, notes.count(&db).await.unwrap()), (2, 1));

        for refused in [notes.update_many(&db, stars()).await, notes.delete_many(&db).await] {
            assert!(matches!(refused, Err(RepoError::NoFilter { .. })), "{refused:?}");
        }
        assert_eq!(notes.filter(Condition::all()).delete_many(&db).await.unwrap(), 1);
    }

    async fn deleted_rows_come_back_together(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        notes.create_many(&db, ["a", "b", "c"].map(note)).await.unwrap();
        notes.filter(Column::Slug.ne("a")).delete_many(&db).await.unwrap();
        let some = notes.filter(Column::Slug.ne("c"));
        let back = assert_queries!(database, == 1, { some.restore_many(&db).await.unwrap() });
        assert_eq!(back, 1);
        let rows = notes.find_many(&db).await.unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.slug.as_str(), row.version)).collect();
        assert_eq!(seen, [("a", 1), ("b", 3)]);
        notes.create(&db, note("c")).await.unwrap();
        let refused = notes.filter(Condition::all()).restore_many(&db).await.unwrap_err();
        assert!(refused.takes(Column::Slug), "{refused:?}");
    }

    async fn an_upsert_creates_what_is_new_and_changes_what_is_there(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let old = notes.create(&db, ActiveModel { rank: Set(Some(1)), ..note("a") }).await.unwrap();
        let rows = ["b", "a"].map(|slug| ActiveModel { stars: Set(4), ..note(slug) });
        let key = [Column::ShopId, Column::Slug];
        let written = notes.upsert_many(&db, &key, &[Column::Stars], rows).await.unwrap();
        assert_eq!(notes.count(&db).await.unwrap(), 2);
        let changed = notes.get(&db, old.id).await.unwrap();
        assert_eq!((changed.stars, changed.rank, changed.version), (4, Some(1), 2));
        assert_eq!(changed.created_at, old.created_at);
        assert_eq!(written.iter().map(|row| row.stars).collect::<Vec<_>>(), [4, 4]);

        notes.delete(&db, old.id, 2).await.unwrap();
        let again = notes.upsert_many(&db, &key, &[Column::Stars], [note("a")]).await.unwrap();
        assert_ne!(again[0].id, old.id);
        let mut deleted = note("z");
        deleted.id = Set(old.id);
        let refused = notes.upsert_many(&db, &[Column::Id], &[Column::Slug], [deleted]).await;
        assert!(matches!(refused, Err(RepoError::Taken { .. })), "{refused:?}");
    }

    async fn an_upsert_sees_an_index_that_another_connection_made(database: TestDatabase) {
        use sea_orm::ConnectionTrait;
        migrate(&database).await;
        let one = database.options().clone().max_connections(1);
        let other = czo_repo::Database::connect(&one).await.unwrap();
        let notes = notes();
        let index = czo_repo::unique_among_living::<crate::note::Entity>(
            "note_slug_again_key",
            &[Column::ShopId, Column::Slug],
        );
        database.execute_unprepared("DROP INDEX note_slug_key").await.unwrap();
        // It remembers the schema without the index.
        assert_eq!(notes.count(&other).await.unwrap(), 0);
        database.execute(&index).await.unwrap();
        let key = [Column::ShopId, Column::Slug];
        let written = notes.upsert_many(&other, &key, &[Column::Stars], [note("a")]).await;
        assert_eq!(written.unwrap().len(), 1);
    }

    async fn replacing_rows_writes_only_what_differs(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let named = |slug: &str, name: &str| ActiveModel {
            author_name: Set(Some(name.to_owned())),
            ..note(slug)
        };
        let rows = [named("a", "Ann"), named("b", "Bob"), named("c", "Cy"), named("d", "Di")];
        let before = notes.create_many(&db, rows).await.unwrap();
        let kept = |row: usize, slug: &str, name: &str| ActiveModel {
            id: Set(before[row].id),
            ..named(slug, name)
        };
        // The first two exchange their names, the third goes, the fourth stays, one is new.
        let wanted =
            [kept(0, "a", "Bob"), kept(1, "b", "Ann"), kept(3, "d", "Di"), named("e", "Eve")];
        let written =
            notes.replace(&db, &before, wanted, &[Column::AuthorName]).await.unwrap();
        assert_eq!(written, 4);
        let after = notes.find_many(&db).await.unwrap();
        let seen: Vec<_> = after
            .iter()
            .map(|row| (row.slug.as_str(), row.author_name.as_deref().unwrap(), row.version))
            .collect();
        assert_eq!(seen, [("a", "Bob", 2), ("b", "Ann", 2), ("d", "Di", 1), ("e", "Eve", 1)]);
        // A model that was changed is meant as a whole; what a row does not say stays.
        let mut renamed = after[0].clone();
        renamed.author_name = Some("Bea".to_owned());
        let starred = ActiveModel { id: Set(after[1].id), stars: Set(9), ..Default::default() };
        let wanted = [renamed.into_active_model(), starred];
        notes.replace(&db, &after, wanted, &[]).await.unwrap();
        let after = notes.find_many(&db).await.unwrap();
        let seen: Vec<_> = after
            .iter()
            .map(|row| (row.slug.as_str(), row.author_name.as_deref().unwrap(), row.stars))
            .collect();
        assert_eq!(seen, [("a", "Bea", 0), ("b", "Ann", 9)]);
        let same: Vec<_> = after.iter().map(|row| kept_as_is(row.clone())).collect();
        assert_eq!(notes.replace(&db, &after, same, &[]).await.unwrap(), 0);
    }
}

fn kept_as_is(row: crate::note::Model) -> ActiveModel {
    let id = row.id;
    let slug = row.slug.clone();
    ActiveModel { id: Set(id), slug: Set(slug), ..row.into_active_model() }
}
