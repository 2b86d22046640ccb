//! Errors: what the caller's input is about is data, the rest is `errors`.

use async_graphql::{Enum, Error, ErrorExtensions, SimpleObject};
use czo_core::{Classified, ErrorKind, FieldErrorCode, RequestContext, describe};

/// What is wrong with a field.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "FieldErrorCode")]
pub enum UserErrorCode {
    /// It is missing.
    Required,
    /// It is not of the expected form.
    Invalid,
    /// It is longer than allowed.
    TooLong,
    /// There are more of them than allowed.
    TooMany,
    /// It occurs twice.
    Duplicate,
    /// Its value belongs to another already.
    Taken,
    /// What it names does not exist.
    NotFound,
    /// The state has changed since it was read.
    Conflict,
}

/// Something in the input that the caller can put right.
#[derive(SimpleObject, Clone, Debug, PartialEq, Eq)]
pub struct UserError {
    /// The path of the field in the input; empty for the whole input.
    pub field: Vec<String>,
    /// What is wrong, for programs.
    pub code: UserErrorCode,
    /// What is wrong and what was expected, for people.
    pub message: String,
}

/// The error of a resolver. `.map_err(refuse)?`
///
/// Its extensions carry `code`, `retryable` and `correlationId`. What is internal is logged here
/// with all its causes, and the caller gets the correlation id to ask about instead.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
pub fn refuse<E: Classified>(error: E) -> Error {
    let kind = error.kind();
    let message = match kind {
        ErrorKind::Internal => {
            tracing::error!(error = describe(&error), "a resolver failed");
            "something went wrong here; the log knows more under the correlation id".to_owned()
        }
        ErrorKind::Unavailable => {
            tracing::warn!(error = describe(&error), "a resolver could not answer");
            error.to_string()
        }
        _ => error.to_string(),
    };
    coded(message, kind.code(), error.is_retryable())
}

/// An error with the extensions that every error of czo has.
pub(crate) fn coded(message: impl Into<String>, code: &str, retryable: bool) -> Error {
    Error::new(message).extend_with(|_, extensions| {
        extensions.set("code", code);
        extensions.set("retryable", retryable);
        if let Some(ctx) = RequestContext::current() {
            extensions.set("correlationId", ctx.correlation_id.as_str());
        }
    })
}

/// The errors of a mutation that are about its input; any other error ends the mutation.
///
/// # Errors
///
/// What [`refuse`] makes of an error that the caller's input can't put right.
pub fn user_errors<E: Classified>(error: E) -> Result<Vec<UserError>, Error> {
    let code = match error.kind() {
        ErrorKind::Invalid => UserErrorCode::Invalid,
        ErrorKind::NotFound => UserErrorCode::NotFound,
        ErrorKind::Conflict => UserErrorCode::Conflict,
        _ => return Err(refuse(error)),
    };
    let fields = error.field_errors();
    if fields.is_empty() {
        return Ok(vec![UserError { field: Vec::new(), code, message: error.to_string() }]);
    }
    Ok(fields
        .iter()
        .map(|field| UserError {
            field: field.field.clone(),
            code: field.code.into(),
            message: field.message.clone(),
        })
        .collect())
}
