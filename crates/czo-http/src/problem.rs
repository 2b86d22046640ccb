//! Every error, as the caller sees it.

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{Operation, Response as ApiResponse, StatusCode as ApiStatus};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use czo_core::{Classified, ErrorKind, FieldError, RequestContext, describe};
use schemars::JsonSchema;
use serde::Serialize;

/// An error as the caller sees it: `application/problem+json` (RFC 9457).
///
/// Made from an error by its [`ErrorKind`], in this one place. What is internal is logged here
/// with all its causes, and the caller gets the correlation id to ask about instead.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// What kind of problem it is, in words.
    title: &'static str,
    /// The status of the response.
    status: u16,
    /// The kind, in capitals, for programs.
    code: &'static str,
    /// What is wrong and what to do.
    detail: String,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// The id under which the log knows this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// The status that answers an error of this kind.
#[must_use]
pub fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl Problem {
    /// The problem that an error is. `.map_err(Problem::of)?`
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
    pub fn of<E: Classified>(error: E) -> Self {
        let kind = error.kind();
        let detail = match kind {
            ErrorKind::Internal => {
                tracing::error!(error = describe(&error), "a request failed");
                "something went wrong here; the log knows more under the correlation id".to_owned()
            }
            ErrorKind::Unavailable => {
                tracing::warn!(error = describe(&error), "a request could not be served");
                error.to_string()
            }
            _ => error.to_string(),
        };
        Self {
            retryable: error.is_retryable(),
            errors: error.field_errors().to_vec(),
            ..Self::new(status_of(kind), kind.code(), detail)
        }
    }

    /// A problem that comes from no error of czo.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            retryable: false,
            correlation_id: RequestContext::current().map(|ctx| ctx.correlation_id.to_string()),
            errors: Vec::new(),
        }
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(&self)).into_response();
        let problem = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, problem);
        if self.status == StatusCode::UNAUTHORIZED.as_u16() {
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

impl OperationOutput for Problem {
    type Inner = Self;

    fn operation_response(ctx: &mut GenContext, operation: &mut Operation) -> Option<ApiResponse> {
        Json::<Self>::operation_response(ctx, operation).map(|mut response| {
            "an error, as application/problem+json (RFC 9457)"
                .clone_into(&mut response.description);
            response
        })
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<ApiStatus>, ApiResponse)> {
        Self::operation_response(ctx, operation)
            .map(|response| vec![(None, response)])
            .unwrap_or_default()
    }
}
