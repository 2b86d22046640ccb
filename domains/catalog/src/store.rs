//! The catalogue's tables: which rows there are, and how products are read from them and written
//! to them. What a repository does by itself is not here.

mod cached;
#[expect(unreachable_pub, reason = "SeaORM's derive wants its types to be public")]
mod import_chunk_row;
#[expect(unreachable_pub, reason = "SeaORM's derive wants its types to be public")]
mod import_row;
mod imports;
#[expect(unreachable_pub, reason = "SeaORM's derive wants its types to be public")]
mod product_row;
mod read;
mod tag_filter;
#[expect(unreachable_pub, reason = "SeaORM's derive wants its types to be public")]
mod thumbnail_row;
mod thumbnails;
mod variant_row;
mod write;

use czo_repo::Repository;

pub(crate) use cached::CachedProducts;
pub(crate) use imports::{
    Ending, ImportRow, add_chunk, begin_import, chunk, delete_import, delete_old_imports,
    end_import, find_import, hand_over_import, unfinished_imports,
};
pub(crate) use read::{ProductFilter, ProductKey, find, find_to_write, page, taken_skus};
pub(crate) use thumbnails::{
    NewThumbnail, ThumbnailEnding, ThumbnailState, add_thumbnails, count_thumbnails, end_thumbnail,
    find_thumbnail, thumbnails_of,
};
pub(crate) use write::{delete, insert, update};

/// Products, without their variants.
const PRODUCTS: Repository<product_row::Entity> = Repository::new();

/// Variants.
const VARIANTS: Repository<variant_row::Entity> = Repository::new();

/// Small pictures of images.
const THUMBNAILS: Repository<thumbnail_row::Entity> = Repository::new();

/// Imports that are done later, without their files.
const IMPORTS: Repository<import_row::Entity> = Repository::new();
