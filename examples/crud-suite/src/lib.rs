#![doc = include_str!("../README.md")]

#[doc(hidden)]
pub mod laws;
mod page;
mod product;
pub mod product_row;
mod store;
mod subject;
mod tables;
mod tag_filter;
pub mod variant_row;

pub use page::{PageArguments, ProductPage};
pub use product::{
    Product, ProductDraft, ProductFilter, ProductId, ProductSort, ProductStatus, Tags, Trashed,
    Variant, VariantDraft, VariantId,
};
pub use store::{ReadProducts, WriteProducts};
pub use subject::{Failure, Opening};
pub use tables::create_tables;
pub use tag_filter::has_tag;

/// What the macros of this crate write. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use czo_testkit::on_each_database;
}
