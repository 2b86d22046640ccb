//! Lists of rows, and what is counted in them.

use std::fmt::{self, Write};
use std::sync::Arc;

use czo_cache::{Cached, Loaded};
use sea_orm::sea_query::IntoCondition;
use sha2::{Digest, Sha256};

use super::entries::Entries;
use super::page::KeptPage;
use crate::connection::{Connection, Within};
use crate::cursor::List;
use crate::keyset::Seek;
use crate::{
    Database, OffsetRequest, Page, PageRequest, Queries, Ready, RepoError, Resource, SoftDelete,
    Sort,
};

/// Rows of a [`CachedRepository`](super::CachedRepository), narrowed and sorted, that are read
/// through its cache.
///
/// What is read is kept by its statement, until anything of the shop is written in this table:
/// **every write forgets all lists of the shop**. So it serves what is read more often than
/// written.
///
/// Narrowing leaves the cache alone; in a unit of work each read goes past it.
pub struct CachedList<E: Resource> {
    queries: Queries<E, Ready>,
    entries: Arc<Entries>,
}

impl<E: Resource> CachedList<E> {
    pub(super) fn new(queries: Queries<E, Ready>, entries: Arc<Entries>) -> Self {
        Self { queries, entries }
    }

    /// Only the rows that also match this.
    #[must_use]
    pub fn filter(&self, condition: impl IntoCondition) -> Self {
        Self::new(self.queries.filter(condition), self.entries.clone())
    }

    /// In this order. Without one, rows come in that of their ids.
    #[must_use]
    pub fn sort(&self, sort: impl Into<Sort<E>>) -> Self {
        Self::new(self.queries.sort(sort), self.entries.clone())
    }
}

impl<E: SoftDelete> CachedList<E> {
    /// Deleted rows too.
    #[must_use]
    pub fn with_trashed(&self) -> Self {
        Self::new(self.queries.with_trashed(), self.entries.clone())
    }

    /// Deleted rows only.
    #[must_use]
    pub fn only_trashed(&self) -> Self {
        Self::new(self.queries.only_trashed(), self.entries.clone())
    }
}

impl<E: Resource<Model: Cached>> CachedList<E> {
    /// The first row, in the order.
    ///
    /// # Errors
    ///
    /// When the database fails, [`RepoError::Load`] for one that others wait for too.
    pub async fn find_one(&self, db: &impl Connection) -> Result<Option<Arc<E::Model>>, RepoError> {
        let Within::Database(database) = db.within() else {
            return Ok(self.queries.find_one(db).await?.map(Arc::new));
        };
        let load = async |queries: Queries<E, Ready>, db: Database| queries.find_one(&db).await;
        self.read(database, "one", load).await
    }

    /// All rows, in the order.
    ///
    /// # Errors
    ///
    /// As [`find_one`](Self::find_one).
    pub async fn find_many(&self, db: &impl Connection) -> Result<Arc<Vec<E::Model>>, RepoError> {
        let Within::Database(database) = db.within() else {
            return Ok(Arc::new(self.queries.find_many(db).await?));
        };
        let rows = self.read(database, "many", |queries, db| async move {
            Ok(Some(queries.find_many(&db).await?))
        });
        Ok(rows.await?.unwrap_or_default())
    }

    /// How many rows there are.
    ///
    /// # Errors
    ///
    /// As [`find_one`](Self::find_one).
    pub async fn count(&self, db: &impl Connection) -> Result<u64, RepoError> {
        let Within::Database(database) = db.within() else { return self.queries.count(db).await };
        let count = self.read(database, "count", |queries, db| async move {
            Ok(Some(queries.count(&db).await?))
        });
        Ok(count.await?.map_or(0, |count| *count))
    }

    /// Whether there is any row.
    ///
    /// # Errors
    ///
    /// As [`find_one`](Self::find_one).
    pub async fn exists(&self, db: &impl Connection) -> Result<bool, RepoError> {
        let Within::Database(database) = db.within() else { return self.queries.exists(db).await };
        let exists = self.read(database, "exists", |queries, db| async move {
            Ok(Some(queries.exists(&db).await?))
        });
        Ok(exists.await?.is_some_and(|exists| *exists))
    }

    /// One page, between two cursors, which are signed with the key of `db` and of no other.
    ///
    /// # Errors
    ///
    /// [`RepoError::Page`] for a cursor that is not one of this list, or was tampered with; and as
    /// [`find_one`](Self::find_one).
    pub async fn page(
        &self,
        db: &impl Connection,
        request: &PageRequest,
    ) -> Result<Page<E::Model>, RepoError> {
        let Within::Database(database) = db.within() else {
            return self.queries.page(db, request).await;
        };
        let list = List::of(&self.queries, db);
        // A cursor that is refused is the caller's own failure, not one of a load that others share.
        Seek::new(self.queries.sorted(), &list, request)?;
        let asked = request.clone();
        let what = format!("{request:?}");
        let page = self.read(database, &what, move |queries, db| async move {
            Ok(Some(KeptPage::new(queries.page(&db, &asked).await?)))
        });
        match page.await? {
            Some(page) => Ok(page.of(list)),
            None => self.queries.page(db, request).await,
        }
    }

    /// The page of this number.
    ///
    /// # Errors
    ///
    /// As [`find_one`](Self::find_one).
    pub async fn numbered_page(
        &self,
        db: &impl Connection,
        request: &OffsetRequest,
    ) -> Result<Page<E::Model>, RepoError> {
        let Within::Database(database) = db.within() else {
            return self.queries.numbered_page(db, request).await;
        };
        let asked = *request;
        let what = format!("{request:?}");
        let page = self.read(database, &what, move |queries, db| async move {
            Ok(Some(KeptPage::new(queries.numbered_page(&db, &asked).await?)))
        });
        match page.await? {
            Some(page) => Ok(page.of(List::of(&self.queries, db))),
            None => self.queries.numbered_page(db, request).await,
        }
    }

    /// What is read of this list, which is kept under its statement and `what`.
    async fn read<T, L, F>(
        &self,
        database: &Database,
        what: &str,
        load: L,
    ) -> Result<Option<Arc<T>>, RepoError>
    where
        T: Cached,
        L: FnOnce(Queries<E, Ready>, Database) -> F + Send + 'static,
        F: Future<Output = Result<Option<T>, RepoError>> + Send,
    {
        let key = self.entries.key(&self.digest(database, what));
        let (queries, database) = (self.queries.clone(), database.primary());
        let load = async move || Ok::<_, RepoError>(Loaded::of(load(queries, database).await?));
        let Entries { lists, list_options, .. } = &*self.entries;
        Ok(lists.get_or_load(&key, list_options, load).await?)
    }

    /// What tells this read from every other of the table.
    fn digest(&self, database: &Database, what: &str) -> String {
        let list = List::of(&self.queries, database);
        let identity = list.identity();
        let mut hash = Sha256::new();
        // The length first, so that the end of one cannot be taken for the start of the other.
        hash.update(identity.len().to_be_bytes());
        hash.update(identity);
        hash.update(what);
        let mut text = String::with_capacity(64);
        for byte in hash.finalize() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl<E: Resource> Clone for CachedList<E> {
    fn clone(&self) -> Self {
        Self::new(self.queries.clone(), self.entries.clone())
    }
}

impl<E: Resource> fmt::Debug for CachedList<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedList").field("queries", &self.queries).finish_non_exhaustive()
    }
}
