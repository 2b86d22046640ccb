//! Reading.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use sea_orm::sea_query::{Expr, Value};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};

use super::{CanRead, Ready, Repository, scope::Trashed};
use crate::connection::Connection;
use crate::page::{OffsetRequest, Page, PageRequest};
use crate::{PageError, RepoError, Resource, cursor, keyset};

/// Ids per statement: far below the 32,766 values that SQLite binds, and few enough that the
/// database reads them as a list.
pub(super) const IDS_PER_STATEMENT: usize = 8_192;

impl<E: Resource, A: CanRead> Repository<E, Ready, A> {
    /// The row of this id, if it is in the scope.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn find_by_id(
        &self,
        db: &impl Connection,
        id: E::Id,
    ) -> Result<Option<E::Model>, RepoError> {
        let found = self.scope.select().filter(E::ID.eq(id)).one(db.reader()).await?;
        Ok(self.found(found))
    }

    /// The row of this id.
    ///
    /// # Errors
    ///
    /// [`RepoError::NotFound`] where it is not in the scope, [`RepoError::Deleted`] where it was;
    /// and when the database fails.
    pub async fn get(&self, db: &impl Connection, id: E::Id) -> Result<E::Model, RepoError> {
        match self.find_by_id(db, id.clone()).await? {
            Some(row) => Ok(row),
            None => Err(self.missing(db, &id).await?),
        }
    }

    /// The rows of these ids, in their order; `None` where there is none in the scope. Any number
    /// of ids: they are asked for in portions, none of them twice.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn find_by_ids(
        &self,
        db: &impl Connection,
        ids: &[E::Id],
    ) -> Result<Vec<Option<E::Model>>, RepoError> {
        let wanted = without_repetition(ids);
        let mut found = HashMap::with_capacity(wanted.len());
        for portion in wanted.chunks(IDS_PER_STATEMENT) {
            let rows = self.scope.select().filter(one_of(E::ID, portion)).all(db.reader()).await?;
            found.extend(self.found_all(rows).into_iter().map(|row| (E::id(&row), row)));
        }
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }

    /// The rows of the scope that belong to each of these: those with the same value in `column`,
    /// which `key` reads of a row, in the order of the scope. What nothing belongs to is left
    /// out. One statement for up to 8,192 of them: the rows of many owners without a statement
    /// for each.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn find_grouped<K>(
        &self,
        db: &impl Connection,
        column: E::Column,
        owners: &[K],
        key: impl Fn(&E::Model) -> K + Send,
    ) -> Result<HashMap<K, Vec<E::Model>>, RepoError>
    where
        K: Eq + Hash + Clone + Into<Value> + Send + Sync,
    {
        let mut found = HashMap::<K, Vec<E::Model>>::with_capacity(owners.len());
        for portion in without_repetition(owners).chunks(IDS_PER_STATEMENT) {
            let rows = self.select().filter(one_of(column, portion)).all(db.reader()).await?;
            for row in self.found_all(rows) {
                found.entry(key(&row)).or_default().push(row);
            }
        }
        Ok(found)
    }

    /// The first row of the scope, in its order.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn find_one(&self, db: &impl Connection) -> Result<Option<E::Model>, RepoError> {
        Ok(self.found(self.select().one(db.reader()).await?))
    }

    /// All rows of the scope, in its order. Where they may be many, take a [`page`](Self::page)
    /// or a [stream](Self::find_stream).
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn find_many(&self, db: &impl Connection) -> Result<Vec<E::Model>, RepoError> {
        Ok(self.found_all(self.select().all(db.reader()).await?))
    }

    /// All rows of the scope, in its order, one after the other: memory holds one at a time.
    ///
    /// On a [`UnitOfWork`](crate::UnitOfWork) nothing else can run before the stream has ended.
    pub fn find_stream<'db, C: Connection>(
        &self,
        db: &'db C,
    ) -> impl Stream<Item = Result<E::Model, RepoError>> + Send + 'db
    where
        E::Model: 'db,
    {
        let (select, lifecycle) = (self.select(), self.lifecycle.clone());
        stream::once(async move { select.stream(db.reader()).await }).try_flatten().map(
            move |row| {
                let mut row = row?;
                if let Some(lifecycle) = &lifecycle {
                    lifecycle.after_find(std::slice::from_mut(&mut row));
                }
                Ok(row)
            },
        )
    }

    /// How many rows the scope has.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn count(&self, db: &impl Connection) -> Result<u64, RepoError> {
        let counted = self.scope.select().select_only().column_as(E::ID.count(), "count");
        let count = counted.into_tuple::<i64>().one(db.reader()).await?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    /// Whether the scope has any row.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn exists(&self, db: &impl Connection) -> Result<bool, RepoError> {
        let any = self.scope.select().select_only().expr_as(Expr::cust("1"), "one").limit(1);
        Ok(any.into_tuple::<i32>().one(db.reader()).await?.is_some())
    }

    /// One page of the scope, in its order, between two cursors: as cheap for the thousandth page
    /// as for the first, where an index has the order's columns.
    ///
    /// Walking from page to page visits every row once that is there all the while and whose
    /// sorted columns do not change, whatever is inserted or deleted meanwhile.
    ///
    /// # Errors
    ///
    /// [`RepoError::Page`] for a cursor that is not one of this scope and order, or was tampered
    /// with; and when the database fails.
    pub async fn page(
        &self,
        db: &impl Connection,
        request: &PageRequest,
    ) -> Result<Page<E::Model>, RepoError> {
        let (list, sort) = (cursor::List::of(self, db), self.scope.sort());
        let seek = keyset::Seek::new(sort, &list, request)?;
        let mut rows = seek.select(self.scope.select()).all(db.reader()).await?;
        let ends = seek.ends(&mut rows);
        let positions = cursor::Positions::of(list, sort, &rows)?;
        let total_count = self.total(db, request.wants_total()).await?;
        Ok(Page::new(self.found_all(rows), ends, positions, total_count))
    }

    /// The numbered page of the scope, in its order.
    ///
    /// The database reads and drops all rows before it, and rows that come or go meanwhile move
    /// others from page to page: [`page`](Self::page) has neither problem.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn numbered_page(
        &self,
        db: &impl Connection,
        request: &OffsetRequest,
    ) -> Result<Page<E::Model>, RepoError> {
        let select = self.select().offset(request.offset()).limit(request.limit() + 1);
        let mut rows = select.all(db.reader()).await?;
        let ends = request.ends(&mut rows);
        let list = cursor::List::of(self, db);
        let positions = cursor::Positions::of(list, self.scope.sort(), &rows)?;
        let total_count = self.total(db, request.wants_total()).await?;
        Ok(Page::new(self.found_all(rows), ends, positions, total_count))
    }

    async fn total(&self, db: &impl Connection, wanted: bool) -> Result<Option<u64>, RepoError> {
        Ok(if wanted { Some(self.count(db).await?) } else { None })
    }

    fn found(&self, row: Option<E::Model>) -> Option<E::Model> {
        match (&self.lifecycle, row) {
            (Some(lifecycle), Some(mut row)) => {
                lifecycle.after_find(std::slice::from_mut(&mut row));
                Some(row)
            }
            (_, row) => row,
        }
    }

    pub(crate) fn found_all(&self, mut rows: Vec<E::Model>) -> Vec<E::Model> {
        if let Some(lifecycle) = &self.lifecycle {
            lifecycle.after_find(&mut rows);
        }
        rows
    }
}

impl<E: Resource, A> Repository<E, Ready, A> {
    /// Whether a [`page`](Self::page) may begin and end at the cursors of this request, without
    /// asking the database: for those who share what they read with others, and no refusal.
    ///
    /// # Errors
    ///
    /// [`PageError::Cursor`] for one that is not of this scope and order, or was tampered with.
    pub fn check_cursors(
        &self,
        db: &impl Connection,
        request: &PageRequest,
    ) -> Result<(), PageError> {
        if !request.has_cursor() {
            return Ok(());
        }
        let list = cursor::List::of(self, db);
        keyset::Seek::new(self.scope.sort(), &list, request).map(drop)
    }

    /// The name of the table.
    pub(crate) fn resource() -> &'static str {
        E::default().table_name()
    }

    /// Why a row that was named is not in the scope.
    pub(super) async fn missing(
        &self,
        db: &impl Connection,
        id: &E::Id,
    ) -> Result<RepoError, RepoError> {
        let (resource, id) = (Self::resource(), id.clone());
        let hides_deleted = E::DELETED_AT.is_some() && self.scope.trashed == Trashed::Excluded;
        let text = id.to_string();
        if hides_deleted && self.trashed_row(db, id).await?.is_some() {
            return Ok(RepoError::Deleted { resource, id: text });
        }
        Ok(RepoError::NotFound { resource, id: text })
    }

    /// The row of this id, if it is deleted.
    pub(super) async fn trashed_row(
        &self,
        db: &impl Connection,
        id: E::Id,
    ) -> Result<Option<E::Model>, RepoError> {
        let condition = self.scope.condition_with(Trashed::Only);
        Ok(E::find().filter(condition).filter(E::ID.eq(id)).one(db.writer()).await?)
    }
}

/// Each of these once, in their order.
fn without_repetition<K: Eq + Hash + Clone>(keys: &[K]) -> Vec<K> {
    let mut seen = HashSet::with_capacity(keys.len());
    keys.iter().filter(|key| seen.insert(*key)).cloned().collect()
}

/// The condition that a column has one of these values. Their number is made a power of two, by
/// naming the last one again: so the database sees few different statements, and keeps their
/// plans.
pub(crate) fn one_of<V: Into<Value> + Clone>(column: impl ColumnTrait, values: &[V]) -> Expr {
    let padding = values.len().next_power_of_two() - values.len();
    let last = values.last().into_iter().cycle().take(padding);
    column.is_in(values.iter().chain(last).cloned())
}
