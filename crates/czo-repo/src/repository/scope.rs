//! Which rows a repository means.

use czo_core::ShopId;
use sea_orm::{ColumnTrait, Condition, QueryFilter, Select};

use crate::{Resource, Sort};

/// What happens to rows that are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trashed {
    Excluded,
    Included,
    Only,
}

/// Which rows are meant, and in which order.
pub(crate) struct Scope<E: Resource> {
    pub(super) shop: Option<ShopId>,
    pub(super) trashed: Trashed,
    filter: Option<Condition>,
    pub(super) sort: Sort<E>,
}

impl<E: Resource> Scope<E> {
    pub(super) const fn all() -> Self {
        Self { shop: None, trashed: Trashed::Excluded, filter: None, sort: Sort::by_id() }
    }

    pub(super) fn add_filter(&mut self, condition: Condition) {
        let both = self.filter.take().unwrap_or_else(Condition::all);
        self.filter = Some(both.add(condition));
    }

    /// Whether somebody said which rows are meant, if only that all are.
    pub(super) fn is_filtered(&self) -> bool {
        self.filter.is_some()
    }

    pub(super) fn condition(&self) -> Condition {
        self.condition_with(self.trashed)
    }

    /// The condition of this scope with another view of deleted rows.
    pub(super) fn condition_with(&self, trashed: Trashed) -> Condition {
        let mut condition = Condition::all();
        if let (Some(column), Some(shop)) = (E::SHOP_ID, self.shop) {
            condition = condition.add(column.eq(shop));
        }
        if let Some(column) = E::DELETED_AT {
            condition = match trashed {
                Trashed::Excluded => condition.add(column.is_null()),
                Trashed::Included => condition,
                Trashed::Only => condition.add(column.is_not_null()),
            };
        }
        match &self.filter {
            Some(filter) => condition.add(filter.clone()),
            None => condition,
        }
    }

    /// The rows, in no order.
    pub(crate) fn select(&self) -> Select<E> {
        E::find().filter(self.condition())
    }

    pub(crate) fn sort(&self) -> &Sort<E> {
        &self.sort
    }
}

impl<E: Resource> Clone for Scope<E> {
    fn clone(&self) -> Self {
        Self {
            shop: self.shop,
            trashed: self.trashed,
            filter: self.filter.clone(),
            sort: self.sort.clone(),
        }
    }
}

impl<E: Resource> std::fmt::Debug for Scope<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope")
            .field("shop", &self.shop)
            .field("trashed", &self.trashed)
            .field("filter", &self.filter)
            .field("sort", &self.sort)
            .finish()
    }
}
