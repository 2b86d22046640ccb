//! What happens around reads and writes, on the bulk paths too.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use czo_core::{FieldError, FieldErrorCode};
use czo_repo::{Lifecycle, Ready, RepoError, Repository, UnitOfWork};
use czo_testkit::on_each_database;
use sea_orm::{ColumnTrait, Set};

use crate::note::{ActiveModel, Column, Entity, Model, NOTES, migrate, new_shop, note};

/// Writes down what happens, gives every new note a star, and keeps `sacred` from deletion.
#[derive(Debug, Default)]
struct Diary(Mutex<Vec<String>>);

impl Diary {
    fn note(&self, what: &str, slugs: impl Iterator<Item = String>) {
        let slugs: Vec<_> = slugs.collect();
        self.0.lock().unwrap().push(format!("{what} {}", slugs.join("")));
    }

    fn rows(&self, what: &str, rows: &[Model]) {
        self.note(what, rows.iter().map(|row| row.slug.clone()));
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[async_trait]
impl Lifecycle<Entity> for Diary {
    async fn before_create(
        &self,
        _: &UnitOfWork,
        rows: &mut [ActiveModel],
    ) -> Result<(), RepoError> {
        rows.iter_mut().for_each(|row| row.stars = Set(1));
        self.note("before create", rows.iter().map(|row| row.slug.clone().unwrap()));
        Ok(())
    }

    async fn after_create(&self, tx: &UnitOfWork, rows: &[Model]) -> Result<(), RepoError> {
        self.rows("after create", rows);
        if rows.iter().any(|row| row.slug == "cursed") {
            let code = FieldErrorCode::Invalid;
            return Err(RepoError::Refused(vec![FieldError::new("slug", code, "is cursed")]));
        }
        // What it reads belongs to the same transaction.
        let seen = NOTES.all_shops().filter(Column::Id.is_in(rows.iter().map(|row| row.id)));
        assert_eq!(seen.count(tx).await?, rows.len() as u64);
        Ok(())
    }

    async fn before_update(
        &self,
        _: &UnitOfWork,
        rows: &[Model],
        changes: &mut ActiveModel,
    ) -> Result<(), RepoError> {
        self.rows("before update", rows);
        if changes.stars.is_set() {
            changes.rank = Set(Some(9));
        }
        Ok(())
    }

    async fn after_update(&self, _: &UnitOfWork, rows: &[Model]) -> Result<(), RepoError> {
        self.rows("after update", rows);
        Ok(())
    }

    async fn before_delete(&self, _: &UnitOfWork, rows: &[Model]) -> Result<(), RepoError> {
        self.rows("before delete", rows);
        if rows.iter().any(|row| row.slug == "sacred") {
            return Err(RepoError::Refused(Vec::new()));
        }
        Ok(())
    }

    async fn after_delete(&self, _: &UnitOfWork, rows: &[Model]) -> Result<(), RepoError> {
        self.rows("after delete", rows);
        Ok(())
    }

    fn after_find(&self, rows: &mut [Model]) {
        rows.iter_mut().for_each(|row| row.author_name = Some("somebody".to_owned()));
    }
}

fn watched() -> (Arc<Diary>, Repository<Entity, Ready>) {
    let diary = Arc::new(Diary::default());
    let notes: Repository<Entity> = NOTES.clone().with_lifecycle(diary.clone());
    (diary, notes.for_shop(new_shop()))
}

fn stars() -> ActiveModel {
    ActiveModel { stars: Set(2), ..Default::default() }
}

on_each_database! {
    async fn every_path_calls_the_lifecycle(database: TestDatabase) {
        migrate(&database).await;
        let (db, (diary, notes)) = (database.database(), watched());
        let a = notes.create(&db, note("a")).await.unwrap();
        assert_eq!(a.stars, 1);
        assert_eq!(diary.take(), ["before create a", "after create a"]);
        notes.create_many(&db, ["b", "c"].map(note)).await.unwrap();
        assert_eq!(diary.take(), ["before create bc", "after create bc"]);

        let changed = notes.update(&db, a.id, 1, stars()).await.unwrap();
        assert_eq!((changed.stars, changed.rank), (2, Some(9)));
        assert_eq!(diary.take(), ["before update a", "after update a"]);
        let some = notes.filter(Column::Slug.ne("a"));
        assert_eq!(some.update_many(&db, stars()).await.unwrap(), 2);
        assert_eq!(diary.take(), ["before update bc", "after update bc"]);

        notes.delete(&db, a.id, 2).await.unwrap();
        assert_eq!(diary.take(), ["before delete a", "after delete a"]);
        notes.restore(&db, a.id).await.unwrap();
        assert_eq!(diary.take(), ["before update a", "after update a"]);
        assert_eq!(some.delete_many(&db).await.unwrap(), 2);
        assert_eq!(diary.take(), ["before delete bc", "after delete bc"]);
        notes.hard_delete(&db, a.id).await.unwrap();
        assert_eq!(diary.take(), ["before delete a", "after delete a"]);
    }

    async fn every_read_is_completed(database: TestDatabase) {
        use futures_util::TryStreamExt;
        migrate(&database).await;
        let (db, (_, notes)) = (database.database(), watched());
        let id = notes.create(&db, note("a")).await.unwrap().id;
        let page = notes.page(&db, &czo_repo::PageRequest::first(1).unwrap()).await.unwrap();
        let streamed: Vec<Model> = notes.find_stream(&db).try_collect().await.unwrap();
        for row in [
            notes.get(&db, id).await.unwrap(),
            notes.find_by_ids(&db, &[id]).await.unwrap().remove(0).unwrap(),
            notes.find_one(&db).await.unwrap().unwrap(),
            notes.find_many(&db).await.unwrap().remove(0),
            notes.loader(&db).load(id).await.unwrap().unwrap(),
            page.nodes[0].clone(),
            streamed[0].clone(),
        ] {
            assert_eq!(row.author_name.as_deref(), Some("somebody"));
        }
    }

    async fn what_a_lifecycle_refuses_is_undone(database: TestDatabase) {
        migrate(&database).await;
        let (db, (_, notes)) = (database.database(), watched());
        let refused = notes.create_many(&db, ["a", "cursed"].map(note)).await.unwrap_err();
        assert_eq!(refused.to_string(), "slug: is cursed");
        assert_eq!(notes.count(&db).await.unwrap(), 0);
        let sacred = notes.create(&db, note("sacred")).await.unwrap();
        let refused = notes.delete(&db, sacred.id, 1).await;
        assert!(matches!(refused, Err(RepoError::Refused(_))), "{refused:?}");
        assert!(notes.filter(Column::Slug.eq("sacred")).delete_many(&db).await.is_err());
        // Within a unit of work, a refusal ends what was refused and not the rest.
        db.transaction(async |tx| {
            notes.create(tx, note("b")).await?;
            assert!(notes.create(tx, note("cursed")).await.is_err());
            Ok::<_, RepoError>(())
        })
        .await
        .unwrap();
        assert_eq!(notes.count(&db).await.unwrap(), 2);
    }
}
