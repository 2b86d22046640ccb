//! What happens around reads and writes of an entity.

use async_trait::async_trait;

use crate::{RepoError, Resource, UnitOfWork};

/// What happens around everything that is done to the rows of an entity, one by one or in bulk.
///
/// Each method is called once for each call of a repository, with all of its rows, within its
/// transaction: what it reads and writes through `tx` belongs to it, and an error undoes the call
/// and is returned by it. Methods do nothing unless they are written. Shared between threads.
///
/// Before rows are changed or deleted they are read, and on PostgreSQL locked: one more statement,
/// which a repository without a lifecycle does not need.
#[async_trait]
pub trait Lifecycle<E: Resource>: Send + Sync {
    /// New rows, as they will be inserted: ids, shop, version and timestamps are filled in. Also
    /// called before an upsert.
    async fn before_create(
        &self,
        _tx: &UnitOfWork,
        _rows: &mut [E::ActiveModel],
    ) -> Result<(), RepoError> {
        Ok(())
    }

    /// Rows that were inserted (or upserted).
    async fn after_create(&self, _tx: &UnitOfWork, _rows: &[E::Model]) -> Result<(), RepoError> {
        Ok(())
    }

    /// Rows that are about to be changed, as they are, and what is to change.
    async fn before_update(
        &self,
        _tx: &UnitOfWork,
        _rows: &[E::Model],
        _changes: &mut E::ActiveModel,
    ) -> Result<(), RepoError> {
        Ok(())
    }

    /// Rows that were changed or restored.
    async fn after_update(&self, _tx: &UnitOfWork, _rows: &[E::Model]) -> Result<(), RepoError> {
        Ok(())
    }

    /// Rows that are about to be deleted.
    async fn before_delete(&self, _tx: &UnitOfWork, _rows: &[E::Model]) -> Result<(), RepoError> {
        Ok(())
    }

    /// Rows that were deleted, as they were last.
    async fn after_delete(&self, _tx: &UnitOfWork, _rows: &[E::Model]) -> Result<(), RepoError> {
        Ok(())
    }

    /// Rows that were read, to be completed or changed before the caller sees them.
    fn after_find(&self, _rows: &mut [E::Model]) {}
}
