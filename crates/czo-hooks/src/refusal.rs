//! What a hook says when it does not go through.

use std::error::Error;
use std::fmt;

use czo_core::{ErrorKind, FieldError, FieldErrorCode};

/// Any error.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A hook's no to an operation, in words for whoever asked for it.
///
/// ```
/// use czo_core::FieldErrorCode;
/// use czo_hooks::Refusal;
///
/// let refusal = Refusal::new("too many at once")
///     .field("quantity", FieldErrorCode::Invalid, "at most 100 of one product");
/// assert_eq!(refusal.to_string(), "too many at once");
/// ```
///
/// It is not an [`Error`], so that `?` can tell it from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    message: String,
    kind: ErrorKind,
    fields: Vec<FieldError>,
}

impl Refusal {
    /// A refusal of [`ErrorKind::Invalid`]. The message is shown to the caller.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: ErrorKind::Invalid, fields: Vec::new() }
    }

    /// The same refusal, of another kind, such as [`ErrorKind::Forbidden`].
    #[must_use]
    pub fn of_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// The same refusal, which also says what is wrong with a field. Callers that can show fields
    /// show these instead of the message.
    #[must_use]
    pub fn field(mut self, path: &str, code: FieldErrorCode, message: impl Into<String>) -> Self {
        self.fields.push(FieldError::new(path, code, message));
        self
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The fields that are wrong, if any was named.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Why a hook before an operation did not go through.
///
/// `?` makes it: of a [`Refusal`] a refusal, of any error a failure. Like `anyhow::Error` it is
/// no [`Error`] itself, for that would be ambiguous.
///
/// [`HookError::Refused`](crate::HookError::Refused), of a run inside the hook, refuses too. An
/// operation's own error that holds one is a failure: whoever wants to pass the refusal on takes
/// it out first, as in `map_err(|error| match error { CatalogError::Hook(inner) => inner.into(),
/// other => BeforeError::from(other) })`.
#[derive(Debug)]
pub enum BeforeError {
    /// The hook says no. The operation does not run, even where the hook is
    /// [fail-open](crate::HookBuilder::fail_open).
    Refused(Box<Refusal>),
    /// The hook could not do its work.
    Failed(BoxError),
}

impl From<Refusal> for BeforeError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for BeforeError {
    fn from(error: E) -> Self {
        Self::Failed(Box::new(error))
    }
}
