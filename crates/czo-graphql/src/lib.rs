#![doc = include_str!("../README.md")]

mod endpoint;
mod error;
mod graphiql;
mod money;
mod page;
mod subgraph;

pub use async_graphql;
pub use endpoint::routes;
pub use error::{UserError, UserErrorCode, refuse, user_errors};
pub use graphiql::graphiql_assets;
pub use money::{MinorUnits, MoneyValue};
pub use page::{PageArguments, PageError, PageRequest};
pub use subgraph::{GraphqlOptions, Subgraph};
