//! The catalogue's tables: which rows there are, and how products are read from them and written
//! to them. What a repository does by itself is not here.

#[expect(unreachable_pub, reason = "SeaORM's derive wants its types to be public")]
mod product_row;
mod read;
mod tag_filter;
mod variant_row;
mod write;

use czo_repo::Repository;

pub(crate) use read::{
    ProductFilter, ProductKey, count, find, find_by_ids, find_of_variants, find_to_write, page,
    taken_skus,
};
pub(crate) use write::{delete, insert, update};

/// Products, without their variants.
const PRODUCTS: Repository<product_row::Entity> = Repository::new();

/// Variants.
const VARIANTS: Repository<variant_row::Entity> = Repository::new();
