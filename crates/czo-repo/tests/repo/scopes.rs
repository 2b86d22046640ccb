//! What a scope leaves out, it leaves out everywhere.

use czo_core::{Classified, ErrorKind};
use czo_repo::{AnyVersion, Expected, RepoError};
use czo_testkit::on_each_database;
use sea_orm::{ColumnTrait, Condition, Set};

use crate::note::{ActiveModel, COUNTERS, Column, NOTES, counter, migrate, new_shop, note};

on_each_database! {
    async fn nothing_reaches_the_rows_of_another_shop(database: TestDatabase) {
        migrate(&database).await;
        let db = database.database();
        let (ours, theirs) = (NOTES.for_shop(new_shop()), NOTES.for_shop(new_shop()));
        let row = ours.create(&db, note("a")).await.unwrap();
        assert_eq!(theirs.find_by_id(&db, row.id).await.unwrap(), None);
        assert_eq!(theirs.find_by_ids(&db, &[row.id]).await.unwrap(), [None]);
        assert_eq!(theirs.count(&db).await.unwrap(), 0);
        let renamed = || ActiveModel { slug: Set("b".to_owned()), ..Default::default() };
        let everything = theirs.filter(Condition::all());
        assert_eq!(everything.update_many(&db, renamed()).await.unwrap(), 0);
        assert_eq!(everything.delete_many(&db).await.unwrap(), 0);
        for refused in [
            theirs.update(&db, row.id, 1, renamed()).await,
            theirs.delete(&db, row.id, 1).await,
            theirs.restore(&db, row.id).await,
            theirs.hard_delete(&db, row.id).await,
            theirs.get(&db, row.id).await,
        ] {
            assert!(matches!(refused, Err(RepoError::NotFound { .. })), "{refused:?}");
        }
        let mut stolen = note("c");
        stolen.id = Set(row.id);
        let refused = theirs.upsert_many(&db, &[Column::Id], &[Column::Slug], [stolen]).await;
        assert!(matches!(refused, Err(RepoError::Taken { .. })), "{refused:?}");
        assert_eq!(NOTES.all_shops().find_many(&db).await.unwrap(), [row]);
    }

    async fn a_new_row_belongs_to_the_shop_of_its_scope(database: TestDatabase) {
        migrate(&database).await;
        let (db, shop) = (database.database(), new_shop());
        let row = NOTES.for_shop(shop).create(&db, note("a")).await.unwrap();
        assert_eq!(row.shop_id, shop);
        let mut foreign = note("b");
        foreign.shop_id = Set(new_shop());
        let refused = NOTES.for_shop(shop).create(&db, foreign.clone()).await;
        assert!(matches!(refused, Err(RepoError::Protected { column: "shop_id", .. })));
        NOTES.all_shops().create(&db, foreign).await.unwrap();
        let refused = NOTES.all_shops().create(&db, note("c")).await;
        assert!(matches!(refused, Err(RepoError::NoShop { .. })), "{refused:?}");
    }

    async fn deleted_rows_are_left_out_until_asked_for(database: TestDatabase) {
        migrate(&database).await;
        let db = database.database();
        let notes = NOTES.for_shop(new_shop());
        let rows = notes.create_many(&db, ["a", "b"].map(note)).await.unwrap();
        let deleted = notes.delete(&db, rows[0].id, 1).await.unwrap();
        assert_eq!(deleted.version, 2);
        assert!(deleted.deleted_at.is_some());

        assert_eq!(notes.find_by_id(&db, deleted.id).await.unwrap(), None);
        assert_eq!(notes.find_many(&db).await.unwrap(), [rows[1].clone()]);
        assert_eq!(notes.count(&db).await.unwrap(), 1);
        assert_eq!(notes.with_trashed().count(&db).await.unwrap(), 2);
        assert_eq!(notes.only_trashed().find_one(&db).await.unwrap().as_ref(), Some(&deleted));
        let renamed = || ActiveModel { slug: Set("c".to_owned()), ..Default::default() };
        for refused in [
            notes.update(&db, deleted.id, 2, renamed()).await,
            notes.delete(&db, deleted.id, Expected::Any).await,
            notes.get(&db, deleted.id).await,
        ] {
            assert!(matches!(refused, Err(RepoError::Deleted { .. })), "{refused:?}");
        }
        let restored = notes.restore(&db, deleted.id).await.unwrap();
        assert_eq!((restored.version, restored.deleted_at), (3, None));
        assert_eq!(notes.restore(&db, deleted.id).await.unwrap(), restored);
        assert_eq!(notes.count(&db).await.unwrap(), 2);
    }

    async fn the_unique_key_of_a_deleted_row_can_be_used_again(database: TestDatabase) {
        migrate(&database).await;
        let db = database.database();
        let notes = NOTES.for_shop(new_shop());
        let first = notes.create(&db, note("a")).await.unwrap();
        let refused = notes.create(&db, note("a")).await.unwrap_err();
        assert!(refused.takes(Column::Slug), "{refused:?}");
        assert_eq!(refused.kind(), ErrorKind::Conflict);
        assert_eq!(refused.field_errors()[0].field, ["slug"]);
        notes.delete(&db, first.id, first.version).await.unwrap();
        notes.create(&db, note("a")).await.unwrap();
        let refused = notes.restore(&db, first.id).await.unwrap_err();
        assert!(refused.takes(Column::Slug), "{refused:?}");
        NOTES.for_shop(new_shop()).create(&db, note("a")).await.unwrap();
    }

    async fn a_unique_expression_names_no_columns(database: TestDatabase) {
        use sea_orm::ConnectionTrait;
        migrate(&database).await;
        let db = database.database();
        let index = "CREATE UNIQUE INDEX note_name_key ON note (lower(author_name))";
        db.execute_unprepared(index).await.unwrap();
        let notes = NOTES.for_shop(new_shop());
        let of = |slug, name: &str| ActiveModel {
            author_name: Set(Some(name.to_owned())),
            ..note(slug)
        };
        notes.create(&db, of("a", "Ann")).await.unwrap();
        let refused = notes.create(&db, of("b", "ANN")).await.unwrap_err();
        let RepoError::Taken { columns, .. } = refused else { panic!("{refused:?}") };
        assert!(columns.is_empty(), "{columns:?}");
    }

    async fn a_hard_deletion_leaves_nothing_to_restore(database: TestDatabase) {
        migrate(&database).await;
        let db = database.database();
        let notes = NOTES.for_shop(new_shop());
        let row = notes.create(&db, note("a")).await.unwrap();
        notes.delete(&db, row.id, 1).await.unwrap();
        assert_eq!(notes.hard_delete(&db, row.id).await.unwrap().id, row.id);
        let refused = notes.restore(&db, row.id).await;
        assert!(matches!(refused, Err(RepoError::NotFound { .. })), "{refused:?}");
    }

    async fn what_is_living_is_not_purged_from_the_trash(database: TestDatabase) {
        migrate(&database).await;
        let db = database.database();
        let notes = NOTES.for_shop(new_shop());
        let living = notes.create(&db, note("a")).await.unwrap();
        let refused = notes.only_trashed().hard_delete(&db, living.id).await;
        assert!(matches!(refused, Err(RepoError::NotFound { .. })), "{refused:?}");
        assert_eq!(notes.count(&db).await.unwrap(), 1);
    }

    async fn an_upsert_respects_the_filter_and_moves_no_row_between_shops(
        database: TestDatabase
    ) {
        migrate(&database).await;
        let db = database.database();
        let notes = NOTES.for_shop(new_shop());
        let row = notes.create(&db, note("a")).await.unwrap();
        let again = || ActiveModel { id: Set(row.id), ..note("b") };
        let starred = notes.filter(Column::Stars.gt(3));
        let elsewhere = ActiveModel { shop_id: Set(new_shop()), ..again() };
        for refused in [
            starred.upsert_many(&db, &[Column::Id], &[Column::Slug], [again()]).await,
            NOTES.all_shops().upsert_many(&db, &[Column::Id], &[Column::Slug], [elsewhere]).await,
        ] {
            assert!(matches!(refused, Err(RepoError::Taken { .. })), "{refused:?}");
        }
        let unsaid = notes.upsert_many(&db, &[Column::Id], &[Column::Rank], [again()]).await;
        assert!(matches!(unsaid, Err(RepoError::Missing { column: "rank", .. })), "{unsaid:?}");
        let fixed = notes.upsert_many(&db, &[Column::Id], &[Column::Version], [again()]).await;
        assert!(matches!(fixed, Err(RepoError::Protected { column: "version", .. })));
        assert_eq!(NOTES.all_shops().find_many(&db).await.unwrap(), [row]);
    }

    async fn rows_without_soft_deletion_are_gone_when_deleted(database: TestDatabase) {
        migrate(&database).await;
        let db = database.database();
        let row = counter::ActiveModel {
            label: Set("a".to_owned()),
            value: Set(1),
            ..Default::default()
        };
        let row = COUNTERS.create(&db, row).await.unwrap();
        let more = counter::ActiveModel { value: Set(2), ..Default::default() };
        assert_eq!(COUNTERS.update(&db, row.id, AnyVersion, more).await.unwrap().value, 2);
        assert_eq!(COUNTERS.delete(&db, row.id, AnyVersion).await.unwrap().value, 2);
        let again = COUNTERS.delete(&db, row.id, AnyVersion).await;
        assert!(matches!(again, Err(RepoError::NotFound { .. })), "{again:?}");
    }

    async fn the_way_out_to_seaorm_keeps_the_scope(database: TestDatabase) {
        use sea_orm::{EntityTrait, QuerySelect};
        migrate(&database).await;
        let db = database.database();
        let notes = NOTES.for_shop(new_shop());
        notes.create_many(&db, ["a", "b"].map(note)).await.unwrap();
        NOTES.for_shop(new_shop()).create(&db, note("c")).await.unwrap();
        let slugs: Vec<String> =
            notes.select().select_only().column(Column::Slug).into_tuple().all(&*db).await.unwrap();
        assert_eq!(slugs, ["a", "b"]);
        let update = crate::note::Entity::update_many()
            .col_expr(Column::Stars, sea_orm::sea_query::Expr::val(5));
        let done = notes.restrict(update).exec(&*db).await.unwrap();
        assert_eq!(done.rows_affected, 2);
        assert_eq!(NOTES.all_shops().filter(Column::Stars.eq(5)).count(&db).await.unwrap(), 2);
    }
}
