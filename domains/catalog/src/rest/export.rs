//! `GET /api/catalog/export`

use czo_http::aide::transform::TransformOperation;
use czo_http::axum::body::Body;
use czo_http::axum::extract::State;
use czo_http::axum::http::header;
use czo_http::axum::response::{IntoResponse, Response};
use czo_http::{Ctx, Problem};
use futures_util::{StreamExt, TryStreamExt};

use crate::Products;

pub(super) fn describe(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("catalog")
        .summary("Export products")
        .description(
            "All products of the shop as a Shopify product CSV file. Needs `product:read`.",
        )
        .security_requirement("bearer")
}

pub(super) async fn export(
    State(products): State<Products>,
    Ctx(ctx): Ctx,
) -> Result<Response, Problem> {
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
