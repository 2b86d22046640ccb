//! Finding a place in an order again, and reading on from there.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Value};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect, Select};

use crate::cursor::List;
use crate::page::{Ends, PageRequest};
use crate::sort::{Direction, Nulls, Sort, Term};
use crate::{PageError, Resource};

/// One page between two places, and how to read it.
pub(crate) struct Seek<E: Resource> {
    /// The order to read in: that of the list, or its reverse to read from the end.
    order: Sort<E>,
    /// Only what comes behind this place, in that order.
    behind: Option<Vec<Value>>,
    /// Only what comes before this place, in that order.
    before: Option<Vec<Value>>,
    request: PageRequest,
}

impl<E: Resource> Seek<E> {
    pub(crate) fn new(
        sort: &Sort<E>,
        list: &List,
        request: &PageRequest,
    ) -> Result<Self, PageError> {
        let columns = sort.terms().count();
        let place = |argument, cursor: &Option<String>| {
            cursor.as_ref().map(|cursor| list.read(argument, cursor, columns)).transpose()
        };
        let (after, before) = (place("after", &request.after)?, place("before", &request.before)?);
        let request = request.clone();
        Ok(if request.backward {
            Self { order: sort.reversed(), behind: before, before: after, request }
        } else {
            Self { order: sort.clone(), behind: after, before, request }
        })
    }

    /// The rows of the page among those of `rows`, and one more, which tells whether there is
    /// more.
    pub(crate) fn select(&self, rows: Select<E>) -> Select<E> {
        let mut rows = rows;
        if let Some(place) = &self.behind {
            rows = rows.filter(behind(&self.order, place));
        }
        if let Some(place) = &self.before {
            rows = rows.filter(behind(&self.order.reversed(), place));
        }
        self.order.apply(rows).limit(self.request.limit + 1)
    }

    /// Drops the row that was read too many, and puts the others into the order of the list.
    pub(crate) fn ends<T>(&self, rows: &mut Vec<T>) -> Ends {
        let asked = usize::try_from(self.request.limit).unwrap_or(usize::MAX);
        let more = rows.len() > asked;
        rows.truncate(asked);
        // A cursor stands for a row, so there is, or was, something on its side.
        let (backward, before) = (self.request.backward, self.request.before.is_some());
        let after = self.request.after.is_some();
        if backward {
            rows.reverse();
        }
        Ends { has_previous: after || (backward && more), has_next: before || (!backward && more) }
    }
}

/// The condition that a row comes behind a place in an order.
fn behind<E: Resource>(order: &Sort<E>, place: &[Value]) -> Condition {
    let terms: Vec<_> = order.terms().collect();
    let alike = terms.windows(2).all(|pair| pair[0].direction == pair[1].direction);
    if alike && terms.iter().all(|term| term.nulls.is_none()) {
        return Condition::all().add(behind_as_tuple(&terms, place));
    }
    // One condition for each column: equal in those before it, and behind in this one.
    let mut any = Condition::any();
    for (last, term) in terms.iter().enumerate() {
        let Some(is_behind) = value_is_behind(term, &place[last]) else { continue };
        let mut all = Condition::all();
        for (equal, value) in terms.iter().zip(place).take(last) {
            all = all.add(equals(equal, value));
        }
        any = any.add(all.add(is_behind));
    }
    // Follows from the rest, but tells the database where in its index to start.
    match terms.first() {
        Some(first) if first.nulls.is_none() => {
            Condition::all().add(not_before(first, &place[0])).add(any)
        }
        _ => any,
    }
}

/// `(a, b, id) > (1, 2, 3)`: one comparison that an index answers.
fn behind_as_tuple<E: Resource>(terms: &[Term<E>], place: &[Value]) -> Expr {
    let value = |(term, value): (&Term<E>, &Value)| as_column(term, value);
    let columns = Expr::tuple(terms.iter().map(column_of));
    let values = Expr::tuple(terms.iter().zip(place).map(value));
    match terms.first().map(|term| term.direction) {
        Some(Direction::Down) => columns.lt(values),
        _ => columns.gt(values),
    }
}

fn column_of<E: Resource>(term: &Term<E>) -> Expr {
    Expr::col(term.column.as_column_ref())
}

/// A value as the column's type has it.
fn as_column<E: Resource>(term: &Term<E>, value: &Value) -> Expr {
    term.column.save_as(Expr::val(value.clone()))
}

fn is_null(value: &Value) -> bool {
    matches!(value, Value::String(None))
}

fn equals<E: Resource>(term: &Term<E>, value: &Value) -> Expr {
    if is_null(value) {
        column_of(term).is_null()
    } else {
        column_of(term).eq(as_column(term, value))
    }
}

fn not_before<E: Resource>(term: &Term<E>, value: &Value) -> Expr {
    match term.direction {
        Direction::Up => column_of(term).gte(as_column(term, value)),
        Direction::Down => column_of(term).lte(as_column(term, value)),
    }
}

/// The condition that a row comes behind a value in one column; nothing where none can.
fn value_is_behind<E: Resource>(term: &Term<E>, value: &Value) -> Option<Condition> {
    let any = Condition::any();
    if is_null(value) {
        // Behind those without a value are, if anything, those with one.
        return (term.nulls == Some(Nulls::First)).then(|| any.add(column_of(term).is_not_null()));
    }
    let further = match term.direction {
        Direction::Up => column_of(term).gt(as_column(term, value)),
        Direction::Down => column_of(term).lt(as_column(term, value)),
    };
    Some(match term.nulls {
        Some(Nulls::Last) => any.add(further).add(column_of(term).is_null()),
        _ => any.add(further),
    })
}
