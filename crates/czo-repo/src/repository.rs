//! Reading and writing the rows of an entity.

mod bulk;
mod create;
mod delete;
mod read;
mod replace;
mod scope;
mod update;
mod upsert;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use czo_core::ShopId;
use sea_orm::sea_query::IntoCondition;
use sea_orm::{QueryFilter, Select};

pub(crate) use self::scope::Scope;
#[cfg(feature = "cache")]
pub(crate) use self::update::version_of;
pub use self::update::{AnyVersion, Expected};
use crate::{Lifecycle, Resource, ShopScoped, SoftDelete, Sort};

/// Reads and writes the rows of an entity, within a scope: which shop, deleted rows or not, which
/// filter, which order.
///
/// It is a value without a connection, cheap to clone; each method that does something takes a
/// [`Database`](crate::Database) or a [`UnitOfWork`](crate::UnitOfWork). Methods that narrow the
/// scope return another repository, on which everything respects it, the writes too.
///
/// `S` says whether a shop has been chosen: an entity that is
/// [shop-scoped](crate::ShopScoped) has no other methods before [`for_shop`](Self::for_shop) or
/// [`all_shops`](Self::all_shops). `A` says what is allowed: [`Queries`] and [`Mutations`] are
/// repositories that only read and only write.
///
/// What none of the methods does, SeaORM does: [`select`](Self::select) hands out its query with
/// the scope applied.
pub struct Repository<E: Resource, S = <E as Resource>::Start, A = ReadWrite> {
    scope: Scope<E>,
    lifecycle: Option<Arc<dyn Lifecycle<E>>>,
    state: PhantomData<fn() -> (S, A)>,
}

/// A repository that only reads.
pub type Queries<E, S = <E as Resource>::Start> = Repository<E, S, ReadOnly>;

/// A repository that only writes.
pub type Mutations<E, S = <E as Resource>::Start> = Repository<E, S, WriteOnly>;

/// No shop has been chosen yet: call `.for_shop(id)`, or `.all_shops()` to mean the rows of all.
#[derive(Clone, Copy, Debug)]
pub enum ChooseShop {}

/// The scope is chosen.
#[derive(Clone, Copy, Debug)]
pub enum Ready {}

/// May read and write.
#[derive(Clone, Copy, Debug)]
pub enum ReadWrite {}

/// May read.
#[derive(Clone, Copy, Debug)]
pub enum ReadOnly {}

/// May write.
#[derive(Clone, Copy, Debug)]
pub enum WriteOnly {}

/// What a [`Repository`] must be allowed to do, to read.
pub trait CanRead: sealed::Sealed {}
impl CanRead for ReadWrite {}
impl CanRead for ReadOnly {}

/// What a [`Repository`] must be allowed to do, to write.
pub trait CanWrite: sealed::Sealed {}
impl CanWrite for ReadWrite {}
impl CanWrite for WriteOnly {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::ReadWrite {}
    impl Sealed for super::ReadOnly {}
    impl Sealed for super::WriteOnly {}
}

impl<E: Resource, A> Repository<E, E::Start, A> {
    /// The rows of an entity.
    #[must_use]
    pub const fn new() -> Self {
        Self { scope: Scope::all(), lifecycle: None, state: PhantomData }
    }

    /// Calls `lifecycle` around everything that is done to rows, on the bulk paths too. Of
    /// several, the last.
    #[must_use]
    pub fn with_lifecycle(mut self, lifecycle: Arc<dyn Lifecycle<E>>) -> Self {
        self.lifecycle = Some(lifecycle);
        self
    }
}

impl<E: Resource, A> Default for Repository<E, E::Start, A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: ShopScoped, A> Repository<E, ChooseShop, A> {
    /// The rows of one shop. New rows belong to it.
    #[must_use]
    pub fn for_shop(&self, shop: ShopId) -> Repository<E, Ready, A> {
        let mut ready = self.all_shops();
        ready.scope.shop = Some(shop);
        ready
    }

    /// The rows of every shop. New rows name theirs.
    #[must_use]
    pub fn all_shops(&self) -> Repository<E, Ready, A> {
        Repository {
            scope: self.scope.clone(),
            lifecycle: self.lifecycle.clone(),
            state: PhantomData,
        }
    }
}

impl<E: Resource, S> Repository<E, S, ReadWrite> {
    /// The same, only to read.
    #[must_use]
    pub fn queries(&self) -> Queries<E, S> {
        Repository {
            scope: self.scope.clone(),
            lifecycle: self.lifecycle.clone(),
            state: PhantomData,
        }
    }

    /// The same, only to write.
    #[must_use]
    pub fn mutations(&self) -> Mutations<E, S> {
        Repository {
            scope: self.scope.clone(),
            lifecycle: self.lifecycle.clone(),
            state: PhantomData,
        }
    }
}

#[cfg(feature = "cache")]
impl<E: Resource, A> Repository<E, Ready, A> {
    /// The same, only to read, whatever this one may.
    pub(crate) fn to_read(&self) -> Queries<E, Ready> {
        Repository {
            scope: self.scope.clone(),
            lifecycle: self.lifecycle.clone(),
            state: PhantomData,
        }
    }

    pub(crate) fn sorted(&self) -> &Sort<E> {
        self.scope.sort()
    }
}

impl<E: Resource, A> Repository<E, Ready, A> {
    /// Only the rows that also match this: a condition of SeaORM, `Column::Title.eq("…")`, or
    /// several in a [`Condition`](sea_orm::Condition).
    #[must_use]
    pub fn filter(&self, condition: impl IntoCondition) -> Self {
        let mut narrowed = self.clone();
        narrowed.scope.add_filter(condition.into_condition());
        narrowed
    }

    /// In this order. Without one, rows come in that of their ids: for typed ids, the oldest
    /// first.
    #[must_use]
    pub fn sort(&self, sort: impl Into<Sort<E>>) -> Self {
        let mut sorted = self.clone();
        sorted.scope.sort = sort.into();
        sorted
    }

    /// SeaORM's query for the rows of this scope, in its order: for joins, projections, locks and
    /// whatever else a repository has no method for. It needs no permission to read: what it is
    /// run on decides.
    #[must_use]
    pub fn select(&self) -> Select<E> {
        self.scope.sort.apply(self.scope.select())
    }

    /// Restricts a statement of SeaORM, such as `Entity::update_many()`, to this scope.
    #[must_use]
    pub fn restrict<Q: QueryFilter>(&self, statement: Q) -> Q {
        statement.filter(self.scope.condition())
    }
}

impl<E: SoftDelete, A> Repository<E, Ready, A> {
    /// Deleted rows too.
    #[must_use]
    pub fn with_trashed(&self) -> Self {
        let mut with = self.clone();
        with.scope.trashed = scope::Trashed::Included;
        with
    }

    /// Deleted rows only.
    #[must_use]
    pub fn only_trashed(&self) -> Self {
        let mut only = self.clone();
        only.scope.trashed = scope::Trashed::Only;
        only
    }
}

impl<E: Resource, S, A> Clone for Repository<E, S, A> {
    fn clone(&self) -> Self {
        Self { scope: self.scope.clone(), lifecycle: self.lifecycle.clone(), state: PhantomData }
    }
}

impl<E: Resource, S, A> fmt::Debug for Repository<E, S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("table", &E::default().table_name())
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
