//! `POST /api/catalog/import` and `GET /api/catalog/imports/{id}`

use std::io;

use czo_http::aide::openapi::{MediaType, ReferenceOr, RequestBody};
use czo_http::aide::transform::TransformOperation;
use czo_http::axum::Json;
use czo_http::axum::extract::{Path, Request, State};
use czo_http::axum::http::{HeaderMap, HeaderName, StatusCode, header};
use czo_http::axum::response::{IntoResponse, Response};
use czo_http::{Ctx, Problem, body_too_large};
use futures_util::TryStreamExt;
use tokio_util::io::{StreamReader, SyncIoBridge};

use crate::{CatalogError, Import, ImportId, ImportReport, Imports, Products};

/// By which a client asks not to be kept waiting (RFC 7240).
const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const RESPOND_ASYNC: &str = "respond-async";

pub(super) fn describe_import(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    let mut operation = operation
        .tag("catalog")
        .summary("Import products")
        .description(
            "Takes a file in the Shopify product CSV format. Each product is imported whole or \
             not at all; the report names every rejected row with the reason. With the header \
             `Prefer: respond-async` the file is stored and imported by a job; the answer says \
             where it is heard of. Needs `product:write`.",
        )
        .response::<200, Json<ImportReport>>()
        .response::<202, Json<Import>>()
        .security_requirement("bearer");
    operation.inner_mut().request_body = Some(ReferenceOr::Item(RequestBody {
        content: [("text/csv".to_owned(), MediaType::default())].into_iter().collect(),
        required: true,
        ..RequestBody::default()
    }));
    operation
}

pub(super) fn describe_find(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("catalog")
        .summary("Show an import")
        .description(
            "Where an import stands that is done by a job: how many rows are done, and the report \
             once it has ended. It is known for a week. Needs `product:write`.",
        )
        .security_requirement("bearer")
}

pub(super) async fn import(
    State((products, imports)): State<(Products, Imports)>,
    Ctx(ctx): Ctx,
    request: Request,
) -> Result<Response, Problem> {
    // Whoever may not write is told before the upload is read.
    products.require_write(&ctx).await.map_err(Problem::of)?;
    let is_later = prefers_async(request.headers());
    let body = request.into_body().into_data_stream().map_err(io::Error::other);
    if is_later {
        let import = imports.accept(&ctx, body).await.map_err(problem)?;
        let headers = [
            (header::LOCATION, format!("/api/catalog/imports/{}", import.id)),
            (PREFERENCE_APPLIED, RESPOND_ASYNC.to_owned()),
        ];
        return Ok((StatusCode::ACCEPTED, headers, Json(import)).into_response());
    }
    let input = SyncIoBridge::new(StreamReader::new(Box::pin(body)));
    let report = products.import(&ctx, input, |_| ()).await.map_err(problem)?;
    Ok(Json(report).into_response())
}

pub(super) async fn find(
    State(imports): State<Imports>,
    Ctx(ctx): Ctx,
    Path(id): Path<String>,
) -> Result<Json<Import>, Problem> {
    imports.require_write(&ctx).await.map_err(Problem::of)?;
    let Ok(id) = id.parse::<ImportId>() else {
        let detail = format!("expected the id of an import, `{}_…`", ImportId::PREFIX);
        return Err(Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", detail));
    };
    imports.find(&ctx, id).await.map(Json).map_err(Problem::of)
}

fn problem(error: CatalogError) -> Problem {
    body_too_large(&error).unwrap_or_else(|| Problem::of(error))
}

/// Whether one of the preferences is not to be kept waiting.
fn prefers_async(headers: &HeaderMap) -> bool {
    let texts = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).any(|preference| {
        let name = preference.split(';').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case(RESPOND_ASYNC)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_is_found_among_others() {
        let prefers = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(PREFER, value.parse().unwrap());
            }
            prefers_async(&headers)
        };
        assert!(prefers(&["respond-async"]));
        assert!(prefers(&["return=minimal, Respond-Async ; x=1", "wait=10"]));
        assert!(prefers(&["wait=10", "respond-async"]));
        assert!(!prefers(&[]));
        assert!(!prefers(&["wait=10", "respond-asynchronously", "x=respond-async"]));
    }
}
