//! Bodies that may be left out.

use czo_http::Problem;
use czo_http::aide::OperationInput;
use czo_http::aide::generate::GenContext;
use czo_http::aide::openapi::{Operation, ReferenceOr};
use czo_http::axum::Json;
use czo_http::axum::body::{Body, Bytes};
use czo_http::axum::extract::{FromRequest, Request};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::body;

/// A body of JSON that may be left out. Then it says what `T` says by default, whatever the
/// `Content-Type` is or is not; one that is there is held to it.
pub(super) struct OptionalBody<T>(pub(super) T);

impl<T, S> FromRequest<S> for OptionalBody<T>
where
    T: DeserializeOwned + Default,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, sent) = request.into_parts();
        let whole = Request::from_parts(parts.clone(), sent);
        let bytes = Bytes::from_request(whole, state)
            .await
            .map_err(|wrong| Problem::new(wrong.status(), "INVALID", wrong.body_text()))?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        let request = Request::from_parts(parts, Body::from(bytes));
        body(Json::from_request(request, state).await).map(Self)
    }
}

impl<T: JsonSchema> OperationInput for OptionalBody<T> {
    fn operation_input(context: &mut GenContext, operation: &mut Operation) {
        Json::<T>::operation_input(context, operation);
        if let Some(ReferenceOr::Item(body)) = &mut operation.request_body {
            body.required = false;
        }
    }
}
