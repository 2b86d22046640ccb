//! What every error of czo can say about itself.

use std::fmt;

use serde::Serialize;

/// What a caller can do about an error. The HTTP and GraphQL faces map it to status and code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input is wrong; the message says where and what was expected.
    Invalid,
    /// Nobody said who they are, or the token is not good.
    Unauthenticated,
    /// Whoever asks may not do this.
    Forbidden,
    /// What was named does not exist (for whoever asks).
    NotFound,
    /// The state has changed meanwhile, or a unique value is taken.
    Conflict,
    /// Something this needs does not answer. Trying later may help.
    Unavailable,
    /// A fault of czo or of its data. The message is for the log, not for the caller.
    Internal,
}

impl ErrorKind {
    /// The kind in capitals, as the HTTP and GraphQL faces name it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invalid => "INVALID",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }
}

/// One field of an input that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct FieldError {
    /// The path of the field, such as `["variants", "2", "price"]`; empty for the whole input.
    pub field: Vec<String>,
    /// What is wrong, for programs.
    pub code: FieldErrorCode,
    /// What is wrong and what was expected, for people.
    pub message: String,
}

/// What is wrong with a field, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FieldErrorCode {
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

impl FieldError {
    /// An error of the field `path`, whose segments are separated by dots.
    #[must_use]
    pub fn new(path: &str, code: FieldErrorCode, message: impl Into<String>) -> Self {
        let field = path.split('.').filter(|segment| !segment.is_empty()).map(str::to_owned);
        Self { field: field.collect(), code, message: message.into() }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.field.join("."), self.message)
        }
    }
}

/// An error that says of which [`ErrorKind`] it is.
pub trait Classified: std::error::Error + Send + Sync + 'static {
    /// The kind.
    fn kind(&self) -> ErrorKind;

    /// Whether the same call may succeed later, unchanged. By default, what is
    /// [`Unavailable`](ErrorKind::Unavailable) is.
    fn is_retryable(&self) -> bool {
        self.kind() == ErrorKind::Unavailable
    }

    /// The fields that are wrong, for an error of [`ErrorKind::Invalid`] or
    /// [`ErrorKind::Conflict`] that knows them.
    fn field_errors(&self) -> &[FieldError] {
        &[]
    }
}

/// The error and everything that caused it, in one line: for the log, or for a person at the
/// command line.
#[must_use]
pub fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some libraries repeat their source in their own message.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
