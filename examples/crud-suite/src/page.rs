//! Which page of a list is asked for, and the page.

use crate::Product;

/// The page that a caller asks for, unchecked: `first` or `last`, 1 to 100, neither for the first
/// 50; behind `after` and before `before`.
#[derive(Clone, Debug, Default)]
pub struct PageArguments {
    /// How many entries from the start.
    pub first: Option<i32>,
    /// The cursor behind which the page starts.
    pub after: Option<String>,
    /// How many entries from the end.
    pub last: Option<i32>,
    /// The cursor before which the page ends.
    pub before: Option<String>,
    /// Also count all entries of the list: one more statement.
    pub total: bool,
}

/// One page of a list of products.
#[derive(Clone, Debug)]
pub struct ProductPage {
    /// Its entries, in the order of the list.
    pub products: Vec<Product>,
    /// Whether there are entries before it.
    pub has_previous: bool,
    /// Whether there are entries behind it.
    pub has_next: bool,
    /// The cursor of its first entry.
    pub start_cursor: Option<String>,
    /// The cursor of its last entry.
    pub end_cursor: Option<String>,
    /// How many entries the list has, where that was asked for.
    pub total: Option<u64>,
}
