//! Writing, and forgetting what was there before.

use czo_cache::Cached;
use sea_orm::IntoActiveModel;
use sea_orm::sea_query::{Condition, IntoCondition};

use super::CachedRepository;
use super::entries::{Entries, Stale};
use crate::connection::{Connection, Within};
use crate::repository::version_of;
use crate::{CanWrite, Ready, RepoError, Resource, SoftDelete};

/// Runs a write on whatever it is to run on, and forgets what it made wrong: `$stale` of what it
/// returned; of a write that failed so that it is not known what it did, `$unknown`.
macro_rules! forgetting {
    ($self:ident, $db:ident, $unknown:expr, $stale:expr, |$rows:ident, $on:ident| $write:expr) => {
        match $db.within() {
            Within::Unit($on) => {
                let $rows = &$self.repository;
                let written = $write.await?;
                $self.entries.forget_after($on, $stale(&$self.entries, &written));
                Ok(written)
            }
            Within::Database(database) => {
                let ($rows, database) = ($self.repository.clone(), database.clone());
                let write = async move {
                    let $on = &database;
                    $write.await
                };
                $self.entries.write($unknown, write, $stale).await
            }
        }
    };
}

impl<E: Resource<Model: Cached>, A: CanWrite + 'static> CachedRepository<E, Ready, A> {
    /// As [`Repository::create`](crate::Repository::create).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn create(
        &self,
        db: &impl Connection,
        row: impl IntoActiveModel<E::ActiveModel> + Send,
    ) -> Result<E::Model, RepoError> {
        let row = row.into_active_model();
        forgetting!(self, db, Stale::All, touched::<E>, |rows, on| rows.create(on, row))
    }

    /// As [`Repository::create_many`](crate::Repository::create_many).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn create_many<R: IntoActiveModel<E::ActiveModel>>(
        &self,
        db: &impl Connection,
        rows: impl IntoIterator<Item = R> + Send,
    ) -> Result<Vec<E::Model>, RepoError> {
        let new: Vec<_> = rows.into_iter().map(IntoActiveModel::into_active_model).collect();
        let all_of = |entries: &Entries, rows: &Vec<E::Model>| all_of::<E>(entries, rows);
        forgetting!(self, db, Stale::All, all_of, |rows, on| rows.create_many(on, new))
    }

    /// As [`Repository::upsert_many`](crate::Repository::upsert_many).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn upsert_many<R: IntoActiveModel<E::ActiveModel>>(
        &self,
        db: &impl Connection,
        key: &[E::Column],
        columns: &[E::Column],
        rows: impl IntoIterator<Item = R> + Send,
    ) -> Result<Vec<E::Model>, RepoError> {
        let new: Vec<_> = rows.into_iter().map(IntoActiveModel::into_active_model).collect();
        let all_of = |entries: &Entries, rows: &Vec<E::Model>| all_of::<E>(entries, rows);
        let (key, columns) = (key.to_vec(), columns.to_vec());
        forgetting!(self, db, Stale::All, all_of, |rows, on| {
            rows.upsert_many(on, &key, &columns, new)
        })
    }

    /// As [`Repository::update`](crate::Repository::update).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn update(
        &self,
        db: &impl Connection,
        id: E::Id,
        expected: impl Into<E::Expected> + Send + 'static,
        changes: impl IntoActiveModel<E::ActiveModel> + Send,
    ) -> Result<E::Model, RepoError> {
        let (changes, unknown) = (changes.into_active_model(), self.one(&id));
        forgetting!(self, db, unknown, changed::<E>, |rows, on| rows
            .update(on, id, expected, changes))
    }

    /// As [`Repository::modify`](crate::Repository::modify).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn modify(
        &self,
        db: &impl Connection,
        id: E::Id,
        change: impl FnOnce(&E::Model) -> E::ActiveModel + Send + 'static,
    ) -> Result<E::Model, RepoError> {
        let unknown = self.one(&id);
        forgetting!(self, db, unknown, changed::<E>, |rows, on| rows.modify(on, id, change))
    }

    /// As [`Repository::delete`](crate::Repository::delete).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn delete(
        &self,
        db: &impl Connection,
        id: E::Id,
        expected: impl Into<E::Expected> + Send + 'static,
    ) -> Result<E::Model, RepoError> {
        let unknown = self.one(&id);
        forgetting!(self, db, unknown, deleted::<E>, |rows, on| rows.delete(on, id, expected))
    }

    /// Changes the columns that are `Set` in every row that also matches this, and says in how
    /// many, as [`Repository::update_many`](crate::Repository::update_many). The cache forgets
    /// all rows of the shop.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn update_many(
        &self,
        db: &impl Connection,
        filter: impl IntoCondition,
        changes: impl IntoActiveModel<E::ActiveModel> + Send,
    ) -> Result<u64, RepoError> {
        let (changes, filter) = (changes.into_active_model(), filter.into_condition());
        forgetting!(self, db, Stale::All, any::<u64>, |rows, on| async {
            rows.filter(filter).update_many(on, changes).await
        })
    }

    /// Deletes every row that also matches this, and says how many there were, as
    /// [`Repository::delete_many`](crate::Repository::delete_many). The cache forgets all rows of
    /// the shop.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn delete_many(
        &self,
        db: &impl Connection,
        filter: impl IntoCondition,
    ) -> Result<u64, RepoError> {
        let filter: Condition = filter.into_condition();
        forgetting!(self, db, Stale::All, any::<u64>, |rows, on| async {
            rows.filter(filter).delete_many(on).await
        })
    }

    fn one(&self, id: &E::Id) -> Stale {
        self.entries.of_ids(std::slice::from_ref(id))
    }
}

impl<E: SoftDelete + Resource<Model: Cached>, A: CanWrite + 'static> CachedRepository<E, Ready, A> {
    /// As [`Repository::restore`](crate::Repository::restore).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn restore(&self, db: &impl Connection, id: E::Id) -> Result<E::Model, RepoError> {
        let unknown = self.one(&id);
        forgetting!(self, db, unknown, changed::<E>, |rows, on| rows.restore(on, id))
    }

    /// As [`Repository::hard_delete`](crate::Repository::hard_delete).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn hard_delete(
        &self,
        db: &impl Connection,
        id: E::Id,
    ) -> Result<E::Model, RepoError> {
        let unknown = self.one(&id);
        forgetting!(self, db, unknown, touched::<E>, |rows, on| rows.hard_delete(on, id))
    }
}

/// A row that is there now, or is gone, whatever its version.
fn touched<E: Resource>(entries: &Entries, row: &E::Model) -> Stale {
    entries.of_ids(&[E::id(row)])
}

/// A row that has a later version than whatever was read of it before.
fn changed<E: Resource>(entries: &Entries, row: &E::Model) -> Stale {
    match version_of::<E>(row) {
        Some(version) => Stale::Below(entries.key(&E::id(row)), version.into()),
        None => touched::<E>(entries, row),
    }
}

/// A row that was stamped, or is gone.
fn deleted<E: Resource>(entries: &Entries, row: &E::Model) -> Stale {
    if E::DELETED_AT.is_some() { changed::<E>(entries, row) } else { touched::<E>(entries, row) }
}

fn all_of<E: Resource>(entries: &Entries, rows: &[E::Model]) -> Stale {
    let ids: Vec<_> = rows.iter().map(E::id).collect();
    entries.of_ids(&ids)
}

fn any<T>(_: &Entries, _: &T) -> Stale {
    Stale::All
}
