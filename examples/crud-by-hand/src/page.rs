//! Pages between two cursors.

use crud_suite::{PageArguments, ProductFilter, ProductPage, ProductSort};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::cursor::{Cursors, Place};
use crate::{Products, StoreError};
use crud_suite::product_row::{Column, Entity};

/// How many entries a page has when no size is asked for.
const DEFAULT: u64 = 50;
/// How many entries a page may have.
const MAX: u64 = 100;

/// How many entries are asked for, and whether from the end.
fn size(arguments: &PageArguments) -> Result<(u64, bool), StoreError> {
    let (argument, value) = match (arguments.first, arguments.last) {
        (Some(_), Some(_)) => return Err(StoreError::BothEnds),
        (Some(value), None) => ("first", value),
        (None, Some(value)) => ("last", value),
        (None, None) => return Ok((DEFAULT, false)),
    };
    match u64::try_from(value) {
        Ok(size @ 1..=MAX) => Ok((size, argument == "last")),
        _ => Err(StoreError::Size { argument, value }),
    }
}

/// Whether larger values come first, in the order or in its reverse.
fn is_descending(sort: ProductSort, reversed: bool) -> bool {
    matches!(sort, ProductSort::Newest | ProductSort::TitleDown) != reversed
}

fn ordered(rows: Select<Entity>, sort: ProductSort, reversed: bool) -> Select<Entity> {
    let order = if is_descending(sort, reversed) { Order::Desc } else { Order::Asc };
    let rows = match sort {
        ProductSort::Newest => rows,
        ProductSort::TitleUp | ProductSort::TitleDown => {
            rows.order_by(Column::Title, order.clone())
        }
    };
    rows.order_by(Column::Id, order)
}

/// The condition that a product comes behind a place in the order, or in its reverse. Titles and
/// ids are compared as one, which an index answers.
fn behind(place: &Place, sort: ProductSort, reversed: bool) -> Expr {
    let column = |column: Column| Expr::col(column.as_column_ref());
    let (columns, values) = match &place.title {
        None => (column(Column::Id), Expr::val(place.id)),
        Some(title) => (
            Expr::tuple([column(Column::Title), column(Column::Id)]),
            Expr::tuple([Expr::val(title.as_str()), Expr::val(place.id)]),
        ),
    };
    if is_descending(sort, reversed) { columns.lt(values) } else { columns.gt(values) }
}

/// One page of the products that a filter means.
pub(crate) async fn page(
    store: &Products,
    filter: &ProductFilter,
    sort: ProductSort,
    arguments: &PageArguments,
) -> Result<ProductPage, StoreError> {
    let (size, backward) = size(arguments)?;
    let cursors = Cursors::of(store, filter, sort);
    let after = cursors.read("after", arguments.after.as_deref())?;
    let before = cursors.read("before", arguments.before.as_deref())?;
    let mut rows = store.matching(filter);
    if let Some(place) = &after {
        rows = rows.filter(behind(place, sort, false));
    }
    if let Some(place) = &before {
        rows = rows.filter(behind(place, sort, true));
    }
    // One more than asked for tells whether there is more.
    let mut rows = ordered(rows, sort, backward).limit(size + 1).all(&*store.db).await?;
    let asked = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > asked;
    rows.truncate(asked);
    if backward {
        rows.reverse();
    }
    let products = store.whole(&*store.db, rows).await?;
    let total =
        if arguments.total { Some(store.matching(filter).count(&*store.db).await?) } else { None };
    Ok(ProductPage {
        // A cursor stands for an entry, so there is, or was, something on its side.
        has_previous: if backward { more } else { after.is_some() },
        has_next: if backward { before.is_some() } else { more },
        start_cursor: products.first().and_then(|product| cursors.write(product)),
        end_cursor: products.last().and_then(|product| cursors.write(product)),
        products,
        total,
    })
}
