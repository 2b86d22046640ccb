//! Changing and deleting many rows in one statement.

use sea_orm::sea_query::Expr;
use sea_orm::{IntoActiveModel, QueryFilter, QuerySelect, UpdateMany};

use super::read::{IDS_PER_STATEMENT, one_of};
use super::{CanWrite, Ready, Repository};
use crate::connection::Connection;
use crate::{RepoError, Resource, UnitOfWork};

impl<E: Resource, A: CanWrite> Repository<E, Ready, A> {
    /// Changes the columns that are `Set` in every row of the scope, and says in how many.
    /// Versions grow, and `updated_at` goes along; no version is checked.
    ///
    /// # Errors
    ///
    /// [`RepoError::NoFilter`] when nothing says which rows are meant; otherwise as
    /// [`update`](Self::update).
    pub async fn update_many(
        &self,
        db: &impl Connection,
        changes: impl IntoActiveModel<E::ActiveModel> + Send,
    ) -> Result<u64, RepoError> {
        let changes = changes.into_active_model();
        self.check_filter()?;
        Self::check_changes(&changes)?;
        if self.lifecycle.is_none() {
            let update = self.set(db.environment(), changes).filter(self.scope.condition());
            let _turn = db.turn().await?;
            let done = update.exec(db.writer()).await.map_err(Self::of_write)?;
            return Ok(done.rows_affected);
        }
        let tx = db.begin().await?;
        let outcome = self.update_many_within(&tx, changes).await;
        tx.end(outcome).await
    }

    async fn update_many_within(
        &self,
        tx: &UnitOfWork,
        changes: E::ActiveModel,
    ) -> Result<u64, RepoError> {
        let update = |changes| self.set(tx.environment(), changes).filter(self.scope.condition());
        self.update_all(tx, changes, update).await
    }

    /// Runs an update on every row of the scope, with the lifecycle around it: exactly the rows
    /// that it was shown before are changed.
    pub(super) async fn update_all(
        &self,
        tx: &UnitOfWork,
        mut changes: E::ActiveModel,
        update: impl Fn(E::ActiveModel) -> UpdateMany<E>,
    ) -> Result<u64, RepoError> {
        let _turn = tx.statement()?;
        let Some(lifecycle) = &self.lifecycle else {
            let done = update(changes).exec(&**tx).await.map_err(Self::of_write)?;
            return Ok(done.rows_affected);
        };
        let before = self.lock_all(tx).await?;
        lifecycle.before_update(tx, &before, &mut changes).await?;
        let update = update(changes);
        let ids: Vec<_> = before.iter().map(E::id).collect();
        let mut changed = Vec::with_capacity(ids.len());
        for portion in ids.chunks(IDS_PER_STATEMENT) {
            let update = update.clone().filter(one_of(E::ID, portion));
            let rows = update.exec_with_returning(&**tx).await.map_err(Self::of_write)?;
            changed.extend(rows);
        }
        lifecycle.after_update(tx, &changed).await?;
        Ok(count(&changed))
    }

    /// Deletes every row of the scope, and says how many there were. Rows of a
    /// [`SoftDelete`](crate::SoftDelete) resource are stamped, all others are gone.
    ///
    /// # Errors
    ///
    /// [`RepoError::NoFilter`] when nothing says which rows are meant; and when the database
    /// fails.
    pub async fn delete_many(&self, db: &impl Connection) -> Result<u64, RepoError> {
        self.check_filter()?;
        let tx = db.begin().await?;
        let outcome = self.delete_many_within(&tx).await;
        tx.end(outcome).await
    }

    async fn delete_many_within(&self, tx: &UnitOfWork) -> Result<u64, RepoError> {
        let _turn = tx.statement()?;
        let Some(lifecycle) = &self.lifecycle else {
            let condition = self.scope.condition();
            let deleted = match self.stamp(tx) {
                Some(update) => update.filter(condition).exec(&**tx).await,
                None => {
                    let erased = E::delete_many().filter(condition).exec(&**tx).await;
                    return Ok(erased.map_err(Self::of_write)?.rows_affected);
                }
            };
            return Ok(deleted.map_err(Self::of_write)?.rows_affected);
        };
        let before = self.lock_all(tx).await?;
        lifecycle.before_delete(tx, &before).await?;
        let ids: Vec<_> = before.iter().map(E::id).collect();
        let mut deleted = Vec::with_capacity(ids.len());
        for portion in ids.chunks(IDS_PER_STATEMENT) {
            let these = one_of(E::ID, portion);
            let rows = match self.stamp(tx) {
                Some(update) => update.filter(these).exec_with_returning(&**tx).await,
                None => E::delete_many().filter(these).exec_with_returning(&**tx).await,
            };
            deleted.extend(rows.map_err(Self::of_write)?);
        }
        lifecycle.after_delete(tx, &deleted).await?;
        Ok(count(&deleted))
    }

    /// What soft deletion does to rows; nothing where there is none.
    fn stamp(&self, tx: &UnitOfWork) -> Option<UpdateMany<E>> {
        let environment = tx.environment();
        let now = Expr::value(environment.now());
        let stamp = |deleted_at| E::update_many().col_expr(deleted_at, now);
        E::DELETED_AT.map(|deleted_at| self.touch(environment, stamp(deleted_at)))
    }

    /// The rows of the scope, for a lifecycle.
    pub(super) async fn lock_all(&self, tx: &UnitOfWork) -> Result<Vec<E::Model>, RepoError> {
        Ok(self.select().lock_exclusive().all(&**tx).await?)
    }

    pub(super) fn check_filter(&self) -> Result<(), RepoError> {
        if self.scope.is_filtered() {
            Ok(())
        } else {
            Err(RepoError::NoFilter { resource: E::default().table_name() })
        }
    }
}

fn count<T>(rows: &[T]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}
