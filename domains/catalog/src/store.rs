//! The catalogue's tables, by hand on SeaORM.
//!
//! Everything here is scoped to one shop, leaves deleted rows out, and runs on any connection or
//! transaction. A product is read with two statements, however many variants it has.

#[expect(unreachable_pub, reason = "SeaORM's derive wants its types to be public")]
mod product_row;
mod read;
mod tag_filter;
mod variant_row;
mod write;

pub(crate) use read::{
    ProductFilter, ProductKey, count, find, find_by_ids, find_of_variants, find_to_write, page,
    taken_skus,
};
pub(crate) use write::{delete, insert, update};
