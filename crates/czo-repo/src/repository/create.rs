//! New rows.

use std::collections::HashMap;

use sea_orm::sea_query::{OnConflict, Query, Value, ValueType};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend,
    DbErr, FromQueryResult, IdenStatic, Insert, IntoActiveModel, Iterable, QueryTrait,
};

use super::{CanWrite, Ready, Repository};
use crate::connection::Connection;
use crate::environment::Environment;
use crate::{RepoError, Resource};

impl<E: Resource, A: CanWrite> Repository<E, Ready, A> {
    /// Inserts a row, and returns it as the database has it. Id, shop, version and timestamps are
    /// filled in; of them the caller may set the id, and of the shop only what the scope says.
    ///
    /// # Errors
    ///
    /// [`RepoError::Taken`] when a unique value belongs to another row; and when the database
    /// fails.
    pub async fn create(
        &self,
        db: &impl Connection,
        row: impl IntoActiveModel<E::ActiveModel> + Send,
    ) -> Result<E::Model, RepoError> {
        let mut rows = vec![row.into_active_model()];
        if self.lifecycle.is_some() {
            let created = self.create_many(db, rows).await?;
            return created.into_iter().next().ok_or_else(|| DbErr::RecordNotInserted.into());
        }
        self.fill_in(db.environment(), &mut rows)?;
        let _turn = db.turn().await?;
        let created = self.insert(db.writer(), rows, None).await?;
        // A trigger of the database may swallow a row.
        created.into_iter().next().ok_or_else(|| DbErr::RecordNotInserted.into())
    }

    /// Inserts rows, all or none, and returns them in their order. Any number: they are inserted
    /// in portions, as many at once as the database takes.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub async fn create_many<R: IntoActiveModel<E::ActiveModel>>(
        &self,
        db: &impl Connection,
        rows: impl IntoIterator<Item = R> + Send,
    ) -> Result<Vec<E::Model>, RepoError> {
        let mut rows: Vec<_> = rows.into_iter().map(IntoActiveModel::into_active_model).collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        self.fill_in(db.environment(), &mut rows)?;
        let tx = db.begin().await?;
        let outcome = self.create_within(&tx, rows, None).await;
        tx.end(outcome).await
    }

    /// Inserts rows with everything around it; `on_conflict` makes it an upsert.
    pub(super) async fn create_within(
        &self,
        tx: &crate::UnitOfWork,
        mut rows: Vec<E::ActiveModel>,
        on_conflict: Option<&OnConflict>,
    ) -> Result<Vec<E::Model>, RepoError> {
        if let Some(lifecycle) = &self.lifecycle {
            lifecycle.before_create(tx, &mut rows).await?;
        }
        let transaction: &DatabaseTransaction = tx;
        let created = self.insert(transaction, rows, on_conflict).await?;
        if let Some(lifecycle) = &self.lifecycle {
            lifecycle.after_create(tx, &created).await?;
        }
        Ok(created)
    }

    pub(super) fn fill_in(
        &self,
        environment: &Environment,
        rows: &mut [E::ActiveModel],
    ) -> Result<(), RepoError> {
        let now = Value::from(environment.now());
        for row in rows {
            self.fill_in_shop(row)?;
            if row.get(E::ID).is_not_set()
                && let Some(id) = E::new_id(&*environment.ids)
            {
                row.set(E::ID, id.into());
            }
            if let Some(version) = E::VERSION {
                protect::<E>(row, version)?;
                row.set(version, 1.into());
            }
            for column in [E::CREATED_AT, E::UPDATED_AT].into_iter().flatten() {
                protect::<E>(row, column)?;
                row.set(column, now.clone());
            }
            if let Some(deleted_at) = E::DELETED_AT {
                protect::<E>(row, deleted_at)?;
                row.set(deleted_at, now.as_null());
            }
            give::<E>(row);
        }
        Ok(())
    }

    fn fill_in_shop(&self, row: &mut E::ActiveModel) -> Result<(), RepoError> {
        let resource = Self::resource();
        let Some(column) = E::SHOP_ID else { return Ok(()) };
        let given = row.get(column).into_value();
        match self.scope.shop.map(Value::from) {
            Some(shop) if given.as_ref().is_none_or(|given| *given == shop) => {
                row.set(column, shop);
                Ok(())
            }
            Some(_) => Err(RepoError::Protected { resource, column: column.as_str() }),
            None if given.is_some() => Ok(()),
            None => Err(RepoError::NoShop { resource }),
        }
    }

    /// Inserts rows in portions and returns them in their order.
    async fn insert<C: ConnectionTrait>(
        &self,
        db: &C,
        rows: Vec<E::ActiveModel>,
        on_conflict: Option<&OnConflict>,
    ) -> Result<Vec<E::Model>, RepoError> {
        let backend = db.get_database_backend();
        let ids: Option<Vec<E::Id>> = rows.iter().map(|row| id_of::<E>(row)).collect();
        let mut created = Vec::with_capacity(rows.len());
        for portion in portions::<E>(rows, backend) {
            let mut insert = Insert::<E::ActiveModel>::many(portion);
            if let Some(on_conflict) = on_conflict {
                insert = insert.on_conflict(on_conflict.clone());
            }
            let mut statement = insert.into_query();
            let columns = E::Column::iter()
                .map(|column| column.select_as(column.into_returning_expr(backend)));
            statement.returning(Query::returning().exprs(columns));
            let answer = db.query_all(&statement).await;
            for row in answer.map_err(Self::of_write)? {
                created.push(E::Model::from_query_result(&row, "")?);
            }
        }
        match ids {
            Some(ids) => Ok(in_order_of::<E>(&ids, created)),
            // The database gave them, in this order.
            None => Ok(created),
        }
    }

    pub(super) fn of_write(error: sea_orm::DbErr) -> RepoError {
        let shop = E::SHOP_ID.map(|column| column.as_str());
        RepoError::of_write(Self::resource(), shop, error)
    }
}

/// Means every value that a row has, those of a model too, which SeaORM calls unchanged.
fn give<E: Resource>(row: &mut E::ActiveModel) {
    for column in E::Column::iter() {
        if let ActiveValue::Unchanged(value) = row.get(column) {
            row.set(column, value);
        }
    }
}

/// Whether only the repository changes a column.
pub(super) fn is_fixed<E: Resource>(column: E::Column) -> bool {
    let fixed = [Some(E::ID), E::SHOP_ID, E::VERSION, E::DELETED_AT, E::CREATED_AT, E::UPDATED_AT];
    fixed.iter().flatten().any(|fixed| fixed.as_str() == column.as_str())
}

/// Refuses a value for a column that is not the caller's.
pub(super) fn protect<E: Resource>(
    row: &E::ActiveModel,
    column: E::Column,
) -> Result<(), RepoError> {
    if row.get(column).is_set() {
        let resource = E::default().table_name();
        return Err(RepoError::Protected { resource, column: column.as_str() });
    }
    Ok(())
}

pub(super) fn id_of<E: Resource>(row: &E::ActiveModel) -> Option<E::Id> {
    row.get(E::ID).into_value().and_then(|id| <E::Id as ValueType>::try_from(id).ok())
}

/// Splits rows so that no statement binds more values than the database takes, and so that all
/// rows of one set the same columns: where they differ, SeaORM would write `NULL` over the
/// default of those that one row leaves to the database.
fn portions<E: Resource>(
    rows: Vec<E::ActiveModel>,
    backend: DbBackend,
) -> Vec<Vec<E::ActiveModel>> {
    /// As of version 3.32; what a protocol message of PostgreSQL holds.
    const SQLITE: usize = 32_766;
    const POSTGRES: usize = 65_535;
    /// More in one statement are no faster, and take memory on both sides.
    const ROWS: usize = 2_000;

    let values = if backend == DbBackend::Sqlite { SQLITE } else { POSTGRES };
    let mut portions: Vec<Vec<E::ActiveModel>> = Vec::new();
    let mut columns_of_last = Vec::new();
    for row in rows {
        let columns: Vec<bool> = E::Column::iter().map(|column| row.get(column).is_set()).collect();
        let set = columns.iter().filter(|set| **set).count().max(1);
        let most = (values / set).min(ROWS);
        match portions.last_mut() {
            Some(portion) if portion.len() < most && columns == columns_of_last => {
                portion.push(row)
            }
            _ => {
                columns_of_last = columns;
                portions.push(vec![row]);
            }
        }
    }
    portions
}

/// Databases may return rows in any order; most keep that of the insertion.
fn in_order_of<E: Resource>(ids: &[E::Id], rows: Vec<E::Model>) -> Vec<E::Model> {
    if rows.iter().map(E::id).eq(ids.iter().cloned()) {
        return rows;
    }
    let places: HashMap<&E::Id, usize> = ids.iter().zip(0..).collect();
    let mut rows = rows;
    // An upsert may have found a row of another id; then the database's order is all there is.
    if rows.iter().all(|row| places.contains_key(&E::id(row))) {
        rows.sort_by_key(|row| places.get(&E::id(row)).copied());
    }
    rows
}
