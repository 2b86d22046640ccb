//! Which page of a list is asked for, and the page.

use czo_core::{Classified, ErrorKind};
use thiserror::Error;

use crate::cursor::Positions;

/// The arguments of a connection, as the Relay specification names them.
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
}

/// A page that was asked for: at most so many entries between two cursors, from the start or from
/// the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    pub(crate) limit: u64,
    pub(crate) backward: bool,
    pub(crate) after: Option<String>,
    pub(crate) before: Option<String>,
    total: bool,
}

/// A numbered page that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetRequest {
    page: u64,
    per_page: u64,
    total: bool,
}

/// What was asked for makes no page.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PageError {
    /// Both ends at once.
    #[error("expected `first` or `last`, got both")]
    BothEnds,
    /// Too few or too many.
    #[error("expected `{argument}` between 1 and {}, got {value}", PageRequest::MAX)]
    Size {
        /// `first`, `last` or `perPage`.
        argument: &'static str,
        /// What was asked for.
        value: i64,
    },
    /// Pages are numbered from 1.
    #[error("expected `page` from 1 on, got {value}")]
    Number {
        /// What was asked for.
        value: i64,
    },
    /// A cursor that this list did not give out: of another list, another order or filter, cut
    /// off, or changed.
    #[error(
        "`{argument}` is not a cursor of this list with this filter and order: use one that a page of it gave"
    )]
    Cursor {
        /// `after` or `before`.
        argument: &'static str,
    },
    /// A column that cursors can't be made of.
    #[error(
        "rows can't be paged by `{column}`: a cursor holds texts up to 2 KiB, whole numbers, truth values, ids and times"
    )]
    Unsortable {
        /// The column.
        column: &'static str,
    },
}

impl Classified for PageError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unsortable { .. } => ErrorKind::Internal,
            _ => ErrorKind::Invalid,
        }
    }
}

impl PageRequest {
    /// How many entries a page has when no size is asked for.
    pub const DEFAULT: u64 = 50;
    /// How many entries a page may have.
    pub const MAX: u64 = 100;

    /// Checks the arguments of a connection. Cursors are checked where the page is read: only
    /// there it is known what they must be of.
    ///
    /// # Errors
    ///
    /// [`PageError`], which says what was expected.
    pub fn new(arguments: PageArguments) -> Result<Self, PageError> {
        let PageArguments { first, after, last, before } = arguments;
        let limit = match (first, last) {
            (Some(_), Some(_)) => return Err(PageError::BothEnds),
            (Some(value), None) => size("first", value.into())?,
            (None, Some(value)) => size("last", value.into())?,
            (None, None) => Self::DEFAULT,
        };
        Ok(Self { limit, backward: last.is_some(), after, before, total: false })
    }

    /// The first entries.
    ///
    /// # Errors
    ///
    /// [`PageError::Size`].
    pub fn first(count: i32) -> Result<Self, PageError> {
        Self::new(PageArguments { first: Some(count), ..PageArguments::default() })
    }

    /// The last entries.
    ///
    /// # Errors
    ///
    /// [`PageError::Size`].
    pub fn last(count: i32) -> Result<Self, PageError> {
        Self::new(PageArguments { last: Some(count), ..PageArguments::default() })
    }

    /// Only what comes behind this cursor.
    #[must_use]
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.after = Some(cursor.into());
        self
    }

    /// Only what comes before this cursor.
    #[must_use]
    pub fn before(mut self, cursor: impl Into<String>) -> Self {
        self.before = Some(cursor.into());
        self
    }

    /// Also counts all entries of the list: one more statement.
    #[must_use]
    pub fn with_total(mut self) -> Self {
        self.total = true;
        self
    }

    /// Whether it asks for what lies between two cursors.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.after.is_some() && self.before.is_some()
    }

    /// Whether it begins or ends at a cursor.
    #[must_use]
    pub fn has_cursor(&self) -> bool {
        self.after.is_some() || self.before.is_some()
    }

    pub(crate) fn wants_total(&self) -> bool {
        self.total
    }
}

impl OffsetRequest {
    /// The page of this number, counted from 1, of pages of this size, 1 to 100; of 50 where
    /// none is asked for.
    ///
    /// # Errors
    ///
    /// [`PageError::Number`] and [`PageError::Size`].
    pub fn new(page: i64, per_page: Option<i64>) -> Result<Self, PageError> {
        let number = u64::try_from(page).ok().filter(|number| *number > 0);
        let page = number.ok_or(PageError::Number { value: page })?;
        let per_page = match per_page {
            Some(value) => size("perPage", value)?,
            None => PageRequest::DEFAULT,
        };
        Ok(Self { page, per_page, total: false })
    }

    /// Also counts all entries of the list: one more statement.
    #[must_use]
    pub fn with_total(mut self) -> Self {
        self.total = true;
        self
    }

    pub(crate) fn wants_total(self) -> bool {
        self.total
    }

    /// As far as databases count.
    pub(crate) fn offset(self) -> u64 {
        const FURTHEST: u64 = i64::MAX.unsigned_abs();
        (self.page - 1).saturating_mul(self.per_page).min(FURTHEST)
    }

    pub(crate) fn limit(self) -> u64 {
        self.per_page
    }

    /// Drops the row that was read too many.
    pub(crate) fn ends<T>(self, rows: &mut Vec<T>) -> Ends {
        let asked = usize::try_from(self.per_page).unwrap_or(usize::MAX);
        let has_next = rows.len() > asked;
        rows.truncate(asked);
        Ends { has_previous: self.page > 1, has_next }
    }
}

fn size(argument: &'static str, value: i64) -> Result<u64, PageError> {
    u64::try_from(value)
        .ok()
        .filter(|size| (1..=PageRequest::MAX).contains(size))
        .ok_or(PageError::Size { argument, value })
}

/// Whether there is more on either side of a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) has_previous: bool,
    pub(crate) has_next: bool,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Its entries, in the order of the list.
    pub nodes: Vec<T>,
    /// What is around it.
    pub page_info: PageInfo,
    /// How many entries the list has, where that was asked for.
    pub total_count: Option<u64>,
    positions: Positions,
}

/// What is around a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageInfo {
    /// Whether there are entries behind it.
    pub has_next_page: bool,
    /// Whether there are entries before it.
    pub has_previous_page: bool,
    /// The cursor of its first entry.
    pub start_cursor: Option<String>,
    /// The cursor of its last entry.
    pub end_cursor: Option<String>,
}

impl<T> Page<T> {
    pub(crate) fn new(
        nodes: Vec<T>,
        ends: Ends,
        positions: Positions,
        total_count: Option<u64>,
    ) -> Self {
        let page_info = PageInfo {
            has_next_page: ends.has_next,
            has_previous_page: ends.has_previous,
            start_cursor: positions.cursor(0),
            end_cursor: nodes.len().checked_sub(1).and_then(|last| positions.cursor(last)),
        };
        Self { nodes, page_info, total_count, positions }
    }

    /// Where its entries are in their list.
    #[cfg(feature = "cache")]
    pub(crate) fn positions(&self) -> &Positions {
        &self.positions
    }

    /// The cursor of an entry, by its place on the page; `None` past the end.
    #[must_use]
    pub fn cursor(&self, place: usize) -> Option<String> {
        self.positions.cursor(place)
    }

    /// The entries, each with its cursor.
    pub fn into_edges(self) -> impl Iterator<Item = (String, T)> {
        let positions = self.positions;
        let nodes = self.nodes.into_iter().enumerate();
        nodes.filter_map(move |(place, node)| Some((positions.cursor(place)?, node)))
    }

    /// The same page of something else, made of each entry.
    #[must_use]
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        let Self { nodes, page_info, total_count, positions } = self;
        Page { nodes: nodes.into_iter().map(make).collect(), page_info, total_count, positions }
    }

    /// The same page of something else, if it can be made of each entry.
    ///
    /// # Errors
    ///
    /// The first that `make` returns.
    pub fn try_map<U, X>(self, make: impl FnMut(T) -> Result<U, X>) -> Result<Page<U>, X> {
        let Self { nodes, page_info, total_count, positions } = self;
        let nodes = nodes.into_iter().map(make).collect::<Result<_, _>>()?;
        Ok(Page { nodes, page_info, total_count, positions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_asked_for_is_the_first_fifty() {
        let request = PageRequest::new(PageArguments::default()).unwrap();
        assert_eq!((request.limit, request.backward), (50, false));
    }

    #[test]
    fn sizes_outside_the_bounds_and_both_ends_are_refused() {
        for value in [0, -1, 101, 1_000_000, i32::MAX, i32::MIN] {
            let error = |argument| Err(PageError::Size { argument, value: value.into() });
            assert_eq!(PageRequest::first(value), error("first"));
            assert_eq!(PageRequest::last(value), error("last"));
            let numbered = OffsetRequest::new(1, Some(value.into()));
            assert_eq!(numbered.map(|_| ()), error("perPage").map(|_| ()));
        }
        let both = PageArguments { first: Some(1), last: Some(1), ..Default::default() };
        assert_eq!(PageRequest::new(both), Err(PageError::BothEnds));
    }

    #[test]
    fn pages_are_numbered_from_one() {
        for value in [0, -1, i64::MIN] {
            assert_eq!(OffsetRequest::new(value, None), Err(PageError::Number { value }));
        }
        let last = OffsetRequest::new(i64::MAX, Some(100)).unwrap();
        assert_eq!(last.offset(), i64::MAX.unsigned_abs());
    }
}
