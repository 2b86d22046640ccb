//! Reading through a cache, and writing so that it shows what is written.

mod entries;
mod list;
mod page;
mod read;
mod write;

use std::fmt;
use std::sync::Arc;

use czo_cache::{Cache, Cached, EntryOptions, NameError};
use czo_core::ShopId;

use self::entries::{Entries, Stale};
pub use self::list::CachedList;
pub use self::page::KeptPage;
use crate::connection::{Connection, Within};
use crate::{ChooseShop, Lifecycle, ReadOnly, ReadWrite, Ready, Repository, Resource, ShopScoped};

/// A [`Repository`] that reads through a cache, and whose writes let the cache forget what they
/// make wrong.
///
/// **A read that begins after a write through this type has returned sees that write**, in this
/// process at once; in others that share the cache as soon as its
/// [`Cache`] promises. The write of a [`UnitOfWork`](crate::UnitOfWork) has returned
/// when its transaction has. A rollback forgets nothing.
///
/// **A unit of work never meets the cache**: what is read in it comes from its transaction, sees
/// what it has written, and is kept for nobody.
///
/// Loads read the primary, whatever replicas there are, and of a `versioned` resource no row
/// replaces a later version of itself. A write goes on to its end when its caller goes away, as do
/// the loads.
///
/// Rows are shared, not copied: reading by id gives an `Arc` of the model. That a row is not there
/// is kept, too. [`Lifecycle::after_find`] is called when a row is loaded, not for every hit.
/// What serde leaves out of a model gets lost where a cache has a store behind it.
///
/// # Keys and tags
///
/// The cache's namespace is the name of the table, a key is `<shop>/<id>`, or `<id>` alone where
/// rows belong to no shop. Everything of a shop has the tag `<table>/<shop>`, its lists also
/// `<table>/<shop>/lists`: every write forgets the row and all lists of its shop.
///
/// # Limits
///
/// What is written past it, by SeaORM, by SQL or a plain [`Repository`], is to be told by
/// [`invalidate`](Self::invalidate). A process that is killed between a commit and what follows it
/// leaves the old row with the others until its time is over.
pub struct CachedRepository<E: Resource, S = <E as Resource>::Start, A = ReadWrite> {
    repository: Repository<E, S, A>,
    entries: Arc<Entries>,
}

/// A [`CachedRepository`] that only reads.
pub type CachedQueries<E, S = <E as Resource>::Start> = CachedRepository<E, S, ReadOnly>;

impl<E: Resource<Model: Cached>> CachedRepository<E> {
    /// The rows of an entity, kept in this cache for as long as the options say.
    ///
    /// # Errors
    ///
    /// [`NameError`] when the name of the table can't be that of a namespace.
    pub fn new(cache: &Cache, options: &EntryOptions) -> Result<Self, NameError> {
        let entries = Entries::new(cache, Repository::<E, Ready>::resource(), options)?;
        Ok(Self { repository: Repository::new(), entries: Arc::new(entries) })
    }

    /// Calls `lifecycle` around everything that is done to rows. Of several, the last.
    #[must_use]
    pub fn with_lifecycle(mut self, lifecycle: Arc<dyn Lifecycle<E>>) -> Self {
        self.repository = self.repository.with_lifecycle(lifecycle);
        self
    }
}

impl<E: ShopScoped, A> CachedRepository<E, ChooseShop, A> {
    /// The rows of one shop. New rows belong to it.
    #[must_use]
    pub fn for_shop(&self, shop: ShopId) -> CachedRepository<E, Ready, A> {
        CachedRepository {
            repository: self.repository.for_shop(shop),
            entries: Arc::new(self.entries.of_shop(shop)),
        }
    }
}

impl<E: Resource, S> CachedRepository<E, S, ReadWrite> {
    /// The same, only to read.
    #[must_use]
    pub fn queries(&self) -> CachedQueries<E, S> {
        CachedRepository { repository: self.repository.queries(), entries: self.entries.clone() }
    }
}

impl<E: Resource, A> CachedRepository<E, Ready, A> {
    /// The same rows past the cache: for reads that need no cache, and for what this type has no
    /// method for. [`invalidate`](Self::invalidate) what is written by it.
    #[must_use]
    pub fn uncached(&self) -> &Repository<E, Ready, A> {
        &self.repository
    }

    /// All rows, to be filtered, sorted and read as a list.
    #[must_use]
    pub fn list(&self) -> CachedList<E> {
        CachedList::new(self.repository.to_read(), self.entries.clone())
    }

    /// Forgets rows of these ids and all lists of the shop: once a unit of work is committed, and
    /// with a [`Database`](crate::Database) now.
    pub async fn invalidate(&self, db: &impl Connection, ids: &[E::Id]) {
        self.forget(db, self.entries.of_ids(ids)).await;
    }

    /// Forgets all rows and lists of the shop, in the same time however many they are; when, see
    /// [`invalidate`](Self::invalidate).
    pub async fn invalidate_all(&self, db: &impl Connection) {
        self.forget(db, Stale::All).await;
    }

    async fn forget(&self, db: &impl Connection, stale: Stale) {
        match db.within() {
            Within::Unit(tx) => self.entries.forget_after(tx, stale),
            Within::Database(_) => self.entries.forget(stale).await,
        }
    }
}

impl<E: Resource, S, A> Clone for CachedRepository<E, S, A> {
    fn clone(&self) -> Self {
        Self { repository: self.repository.clone(), entries: self.entries.clone() }
    }
}

impl<E: Resource, S, A> fmt::Debug for CachedRepository<E, S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedRepository")
            .field("repository", &self.repository)
            .finish_non_exhaustive()
    }
}
