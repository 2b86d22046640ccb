//! Changing one row.

use sea_orm::sea_query::{Expr, ExprTrait, ValueType};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, IntoActiveModel, Iterable, ModelTrait, QueryFilter, QuerySelect,
    UpdateMany,
};

use super::create::{is_fixed, protect};
use super::{CanWrite, Ready, Repository};
use crate::connection::Connection;
use crate::environment::Environment;
use crate::{RepoError, Resource, UnitOfWork};

/// The version that a caller knows a row by: `row.version.into()`, or `None.into()` where the
/// caller did not ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// This one; any other is a conflict.
    Version(i32),
    /// Whatever it is: the last writer wins.
    Any,
}

/// Whatever the version of a row is: the last writer wins. All that can be expected of rows that
/// have no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnyVersion;

impl From<i32> for Expected {
    fn from(version: i32) -> Self {
        Self::Version(version)
    }
}

impl From<Option<i32>> for Expected {
    fn from(version: Option<i32>) -> Self {
        version.map_or(Self::Any, Self::Version)
    }
}

impl From<AnyVersion> for Expected {
    fn from(AnyVersion: AnyVersion) -> Self {
        Self::Any
    }
}

impl<E: Resource, A: CanWrite> Repository<E, Ready, A> {
    /// Changes the columns of a row that are `Set`, if it has the version that the caller knows,
    /// and returns it as it is then. One statement; version and `updated_at` go along.
    ///
    /// # Errors
    ///
    /// [`RepoError::Conflict`] with both versions, [`RepoError::NotFound`], [`RepoError::Deleted`]:
    /// told apart by a second statement where the first changed nothing.
    /// [`RepoError::NothingToChange`] when nothing is `Set`, [`RepoError::Taken`] when a unique
    /// value belongs to another row; and when the database fails.
    pub async fn update(
        &self,
        db: &impl Connection,
        id: E::Id,
        expected: impl Into<E::Expected> + Send,
        changes: impl IntoActiveModel<E::ActiveModel> + Send,
    ) -> Result<E::Model, RepoError> {
        let (expected, changes) = (expected.into().into(), changes.into_active_model());
        Self::check_changes(&changes)?;
        if self.lifecycle.is_none() {
            return self.write_one(db, id, expected, self.set(db.environment(), changes)).await;
        }
        let tx = db.begin().await?;
        let outcome = self.update_within(&tx, id, expected, changes).await;
        tx.end(outcome).await
    }

    /// Reads a row, asks `change` what is to change of it, and changes that; other writers of the
    /// row wait meanwhile. For changes that follow from what the row is, such as one more of
    /// something: no version, no conflict.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update), without conflicts.
    pub async fn modify(
        &self,
        db: &impl Connection,
        id: E::Id,
        change: impl FnOnce(&E::Model) -> E::ActiveModel + Send,
    ) -> Result<E::Model, RepoError> {
        let tx = db.begin().await?;
        let outcome = self.modify_within(&tx, id, change).await;
        tx.end(outcome).await
    }

    async fn modify_within(
        &self,
        tx: &UnitOfWork,
        id: E::Id,
        change: impl FnOnce(&E::Model) -> E::ActiveModel + Send,
    ) -> Result<E::Model, RepoError> {
        let row = self.lock_one(tx, &id, Expected::Any).await?;
        let changes = change(&row);
        Self::check_changes(&changes)?;
        self.change(tx, row, Expected::Any, changes).await
    }

    async fn update_within(
        &self,
        tx: &UnitOfWork,
        id: E::Id,
        expected: Expected,
        changes: E::ActiveModel,
    ) -> Result<E::Model, RepoError> {
        let before = self.lock_one(tx, &id, expected).await?;
        self.change(tx, before, expected, changes).await
    }

    /// Changes a row that is locked, with the lifecycle around it.
    async fn change(
        &self,
        tx: &UnitOfWork,
        before: E::Model,
        expected: Expected,
        mut changes: E::ActiveModel,
    ) -> Result<E::Model, RepoError> {
        let id = E::id(&before);
        if let Some(lifecycle) = &self.lifecycle {
            lifecycle.before_update(tx, &[before], &mut changes).await?;
        }
        let update = self.set(tx.environment(), changes);
        let changed = self.write_one(tx, id, expected, update).await?;
        if let Some(lifecycle) = &self.lifecycle {
            lifecycle.after_update(tx, std::slice::from_ref(&changed)).await?;
        }
        Ok(changed)
    }

    /// An update of these columns, of the version and of the time of change.
    pub(super) fn set(&self, environment: &Environment, changes: E::ActiveModel) -> UpdateMany<E> {
        self.touch(environment, E::update_many().set(changes))
    }

    /// Counts a change, and stamps it.
    pub(super) fn touch(
        &self,
        environment: &Environment,
        mut update: UpdateMany<E>,
    ) -> UpdateMany<E> {
        if let Some(version) = E::VERSION {
            update = update.col_expr(version, Expr::col(version).add(1));
        }
        if let Some(updated_at) = E::UPDATED_AT {
            update = update.col_expr(updated_at, Expr::value(environment.now()));
        }
        update
    }

    /// Runs an update on one row, if it has the expected version, and says why not if not.
    pub(super) async fn write_one(
        &self,
        db: &impl Connection,
        id: E::Id,
        expected: Expected,
        update: UpdateMany<E>,
    ) -> Result<E::Model, RepoError> {
        let mut update = update.filter(self.scope.condition()).filter(E::ID.eq(id.clone()));
        if let (Some(column), Expected::Version(version)) = (E::VERSION, expected) {
            update = update.filter(column.eq(version));
        }
        let turn = db.turn().await?;
        let changed = update.exec_with_returning(db.writer()).await.map_err(Self::of_write)?;
        drop(turn);
        match changed.into_iter().next() {
            Some(row) => Ok(row),
            None => Err(self.lost(db, &id, expected).await?),
        }
    }

    /// Why no row was written.
    pub(super) async fn lost(
        &self,
        db: &impl Connection,
        id: &E::Id,
        expected: Expected,
    ) -> Result<RepoError, RepoError> {
        let found = self.scope.select().filter(E::ID.eq(id.clone())).one(db.writer()).await?;
        match (found.as_ref().and_then(version_of::<E>), expected) {
            (Some(actual), Expected::Version(expected)) => Ok(RepoError::Conflict {
                resource: Self::resource(),
                id: id.to_string(),
                expected,
                actual,
            }),
            _ => self.missing(db, id).await,
        }
    }

    /// The row as it is, for a lifecycle; on PostgreSQL, other writers of it wait from here on.
    pub(super) async fn lock_one(
        &self,
        tx: &UnitOfWork,
        id: &E::Id,
        expected: Expected,
    ) -> Result<E::Model, RepoError> {
        let select = self.scope.select().filter(E::ID.eq(id.clone())).lock_exclusive();
        match (select.one(&**tx).await?, expected) {
            (Some(row), Expected::Version(version))
                if version_of::<E>(&row).is_some_and(|actual| actual != version) =>
            {
                Err(self.lost(tx, id, expected).await?)
            }
            (Some(row), _) => Ok(row),
            (None, _) => Err(self.missing(tx, id).await?),
        }
    }

    /// Refuses changes that change nothing, or what is not the caller's to change.
    pub(super) fn check_changes(changes: &E::ActiveModel) -> Result<(), RepoError> {
        let mut fixed = E::Column::iter().filter(|column| is_fixed::<E>(*column));
        fixed.try_for_each(|column| protect::<E>(changes, column))?;
        if E::Column::iter().any(|column| changes.get(column).is_set()) {
            Ok(())
        } else {
            Err(RepoError::NothingToChange { resource: E::default().table_name() })
        }
    }
}

/// The version of a row.
pub(crate) fn version_of<E: Resource>(row: &E::Model) -> Option<i32> {
    E::VERSION.and_then(|column| <i32 as ValueType>::try_from(row.get(column)).ok())
}
