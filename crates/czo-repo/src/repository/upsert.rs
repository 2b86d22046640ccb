//! Writing rows that may be there already.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, IdenStatic, IntoActiveModel,
};

use super::create::is_fixed;
use super::scope::Trashed;
use super::{CanWrite, Ready, Repository};
use crate::connection::Connection;
use crate::{DatabaseError, RepoError, Resource, UnitOfWork};

impl<E: Resource, A: CanWrite> Repository<E, Ready, A> {
    /// Inserts rows, or changes those that are there: rows with the same values in the columns
    /// `key`, which a unique index must have (of rows that are not deleted, where the resource
    /// knows that). `columns`, which every row sets, are changed, versions grow, the rest stays.
    /// All or none. No key twice: PostgreSQL refuses that.
    ///
    /// # Errors
    ///
    /// [`RepoError::Taken`] when a row that is there is not in the scope, or is deleted, or has a
    /// value that is unique beyond the key; and when the database fails.
    pub async fn upsert_many<R: IntoActiveModel<E::ActiveModel>>(
        &self,
        db: &impl Connection,
        key: &[E::Column],
        columns: &[E::Column],
        rows: impl IntoIterator<Item = R> + Send,
    ) -> Result<Vec<E::Model>, RepoError> {
        let mut rows: Vec<_> = rows.into_iter().map(IntoActiveModel::into_active_model).collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let resource = Self::resource();
        if let Some(column) = columns.iter().find(|column| is_fixed::<E>(**column)) {
            return Err(RepoError::Protected { resource, column: column.as_str() });
        }
        self.fill_in(db.environment(), &mut rows)?;
        let lacks = |column: &&E::Column| rows.iter().any(|row| !row.get(**column).is_set());
        if let Some(column) = columns.iter().find(lacks) {
            return Err(RepoError::Missing { resource, column: column.as_str() });
        }
        let expected = rows.len();
        let on_conflict = self.on_conflict(key, columns);
        let tx = db.begin().await?;
        refresh_schema(&tx).await?;
        let outcome = match self.create_within(&tx, rows, Some(&on_conflict)).await {
            Ok(written) if written.len() != expected => Err(taken::<E>(key)),
            outcome => outcome,
        };
        tx.end(outcome).await
    }

    fn on_conflict(&self, key: &[E::Column], columns: &[E::Column]) -> OnConflict {
        let of_table = |column: E::Column| Expr::col(column.as_column_ref());
        let by_id = matches!(key, [only] if only.as_str() == E::ID.as_str());
        let mut over = OnConflict::columns(key.iter().copied());
        if let (false, Some(deleted_at)) = (by_id, E::DELETED_AT) {
            over.target_and_where(Expr::col(deleted_at).is_null());
        }
        over.update_columns(columns.iter().copied().chain(E::UPDATED_AT));
        if let Some(version) = E::VERSION {
            over.value(version, of_table(version).add(1));
        }
        // A row that is there is changed only if it is in the scope, and stays in its shop.
        over.action_cond_where(self.scope.condition_with(Trashed::Excluded));
        if let Some(column) = E::SHOP_ID {
            let of_new = Expr::col((Alias::new("excluded"), column));
            over.action_and_where(of_table(column).eq(of_new));
        }
        over.to_owned()
    }
}

/// Lets a connection to SQLite look at the schema that is there now. One that remembers it from
/// before a unique index was made would say that no constraint matches, and not look again as it
/// does for a table that it does not know.
async fn refresh_schema(tx: &UnitOfWork) -> Result<(), DatabaseError> {
    if tx.get_database_backend() == DbBackend::Sqlite {
        tx.execute_unprepared("SELECT 1 FROM sqlite_master LIMIT 1").await?;
    }
    Ok(())
}

fn taken<E: Resource>(key: &[E::Column]) -> RepoError {
    let columns = key.iter().map(|column| column.as_str().to_owned()).collect();
    RepoError::taken(E::default().table_name(), columns)
}
