//! Deleting and restoring one row.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, QueryFilter};

use super::scope::Trashed;
use super::{CanWrite, Expected, Ready, Repository};
use crate::connection::Connection;
use crate::{RepoError, Resource, SoftDelete, UnitOfWork};

impl<E: Resource, A: CanWrite> Repository<E, Ready, A> {
    /// Deletes a row, if it has the version that the caller knows, and returns it as it was last.
    /// Rows of a [`SoftDelete`] resource are stamped, all others are gone.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub async fn delete(
        &self,
        db: &impl Connection,
        id: E::Id,
        expected: impl Into<E::Expected> + Send,
    ) -> Result<E::Model, RepoError> {
        let expected = expected.into().into();
        if self.lifecycle.is_none() {
            return self.delete_one(db, id, expected).await;
        }
        let tx = db.begin().await?;
        let outcome = self.delete_within(&tx, id, expected).await;
        tx.end(outcome).await
    }

    async fn delete_within(
        &self,
        tx: &UnitOfWork,
        id: E::Id,
        expected: Expected,
    ) -> Result<E::Model, RepoError> {
        if let Some(lifecycle) = &self.lifecycle {
            let before = self.lock_one(tx, &id, expected).await?;
            lifecycle.before_delete(tx, &[before]).await?;
        }
        let deleted = self.delete_one(tx, id, expected).await?;
        if let Some(lifecycle) = &self.lifecycle {
            lifecycle.after_delete(tx, std::slice::from_ref(&deleted)).await?;
        }
        Ok(deleted)
    }

    async fn delete_one(
        &self,
        db: &impl Connection,
        id: E::Id,
        expected: Expected,
    ) -> Result<E::Model, RepoError> {
        match E::DELETED_AT {
            Some(deleted_at) => {
                let environment = db.environment();
                let update = E::update_many().col_expr(deleted_at, Expr::value(environment.now()));
                self.write_one(db, id, expected, self.touch(environment, update)).await
            }
            None => self.erase_one(db, id, expected).await,
        }
    }

    /// Removes a row from the table.
    async fn erase_one(
        &self,
        db: &impl Connection,
        id: E::Id,
        expected: Expected,
    ) -> Result<E::Model, RepoError> {
        let mut delete =
            E::delete_many().filter(self.scope.condition()).filter(E::ID.eq(id.clone()));
        if let (Some(column), Expected::Version(version)) = (E::VERSION, expected) {
            delete = delete.filter(column.eq(version));
        }
        let turn = db.turn().await?;
        let erased = delete.exec_with_returning(db.writer()).await.map_err(Self::of_write)?;
        drop(turn);
        match erased.into_iter().next() {
            Some(row) => Ok(row),
            None => Err(self.lost(db, &id, expected).await?),
        }
    }
}

impl<E: SoftDelete, A: CanWrite> Repository<E, Ready, A> {
    /// Brings a deleted row back, and returns it. One that is not deleted is returned as it is.
    ///
    /// # Errors
    ///
    /// [`RepoError::NotFound`]; [`RepoError::Taken`] when another row has one of its unique values
    /// by now; and when the database fails.
    pub async fn restore(&self, db: &impl Connection, id: E::Id) -> Result<E::Model, RepoError> {
        let tx = db.begin().await?;
        let outcome = self.restore_within(&tx, id).await;
        tx.end(outcome).await
    }

    async fn restore_within(&self, tx: &UnitOfWork, id: E::Id) -> Result<E::Model, RepoError> {
        let trashed = self.only_trashed();
        let Some(deleted_at) = E::DELETED_AT else { return self.get_to_write(tx, id).await };
        let deleted = match trashed.lock_one(tx, &id, Expected::Any).await {
            Err(RepoError::NotFound { .. }) => return self.get_to_write(tx, id).await,
            found => found?,
        };
        let mut changes = sea_orm::ActiveModelTrait::default();
        if let Some(lifecycle) = &self.lifecycle {
            lifecycle.before_update(tx, &[deleted], &mut changes).await?;
        }
        let update = self.set(tx.environment(), changes);
        let update = update.col_expr(deleted_at, Expr::value(now(tx).as_null()));
        let restored = trashed.write_one(tx, id, Expected::Any, update).await?;
        if let Some(lifecycle) = &self.lifecycle {
            lifecycle.after_update(tx, std::slice::from_ref(&restored)).await?;
        }
        Ok(restored)
    }

    /// Brings every deleted row of the scope back, and says how many there were.
    ///
    /// # Errors
    ///
    /// [`RepoError::NoFilter`] when nothing says which rows are meant; otherwise as
    /// [`restore`](Self::restore).
    pub async fn restore_many(&self, db: &impl Connection) -> Result<u64, RepoError> {
        self.check_filter()?;
        let trashed = self.only_trashed();
        let tx = db.begin().await?;
        let outcome = trashed.restore_many_within(&tx).await;
        tx.end(outcome).await
    }

    async fn restore_many_within(&self, tx: &UnitOfWork) -> Result<u64, RepoError> {
        let Some(deleted_at) = E::DELETED_AT else { return Ok(0) };
        let living = |changes| {
            let update = self.set(tx.environment(), changes).filter(self.scope.condition());
            update.col_expr(deleted_at, Expr::value(now(tx).as_null()))
        };
        self.update_all(tx, sea_orm::ActiveModelTrait::default(), living).await
    }

    async fn get_to_write(&self, tx: &UnitOfWork, id: E::Id) -> Result<E::Model, RepoError> {
        self.lock_one(tx, &id, Expected::Any).await
    }

    /// Removes a row from the table, deleted or not, and returns it as it was. Nothing brings it
    /// back.
    ///
    /// # Errors
    ///
    /// [`RepoError::NotFound`]; and when the database fails, a row that others refer to included.
    pub async fn hard_delete(
        &self,
        db: &impl Connection,
        id: E::Id,
    ) -> Result<E::Model, RepoError> {
        let all = match self.scope.trashed {
            Trashed::Excluded => self.with_trashed(),
            Trashed::Included | Trashed::Only => self.clone(),
        };
        let tx = db.begin().await?;
        let outcome = all.hard_delete_within(&tx, id).await;
        tx.end(outcome).await
    }

    async fn hard_delete_within(&self, tx: &UnitOfWork, id: E::Id) -> Result<E::Model, RepoError> {
        let Some(lifecycle) = &self.lifecycle else {
            return self.erase_one(tx, id, Expected::Any).await;
        };
        let before = self.lock_one(tx, &id, Expected::Any).await?;
        lifecycle.before_delete(tx, &[before]).await?;
        let erased = self.erase_one(tx, id, Expected::Any).await?;
        lifecycle.after_delete(tx, std::slice::from_ref(&erased)).await?;
        Ok(erased)
    }
}

fn now(tx: &UnitOfWork) -> sea_orm::Value {
    tx.environment().now().into()
}
