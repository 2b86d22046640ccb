#![doc = include_str!("../README.md")]

mod catalog;
mod error;
pub mod events;
mod export;
mod graphql;
pub mod hooks;
mod id;
mod import;
mod imports;
mod product;
mod products;
mod repair;
mod rest;
mod service;
mod shopify_csv;
mod store;
mod thumbnails;

pub use catalog::Catalog;
pub use error::CatalogError;
pub use id::{ImportId, ProductId, ThumbnailId, VariantId};
pub use import::{ImportReport, RejectedRow, Tally};
pub use imports::{Import, ImportState, Imports};
pub use product::{
    Handle, HandleError, Image, MAX_ALT_CHARS, MAX_DESCRIPTION_BYTES, MAX_IMAGES, MAX_OPTIONS,
    MAX_TAGS, MAX_TEXT_CHARS, MAX_URL_BYTES, MAX_VARIANTS, Product, ProductDraft, ProductOption,
    ProductPatch, ProductStatus, Variant, VariantDraft,
};
pub use products::{PRODUCT_READ, PRODUCT_WRITE, ProductQuery, Products, PutOutcome};
pub use shopify_csv::{CsvFileError, RowError};
pub use thumbnails::{Thumbnail, ThumbnailCounts, Thumbnails};
