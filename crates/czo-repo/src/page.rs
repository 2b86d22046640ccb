//! Which page of a list is asked for.

use std::fmt::Display;
use std::str::FromStr;

use czo_core::{Classified, ErrorKind};
use thiserror::Error;

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

/// A page that was asked for: at most `limit` entries between two cursors, from the start or from
/// the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest<C> {
    /// How many entries at most.
    pub limit: u64,
    /// Whether the entries nearest the end are wanted.
    pub backward: bool,
    /// Where the page starts, itself left out.
    pub after: Option<C>,
    /// Where the page ends, itself left out.
    pub before: Option<C>,
}

/// The arguments of a connection make no sense.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PageError {
    /// Both ends at once.
    #[error("expected `first` or `last`, got both")]
    BothEnds,
    /// Too few or too many.
    #[error("expected `{argument}` between 1 and {}, got {value}", PageRequest::<()>::MAX)]
    Size {
        /// `first` or `last`.
        argument: &'static str,
        /// What was asked for.
        value: i32,
    },
    /// A cursor that this connection did not give out.
    #[error(
        "`{argument}` is not a cursor of this connection: use one that `pageInfo` or `edges` gave"
    )]
    Cursor {
        /// `after` or `before`.
        argument: &'static str,
    },
}

impl Classified for PageError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
}

impl<C> PageRequest<C> {
    /// How many entries a page has when no size is asked for.
    pub const DEFAULT: u64 = 50;
    /// How many entries a page may have.
    pub const MAX: u64 = 100;
}

impl<C: FromStr<Err: Display>> PageRequest<C> {
    /// Checks the arguments of a connection.
    ///
    /// # Errors
    ///
    /// [`PageError`], which says what was expected.
    pub fn new(arguments: PageArguments) -> Result<Self, PageError> {
        let PageArguments { first, after, last, before } = arguments;
        let limit = match (first, last) {
            (Some(_), Some(_)) => return Err(PageError::BothEnds),
            (Some(value), None) => size("first", value)?,
            (None, Some(value)) => size("last", value)?,
            (None, None) => Self::DEFAULT,
        };
        let cursor = |argument, text: Option<String>| {
            text.map(|text| text.parse().map_err(|_| PageError::Cursor { argument })).transpose()
        };
        Ok(Self {
            limit,
            backward: last.is_some(),
            after: cursor("after", after)?,
            before: cursor("before", before)?,
        })
    }
}

fn size(argument: &'static str, value: i32) -> Result<u64, PageError> {
    u64::try_from(value)
        .ok()
        .filter(|size| (1..=PageRequest::<()>::MAX).contains(size))
        .ok_or(PageError::Size { argument, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(arguments: PageArguments) -> Result<PageRequest<u32>, PageError> {
        PageRequest::new(arguments)
    }

    #[test]
    fn nothing_asked_for_is_the_first_fifty() {
        let request = page(PageArguments::default()).unwrap();
        assert_eq!(request, PageRequest { limit: 50, backward: false, after: None, before: None });
    }

    #[test]
    fn sizes_outside_the_bounds_and_both_ends_are_refused() {
        for value in [0, -1, 101, i32::MAX, i32::MIN] {
            let first = PageArguments { first: Some(value), ..Default::default() };
            assert_eq!(page(first), Err(PageError::Size { argument: "first", value }));
            let last = PageArguments { last: Some(value), ..Default::default() };
            assert_eq!(page(last), Err(PageError::Size { argument: "last", value }));
        }
        let both = PageArguments { first: Some(1), last: Some(1), ..Default::default() };
        assert_eq!(page(both), Err(PageError::BothEnds));
    }

    #[test]
    fn a_cursor_from_elsewhere_is_refused() {
        let after = PageArguments { after: Some("x".to_owned()), ..Default::default() };
        assert_eq!(page(after), Err(PageError::Cursor { argument: "after" }));
    }
}
