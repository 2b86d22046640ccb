//! The GraphQL schema of the catalogue.

mod entities;
mod inputs;
mod mutation;
mod payloads;
mod product;
mod query;

use czo_graphql::{GraphqlOptions, Subgraph};

use crate::Products;

/// The catalogue's subgraph.
pub(crate) fn subgraph(products: Products, options: &GraphqlOptions) -> Subgraph {
    let query = query::Query::new(products.clone());
    let mutation = mutation::Mutation::new(products.clone());
    Subgraph::new("catalog", query, mutation, options)
        .on_request(move |request, _| request.data(entities::Entities::of(products.clone())))
}
