//! Pages, as they are kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::cursor::{List, Part, Positions};
use crate::page::{Ends, Page};
use crate::{Ready, Repository, Resource};

/// A page as a cache keeps it: without the key of its cursors, which whoever reads it signs anew.
/// For those who keep pages of what they make of rows; a
/// [`CachedList`](crate::CachedList) does it for rows.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KeptPage<T> {
    nodes: Vec<T>,
    positions: Vec<Vec<Part>>,
    has_previous: bool,
    has_next: bool,
    total_count: Option<u64>,
}

impl<T> KeptPage<T> {
    /// What is to be kept of a page.
    #[must_use]
    pub fn new(page: Page<T>) -> Self {
        Self {
            positions: page.positions().to_keep(),
            nodes: page.nodes,
            has_previous: page.page_info.has_previous_page,
            has_next: page.page_info.has_next_page,
            total_count: page.total_count,
        }
    }

    /// Its entries, in the order of the list.
    #[must_use]
    pub fn nodes(&self) -> &[T] {
        &self.nodes
    }
}

impl<T: Clone> KeptPage<T> {
    /// The page, of the list that it was read of, with cursors that `db` signs.
    #[must_use]
    pub fn page<E: Resource, A>(
        &self,
        list: &Repository<E, Ready, A>,
        db: &impl Connection,
    ) -> Page<T> {
        self.of(List::of(list, db))
    }

    /// The page, of this list.
    pub(super) fn of(&self, list: List) -> Page<T> {
        let ends = Ends { has_previous: self.has_previous, has_next: self.has_next };
        let positions = Positions::kept(list, &self.positions);
        Page::new(self.nodes.clone(), ends, positions, self.total_count)
    }
}
