//! Why a query is refused.

use async_graphql::ServerError;

use super::{
    MAX_ARGUMENT_BYTES, MAX_ARGUMENTS, MAX_INTROSPECTION_FIELDS, MAX_NAME_BYTES, MAX_NESTING,
    MAX_QUERY_BYTES, MAX_VARIABLES,
};
use crate::error::coded;

/// Why a query is refused before it is validated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LimitError {
    #[error(
        "the query has {bytes} bytes and {MAX_QUERY_BYTES} are allowed: send large values as \
         variables"
    )]
    Text { bytes: usize },
    #[error("the query is nested too deep: {MAX_NESTING} levels of brackets are allowed")]
    Nesting,
    #[error("a string of the query does not end: close it with the quotes that it starts with")]
    OpenString,
    #[error("the variable `{name}` is nested too deep: {MAX_NESTING} levels are allowed")]
    VariableNesting { name: String },
    #[error("the query is not GraphQL")]
    Syntax(Box<ServerError>),
    #[error(
        "the query is too complex: it selects {found} fields, with its fragments written out, \
         and {allowed} are allowed; ask for less at once"
    )]
    Fields { found: usize, allowed: usize },
    #[error(
        "the query asks for {found} fields about the schema and {MAX_INTROSPECTION_FIELDS} are \
         allowed: ask for less at once"
    )]
    Introspection { found: usize },
    #[error("a name of {bytes} bytes is too long: {MAX_NAME_BYTES} are allowed")]
    Name { bytes: usize },
    #[error("`{on}` has {found} arguments and {MAX_ARGUMENTS} are allowed: leave some out")]
    Arguments { on: String, found: usize },
    #[error(
        "the query declares {found} variables and {MAX_VARIABLES} are allowed: send lists or \
         objects"
    )]
    Variables { found: usize },
    #[error(
        "the arguments of the query have {found} bytes together and {MAX_ARGUMENT_BYTES} are \
         allowed, where a variable counts each time: use large values less often"
    )]
    ArgumentBytes { found: usize },
    #[error("the fragment `{name}` contains itself: break the cycle")]
    Cycle { name: String },
    #[error("the fragment `{name}` is never used: remove it")]
    Unused { name: String },
}

impl LimitError {
    fn code(&self) -> &'static str {
        match self {
            Self::OpenString | Self::Cycle { .. } | Self::Unused { .. } => "INVALID",
            _ => "TOO_LARGE",
        }
    }
}

impl From<LimitError> for ServerError {
    fn from(error: LimitError) -> Self {
        let code = error.code();
        match error {
            // The parser says where.
            LimitError::Syntax(error) => *error,
            error => {
                let mut refused = ServerError::new(error.to_string(), None);
                refused.extensions = coded(error.to_string(), code, false).extensions;
                refused
            }
        }
    }
}
