//! The order of rows.

use std::fmt;

use sea_orm::sea_query::{Expr, NullOrdering, SelectStatement};
use sea_orm::{ColumnTrait, IdenStatic, Order, QueryTrait, Select};

use crate::{RepoError, Resource};

/// The order of rows: one column after the other, each up or down, and the id at the end, so that
/// it is always a total one: `Sort::asc(Column::Title).then_desc(Column::CreatedAt)`.
///
/// Where a column may be `NULL`, those rows come last in an ascending order and first in a
/// descending one, on both databases; [`nulls_first`](Self::nulls_first) and
/// [`nulls_last`](Self::nulls_last) change that for the column before them.
pub struct Sort<E: Resource> {
    terms: Vec<Term<E>>,
    /// The direction of the id.
    id: Direction,
}

/// One column of an order.
pub(crate) struct Term<E: Resource> {
    pub(crate) column: E::Column,
    pub(crate) direction: Direction,
    /// Where rows without a value go; nothing where every row has one.
    pub(crate) nulls: Option<Nulls>,
}

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    Down,
}

/// Where rows without a value go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    First,
    Last,
}

impl Direction {
    pub(crate) fn reversed(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }

    fn order(self) -> Order {
        match self {
            Self::Up => Order::Asc,
            Self::Down => Order::Desc,
        }
    }
}

impl<E: Resource> Term<E> {
    fn new(column: E::Column, direction: Direction) -> Self {
        let nulls = match direction {
            Direction::Up => Nulls::Last,
            Direction::Down => Nulls::First,
        };
        Self { column, direction, nulls: column.def().is_null().then_some(nulls) }
    }

    fn reversed(&self) -> Self {
        let nulls = self.nulls.map(|nulls| match nulls {
            Nulls::First => Nulls::Last,
            Nulls::Last => Nulls::First,
        });
        Self { column: self.column, direction: self.direction.reversed(), nulls }
    }
}

impl<E: Resource> Sort<E> {
    pub(crate) const fn by_id() -> Self {
        Self { terms: Vec::new(), id: Direction::Up }
    }

    /// Smallest first.
    #[must_use]
    pub fn asc(column: E::Column) -> Self {
        Self::by_id().then(column, Direction::Up)
    }

    /// Largest first.
    #[must_use]
    pub fn desc(column: E::Column) -> Self {
        Self::by_id().then(column, Direction::Down)
    }

    /// Among rows that are equal so far, smallest first.
    #[must_use]
    pub fn then_asc(self, column: E::Column) -> Self {
        self.then(column, Direction::Up)
    }

    /// Among rows that are equal so far, largest first.
    #[must_use]
    pub fn then_desc(self, column: E::Column) -> Self {
        self.then(column, Direction::Down)
    }

    /// Rows without a value in the column before come first.
    #[must_use]
    pub fn nulls_first(self) -> Self {
        self.nulls(Nulls::First)
    }

    /// Rows without a value in the column before come last.
    #[must_use]
    pub fn nulls_last(self) -> Self {
        self.nulls(Nulls::Last)
    }

    fn nulls(mut self, nulls: Nulls) -> Self {
        if let Some(term) = self.terms.last_mut() {
            term.nulls = term.nulls.map(|_| nulls);
        }
        self
    }

    /// The id, which no two rows share, ends an order: what comes behind it says nothing.
    fn then(mut self, column: E::Column, direction: Direction) -> Self {
        let ends_at_id = self.terms.iter().any(|term| is_id::<E>(term.column));
        let known = self.terms.iter().any(|term| term.column.as_str() == column.as_str());
        if !ends_at_id && !known {
            self.terms.push(Term::new(column, direction));
            // Ties are broken in the direction of the last column: one index serves all.
            self.id = direction;
        }
        self
    }

    /// Reads an order that somebody outside asks for, `-created_at,title`: columns by name, down
    /// with a minus. Only those of `allowed` may be named.
    ///
    /// # Errors
    ///
    /// [`RepoError::Sort`], which lists what is allowed.
    pub fn parse(text: &str, allowed: &[E::Column]) -> Result<Self, RepoError> {
        let mut sort = Self::by_id();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let (direction, name) = match name.strip_prefix('-') {
                Some(name) => (Direction::Down, name),
                None => (Direction::Up, name),
            };
            let column = allowed.iter().find(|column| column.as_str() == name);
            let column = column.ok_or_else(|| RepoError::Sort {
                allowed: allowed.iter().map(|column| column.as_str()).collect(),
            })?;
            sort = sort.then(*column, direction);
        }
        Ok(sort)
    }

    /// Every column, the id last.
    pub(crate) fn terms(&self) -> impl Iterator<Item = Term<E>> + '_ {
        let ends_at_id = self.terms.iter().any(|term| is_id::<E>(term.column));
        let id = Term { column: E::ID, direction: self.id, nulls: None };
        self.terms.iter().cloned().chain((!ends_at_id).then_some(id))
    }

    pub(crate) fn reversed(&self) -> Self {
        let terms = self.terms.iter().map(Term::reversed).collect();
        Self { terms, id: self.id.reversed() }
    }

    pub(crate) fn apply(&self, mut select: Select<E>) -> Select<E> {
        self.apply_to(QueryTrait::query(&mut select), |column| Expr::col(column.as_column_ref()));
        select
    }

    /// Orders a statement in which `of` says what a column is called.
    pub(crate) fn apply_to(&self, query: &mut SelectStatement, of: impl Fn(E::Column) -> Expr) {
        for term in self.terms() {
            let (value, order) = (of(term.column), term.direction.order());
            match term.nulls {
                None => query.order_by_expr(value, order),
                Some(Nulls::First) => {
                    query.order_by_expr_with_nulls(value, order, NullOrdering::First)
                }
                Some(Nulls::Last) => {
                    query.order_by_expr_with_nulls(value, order, NullOrdering::Last)
                }
            };
        }
    }
}

fn is_id<E: Resource>(column: E::Column) -> bool {
    column.as_str() == E::ID.as_str()
}

impl<E: Resource> Clone for Term<E> {
    fn clone(&self) -> Self {
        Self { column: self.column, direction: self.direction, nulls: self.nulls }
    }
}

impl<E: Resource> Clone for Sort<E> {
    fn clone(&self) -> Self {
        Self { terms: self.terms.clone(), id: self.id }
    }
}

impl<E: Resource> fmt::Debug for Sort<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terms = self.terms().map(|term| (term.column.as_str(), term.direction, term.nulls));
        f.debug_list().entries(terms.collect::<Vec<_>>()).finish()
    }
}
