//! Finding rows.

use czo_core::{IdGenerator, SystemIds};
use czo_repo::Sort;
use czo_testkit::{assert_queries, on_each_database};
use futures_util::TryStreamExt;
use sea_orm::{ColumnTrait, Condition, Set};

use crate::note::{COUNTERS, Column, NoteId, counter, migrate, note, notes};

on_each_database! {
    async fn a_created_row_is_found_as_it_was_returned(database: TestDatabase) {
        migrate(&database).await;
        let notes = notes();
        let created = notes.create(&database.database(), note("a")).await.unwrap();
        assert_eq!((created.version, created.deleted_at), (1, None));
        assert_eq!(created.created_at, created.updated_at);
        let db = database.database();
        assert_eq!(notes.find_by_id(&db, created.id).await.unwrap(), Some(created.clone()));
        assert_eq!(notes.get(&db, created.id).await.unwrap(), created);
        assert_eq!(notes.filter(Column::Slug.eq("a")).find_one(&db).await.unwrap(), Some(created));
        assert_eq!(notes.filter(Column::Slug.eq("b")).find_one(&db).await.unwrap(), None);
    }

    async fn many_ids_keep_their_order_and_show_what_is_missing(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let rows = notes.create_many(&db, ["a", "b", "c"].map(note)).await.unwrap();
        let missing = NoteId::from(SystemIds.uuid_v7());
        let ids = [rows[2].id, missing, rows[0].id, rows[2].id];
        let found = assert_queries!(database, == 1, { notes.find_by_ids(&db, &ids).await.unwrap() });
        let expected = [Some(rows[2].clone()), None, Some(rows[0].clone()), Some(rows[2].clone())];
        assert_eq!(found, expected);
    }

    async fn no_ids_ask_nothing_and_a_hundred_thousand_ask_in_portions(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let row = notes.create(&db, note("a")).await.unwrap();
        let none = assert_queries!(database, == 0, { notes.find_by_ids(&db, &[]).await.unwrap() });
        assert!(none.is_empty());
        let mut ids: Vec<_> = (0..100_000).map(|_| NoteId::from(SystemIds.uuid_v7())).collect();
        ids.push(row.id);
        let found = assert_queries!(database, <= 13, { notes.find_by_ids(&db, &ids).await.unwrap() });
        assert_eq!(found.last().unwrap().as_ref(), Some(&row));
        assert_eq!(found.iter().flatten().count(), 1);
    }

    async fn counting_and_asking_whether_there_are_any_take_one_statement_each(
        database: TestDatabase
    ) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        notes.create_many(&db, ["a", "b", "c"].map(note)).await.unwrap();
        let count = assert_queries!(database, == 1, { notes.count(&db).await.unwrap() });
        assert_eq!(count, 3);
        let filtered = notes.filter(Column::Slug.is_in(["a", "x"]));
        assert_eq!(filtered.count(&db).await.unwrap(), 1);
        assert!(assert_queries!(database, == 1, { filtered.exists(&db).await.unwrap() }));
        assert!(!notes.filter(Column::Slug.eq("x")).exists(&db).await.unwrap());
    }

    async fn filters_add_up_and_rows_come_in_the_order_asked_for(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let rows = [("a", Some(2)), ("b", None), ("c", Some(1)), ("d", Some(2))];
        let rows = rows.map(|(slug, rank)| {
            let mut row = note(slug);
            row.rank = Set(rank);
            row
        });
        notes.create_many(&db, rows).await.unwrap();
        let slugs = async |notes: &czo_repo::Repository<_, czo_repo::Ready>| {
            let rows = notes.find_many(&db).await.unwrap();
            rows.into_iter().map(|row: crate::note::Model| row.slug).collect::<String>()
        };
        assert_eq!(slugs(&notes).await, "abcd");
        assert_eq!(slugs(&notes.sort(Sort::asc(Column::Rank))).await, "cadb");
        assert_eq!(slugs(&notes.sort(Sort::desc(Column::Rank))).await, "bdac");
        assert_eq!(slugs(&notes.sort(Sort::asc(Column::Rank).nulls_first())).await, "bcad");
        let by_rank = notes.sort(Sort::desc(Column::Rank).nulls_last().then_desc(Column::Slug));
        assert_eq!(slugs(&by_rank).await, "dacb");
        let both = by_rank.filter(Column::Rank.is_not_null()).filter(Column::Slug.ne("a"));
        assert_eq!(slugs(&both).await, "dc");
        assert_eq!(slugs(&notes.filter(Condition::any().add(Column::Slug.eq("d")))).await, "d");
    }

    async fn a_stream_gives_every_row_in_order(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let rows = (0..300).map(|number| note(&format!("{number:03}")));
        let created = notes.create_many(&db, rows).await.unwrap();
        let streamed: Vec<_> = notes.find_stream(&db).try_collect().await.unwrap();
        assert_eq!(streamed, created);
    }

    async fn ids_may_be_given_by_the_database(database: TestDatabase) {
        migrate(&database).await;
        let db = database.database();
        let row = |label: &str| counter::ActiveModel {
            label: Set(label.to_owned()),
            value: Set(0),
            ..Default::default()
        };
        let rows = COUNTERS.create_many(&db, ["a", "b"].map(row)).await.unwrap();
        assert_eq!((rows[0].label.as_str(), rows[1].label.as_str()), ("a", "b"));
        assert_eq!(COUNTERS.find_by_id(&db, rows[1].id).await.unwrap(), Some(rows[1].clone()));
    }

    async fn a_thousand_lookups_at_once_are_a_few_statements(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let rows = (0..1_000).map(|number| note(&number.to_string()));
        let rows = notes.create_many(&db, rows).await.unwrap();
        let loader = notes.loader(&db);
        let found = assert_queries!(database, <= 20, {
            let tasks = rows.iter().map(|row| {
                let (loader, id) = (loader.clone(), row.id);
                tokio::spawn(async move { loader.load(id).await })
            });
            futures_util::future::try_join_all(tasks).await.unwrap()
        });
        let found: Vec<_> = found.into_iter().map(|found| found.unwrap().unwrap()).collect();
        assert_eq!(found, rows);
        assert!(loader.load(NoteId::from(SystemIds.uuid_v7())).await.unwrap().is_none());
    }

    async fn rows_of_an_owner_who_is_named_twice_come_once(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        notes.create(&db, note("a")).await.unwrap();
        let owners: Vec<i32> = std::iter::once(0).chain(1..9_000).chain([0]).collect();
        let found = notes.find_grouped(&db, Column::Stars, &owners, |row| row.stars).await.unwrap();
        assert_eq!((found.len(), found[&0].len()), (1, 1));
    }

    async fn rows_that_belong_to_many_are_loaded_together(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let rows = (0..20).map(|number| {
            let mut row = note(&number.to_string());
            row.stars = Set(number % 3);
            row
        });
        notes.create_many(&db, rows).await.unwrap();
        let loader = notes.loader_of(&db, Column::Stars, |row| row.stars);
        let (zero, two, nine) = assert_queries!(database, <= 2, {
            tokio::join!(loader.load(0), loader.load(2), loader.load(9))
        });
        assert_eq!(zero.unwrap().unwrap().len(), 7);
        assert_eq!(two.unwrap().unwrap().len(), 6);
        assert!(nine.unwrap().is_none());
    }
}
