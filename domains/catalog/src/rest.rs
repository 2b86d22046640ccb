//! The REST routes of the catalogue: bulk data.

mod export;
mod import;
mod thumbnail;

use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::{get_with, post_with};

use crate::{Imports, Products, Thumbnails};

/// The routes for uploads and downloads.
pub(crate) fn bulk_routes(products: Products, imports: Imports) -> ApiRouter {
    let import = post_with(import::import, import::describe_import);
    let import = ApiRouter::new().api_route("/api/catalog/import", import);
    let export = get_with(export::export, export::describe);
    let export = ApiRouter::new().api_route("/api/catalog/export", export);
    import.with_state((products.clone(), imports)).merge(export.with_state(products))
}

/// The routes for small answers.
pub(crate) fn routes(imports: Imports, thumbnails: Thumbnails) -> ApiRouter {
    let import = get_with(import::find, import::describe_find);
    let import = ApiRouter::new().api_route("/api/catalog/imports/{id}", import);
    let thumbnail = get_with(thumbnail::find, thumbnail::describe);
    let thumbnail = ApiRouter::new().api_route("/api/catalog/thumbnails/{id}", thumbnail);
    import.with_state(imports).merge(thumbnail.with_state(thumbnails))
}
