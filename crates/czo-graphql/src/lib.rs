#![doc = include_str!("../README.md")]

mod budget;
mod endpoint;
mod error;
mod graphiql;
mod limits;
mod money;
mod options;
mod subgraph;

pub use async_graphql;
pub use budget::{
    STATEMENT_UNITS, charge, charge_list, charge_statement, charge_text, fields_below,
};
pub use endpoint::routes;
pub use error::{UserError, UserErrorCode, refuse, user_errors};
pub use graphiql::graphiql_assets;
pub use limits::{
    MAX_ARGUMENT_BYTES, MAX_ARGUMENTS, MAX_INTROSPECTION_FIELDS, MAX_NAME_BYTES, MAX_NESTING,
    MAX_QUERY_BYTES, MAX_VARIABLES,
};
pub use money::{MinorUnits, MoneyValue};
pub use options::GraphqlOptions;
pub use subgraph::Subgraph;
