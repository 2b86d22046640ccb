//! Pages, as they are kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cursor::{List, Part, Positions};
use crate::page::{Ends, Page};

/// A page without the key of its cursors: whoever reads it signs them anew.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct KeptPage<M> {
    nodes: Vec<M>,
    positions: Vec<Vec<Part>>,
    has_previous: bool,
    has_next: bool,
    total_count: Option<u64>,
}

impl<M: Clone> KeptPage<M> {
    pub(super) fn new(page: Page<M>) -> Self {
        Self {
            positions: page.positions().to_keep(),
            nodes: page.nodes,
            has_previous: page.page_info.has_previous_page,
            has_next: page.page_info.has_next_page,
            total_count: page.total_count,
        }
    }

    /// The page, of this list.
    pub(super) fn of(&self, list: List) -> Page<M> {
        let ends = Ends { has_previous: self.has_previous, has_next: self.has_next };
        let positions = Positions::kept(list, &self.positions);
        Page::new(self.nodes.clone(), ends, positions, self.total_count)
    }
}
