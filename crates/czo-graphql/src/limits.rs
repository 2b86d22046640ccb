//! What a query may cost, checked before it is validated.
//!
//! Validation takes a time that grows with the *expanded* query, yields to nobody while it does,
//! and the parser recurses once for each bracket. So what reaches them is small.

mod document;
mod error;
mod nesting;
mod parsed;

use std::sync::Arc;

use async_graphql::Request;
use async_graphql::parser::types::OperationType;

pub(crate) use error::LimitError;
pub(crate) use parsed::ParsedQueries;

use crate::GraphqlOptions;

/// How long the text of a query may be, in bytes. Large values belong into its variables.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;
/// How deep brackets may be nested in the text of a query, and lists and objects in a variable.
pub const MAX_NESTING: usize = 64;
/// How long a name in a query (of a field, an alias, a fragment) may be, in bytes.
pub const MAX_NAME_BYTES: usize = 128;
/// How many arguments a field or a directive may have.
pub const MAX_ARGUMENTS: usize = 32;
/// How many variables an operation may declare.
pub const MAX_VARIABLES: usize = 256;
/// How large the values of all arguments may be together, in bytes and with 16 for each value,
/// where a variable counts each time that it is used.
pub const MAX_ARGUMENT_BYTES: usize = 8 * 1024 * 1024;
/// How many fields may be asked for about the schema itself, where each of `__schema`, `__type`
/// and `_service` counts as 50. What GraphiQL asks for is 300.
pub const MAX_INTROSPECTION_FIELDS: usize = 500;

/// What is known of a query that is within the limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checked {
    /// Whether it contains a mutation.
    pub(crate) writes: bool,
}

/// Parses the query, once and for all, if it is within the limits.
pub(crate) fn check(
    request: &mut Request,
    options: &GraphqlOptions,
    parsed: &ParsedQueries,
) -> Result<Checked, LimitError> {
    let bytes = request.query.len();
    if bytes > MAX_QUERY_BYTES {
        return Err(LimitError::Text { bytes });
    }
    let known = parsed.recall(request);
    if !known {
        nesting::check(&request.query)?;
    }
    let variables = document::variable_sizes(&request.variables)?;
    let document = request.parsed_query().map_err(|error| LimitError::Syntax(Box::new(error)))?;
    document::check(document, variables, options.max_complexity)?;
    let writes = document
        .operations
        .iter()
        .any(|(_, operation)| operation.node.ty == OperationType::Mutation);
    if !known {
        let document = Arc::new(document.clone());
        parsed.keep(request.query.clone(), document);
    }
    Ok(Checked { writes })
}
