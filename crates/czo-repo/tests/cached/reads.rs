//! Reading by id.

use std::sync::Arc;

use czo_core::{Classified, ErrorKind, SystemIds};
use czo_repo::{CachedRepository, RepoError};
use czo_testkit::{assert_queries, on_each_database};
use sea_orm::ConnectionTrait;

use crate::note::{NOTES, NoteId, counter, migrate, new_shop, note};
use crate::{all_notes, memory, minute, notes};

on_each_database! {
    async fn a_hit_asks_the_database_nothing_and_shares_the_row(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let row = notes.create(&db, note("a")).await.unwrap();
        let first = assert_queries!(database, == 1, {
            notes.find_by_id(&db, row.id).await.unwrap().unwrap()
        });
        let second = assert_queries!(database, == 0, { notes.get(&db, row.id).await.unwrap() });
        assert_eq!(*first, row);
        assert!(Arc::ptr_eq(&first, &second));
    }

    async fn what_is_not_there_is_remembered_until_it_is(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let id = NoteId::generate(&SystemIds);
        assert_eq!(notes.find_by_id(&db, id).await.unwrap(), None);
        assert_queries!(database, == 0, {
            assert_eq!(notes.find_by_id(&db, id).await.unwrap(), None);
        });
        let missing = notes.get(&db, id).await;
        assert!(matches!(missing, Err(RepoError::NotFound { .. })), "{missing:?}");
        let row = crate::note::ActiveModel { id: sea_orm::Set(id), ..note("a") };
        notes.create(&db, row).await.unwrap();
        assert_eq!(notes.get(&db, id).await.unwrap().slug, "a");
    }

    async fn ids_that_are_missing_are_one_statement(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let slugs: Vec<_> = (0..14).map(|number| number.to_string()).collect();
        let rows = notes.create_many(&db, slugs.iter().map(|slug| note(slug))).await.unwrap();
        let mut ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        for id in &ids[..10] {
            notes.get(&db, *id).await.unwrap();
        }
        ids.insert(3, NoteId::generate(&SystemIds));
        ids.push(ids[0]);
        // 10 hits, 5 misses, one of them twice in vain.
        let found = assert_queries!(database, == 1, { notes.find_by_ids(&db, &ids).await.unwrap() });
        let slug = |place: usize| found[place].as_ref().map(|row| row.slug.as_str());
        assert_eq!((slug(2), slug(3), slug(4), slug(14)), (Some("2"), None, Some("3"), Some("13")));
        assert_eq!(slug(15), Some("0"));
        let again = assert_queries!(database, == 0, { notes.find_by_ids(&db, &ids).await.unwrap() });
        assert_eq!(again, found);
    }

    async fn lookups_at_once_are_few_statements_and_then_none(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let a = notes.create(&db, note("a")).await.unwrap().id;
        let b = notes.create(&db, note("b")).await.unwrap().id;
        for most in [2, 0] {
            let loader = notes.loader(&db);
            let (a, b) = assert_queries!(database, <= most, {
                tokio::join!(loader.load(a), loader.load(b))
            });
            assert_eq!((&*a.unwrap().unwrap().slug, &*b.unwrap().unwrap().slug), ("a", "b"));
        }
    }

    async fn no_shop_sees_what_belongs_to_another(database: TestDatabase) {
        migrate(&database).await;
        let (cache, db) = (memory(), database.database());
        let all = all_notes(&cache);
        let (shop, other_shop) = (new_shop(), new_shop());
        let (notes, others) = (all.for_shop(shop), all.for_shop(other_shop));
        let id = notes.create(&db, note("a")).await.unwrap().id;
        let row = notes.get(&db, id).await.unwrap();
        assert_eq!(others.find_by_id(&db, id).await.unwrap(), None);
        assert_eq!(others.find_by_ids(&db, &[id]).await.unwrap(), [None]);
        // Not even if somebody put it there.
        let table = cache.namespace("note").unwrap();
        for _ in 0..2 {
            table.set(&format!("{other_shop}/{id}"), (*row).clone(), &minute()).await;
            assert_eq!(others.find_by_id(&db, id).await.unwrap(), None);
            table.set(&format!("{other_shop}/{id}"), (*row).clone(), &minute()).await;
            assert_eq!(others.find_by_ids(&db, &[id]).await.unwrap(), [None]);
        }
        assert_eq!(notes.get(&db, id).await.unwrap().shop_id, shop);
    }

    async fn rows_of_no_shop_are_cached_by_their_id(database: TestDatabase) {
        migrate(&database).await;
        let (cache, db) = (memory(), database.database());
        let counters = CachedRepository::<counter::Entity>::new(&cache, &minute()).unwrap();
        let new = counter::ActiveModel {
            label: sea_orm::Set("visits".to_owned()),
            value: sea_orm::Set(1),
            ..Default::default()
        };
        let id = counters.create(&db, new).await.unwrap().id;
        assert_eq!(counters.get(&db, id).await.unwrap().value, 1);
        assert_queries!(database, == 0, { counters.queries().get(&db, id).await.unwrap() });
        let more = counter::ActiveModel { value: sea_orm::Set(2), ..Default::default() };
        counters.update(&db, id, czo_repo::AnyVersion, more).await.unwrap();
        assert_eq!(counters.get(&db, id).await.unwrap().value, 2);
        counters.delete(&db, id, czo_repo::AnyVersion).await.unwrap();
        assert_eq!(counters.find_by_id(&db, id).await.unwrap(), None);
    }

    async fn a_load_that_fails_is_an_error_of_the_same_kind(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let id = notes.create(&db, note("a")).await.unwrap().id;
        db.execute_unprepared("ALTER TABLE note RENAME TO elsewhere").await.unwrap();
        let failed = notes.find_by_id(&db, id).await.unwrap_err();
        let past = NOTES.all_shops().find_by_id(&db, id).await.unwrap_err();
        assert!(matches!(failed, RepoError::Load(_)), "{failed:?}");
        assert_eq!((failed.kind(), failed.is_retryable()), (past.kind(), past.is_retryable()));
        assert_eq!(failed.kind(), ErrorKind::Internal);
        assert_eq!(failed.to_string(), past.to_string());
        db.execute_unprepared("ALTER TABLE elsewhere RENAME TO note").await.unwrap();
        assert_eq!(notes.get(&db, id).await.unwrap().slug, "a");
    }

    async fn a_load_reads_the_primary(database: TestDatabase) {
        migrate(&database).await;
        let behind = match database.is_sqlite() {
            true => czo_testkit::TestDatabase::sqlite().await,
            false => czo_testkit::TestDatabase::postgres().await,
        };
        let primary = database.database();
        behind.run(async |behind| {
            migrate(&behind).await;
            let db = primary.with_replicas([behind.database()]);
            let notes = notes();
            let id = notes.create(&db, note("a")).await.unwrap().id;
            assert_eq!(notes.uncached().find_by_id(&db, id).await.unwrap(), None);
            assert_eq!(notes.get(&db, id).await.unwrap().slug, "a");
            assert_eq!(notes.list().count(&db).await.unwrap(), 1);
        })
        .await;
    }
}
