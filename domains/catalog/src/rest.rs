//! The REST routes of the catalogue: bulk data.

use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::{get_with, post_with};
use czo_http::aide::openapi::{MediaType, ReferenceOr, RequestBody};
use czo_http::aide::transform::TransformOperation;
use czo_http::axum::Json;
use czo_http::axum::body::Body;
use czo_http::axum::extract::{Request, State};
use czo_http::axum::http::header;
use czo_http::axum::response::{IntoResponse, Response};
use czo_http::{Ctx, Problem, body_too_large};
use futures_util::{StreamExt, TryStreamExt};
use tokio_util::io::{StreamReader, SyncIoBridge};

use crate::{ImportReport, Products};

/// The routes for uploads and downloads.
pub(crate) fn bulk_routes(products: Products) -> ApiRouter {
    ApiRouter::new()
        .api_route("/api/catalog/import", post_with(import, describe_import))
        .api_route("/api/catalog/export", get_with(export, describe_export))
        .with_state(products)
}

fn describe_import(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    let mut operation = operation
        .tag("catalog")
        .summary("Import products")
        .description(
            "Takes a file in the Shopify product CSV format. Each product is imported whole or \
             not at all; the report names every rejected row with the reason. Needs \
             `product:write`.",
        )
        .security_requirement("bearer");
    operation.inner_mut().request_body = Some(ReferenceOr::Item(RequestBody {
        content: [("text/csv".to_owned(), MediaType::default())].into_iter().collect(),
        required: true,
        ..RequestBody::default()
    }));
    operation
}

fn describe_export(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("catalog")
        .summary("Export products")
        .description(
            "All products of the shop as a Shopify product CSV file. Needs `product:read`.",
        )
        .security_requirement("bearer")
}

async fn import(
    State(products): State<Products>,
    Ctx(ctx): Ctx,
    request: Request,
) -> Result<Json<ImportReport>, Problem> {
    // Whoever may not write is told before the upload is read.
    products.require_write(&ctx).await.map_err(Problem::of)?;
    let body = request.into_body().into_data_stream().map_err(std::io::Error::other);
    let input = SyncIoBridge::new(StreamReader::new(Box::pin(body)));
    let outcome = products.import(&ctx, input, |_| ()).await;
    outcome.map(Json).map_err(|error| body_too_large(&error).unwrap_or_else(|| Problem::of(error)))
}

async fn export(State(products): State<Products>, Ctx(ctx): Ctx) -> Result<Response, Problem> {
    let mut pages = Box::pin(products.export(&ctx));
    // The first page is read before the answer begins, so that a refusal still has a status.
    let first = pages.next().await.transpose().map_err(Problem::of)?;
    let rest = pages.inspect_err(|error| {
        tracing::error!(error = czo_core::describe(error), "an export was cut off");
    });
    let body = Body::from_stream(futures_util::stream::iter(first.map(Ok)).chain(rest));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"products.csv\""),
    ];
    Ok((headers, body).into_response())
}
