//! `GET /api/catalog/thumbnails/{id}`

use czo_http::Problem;
use czo_http::aide::transform::TransformOperation;
use czo_http::axum::extract::{Path, State};
use czo_http::axum::http::{HeaderMap, StatusCode, header};
use czo_http::axum::response::{IntoResponse, Response};

use crate::{ThumbnailId, Thumbnails};

/// What an id shows never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

pub(super) fn describe(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation.tag("catalog").summary("Show a thumbnail").description(
        "A small picture of an image of a product, as `thumbnailUrl` names it. It never changes. \
         Open to everybody.",
    )
}

pub(super) async fn find(
    State(thumbnails): State<Thumbnails>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Ok(id) = id.parse::<ThumbnailId>() else {
        let detail = format!("expected the id of a thumbnail, `{}_…`", ThumbnailId::PREFIX);
        return Err(Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", detail));
    };
    let thumbnail = thumbnails.find(id).await.map_err(Problem::of)?;
    let etag = format!("\"{id}\"");
    let caching = [(header::CACHE_CONTROL, FOR_EVER.to_owned()), (header::ETAG, etag.clone())];
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|tag| tag.to_str().ok());
    if known.flat_map(|tags| tags.split(',')).any(|tag| is_one(tag.trim(), &etag)) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let content_type = [(header::CONTENT_TYPE, thumbnail.content_type)];
    Ok((caching, content_type, thumbnail.content).into_response())
}

/// Whether a tag of a request means this one.
fn is_one(tag: &str, etag: &str) -> bool {
    tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
}
