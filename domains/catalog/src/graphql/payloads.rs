//! What mutations answer.

use std::sync::Arc;

use async_graphql::{Error, ID, SimpleObject};
use czo_graphql::{UserError, user_errors};

use super::product::Product;
use crate::CatalogError;
use crate::product as domain;

/// The product after a mutation, or what was wrong with its input.
#[derive(SimpleObject)]
pub(crate) struct ProductPayload {
    /// The product, if all went well.
    product: Option<Product>,
    /// What was wrong; empty if all went well.
    user_errors: Vec<UserError>,
}

impl ProductPayload {
    pub(super) fn of(outcome: Result<domain::Product, CatalogError>) -> Result<Self, Error> {
        Ok(match outcome {
            Ok(product) => {
                Self { product: Some(Arc::new(product).into()), user_errors: Vec::new() }
            }
            Err(error) => Self { product: None, user_errors: user_errors(error)? },
        })
    }
}

/// What a deletion deleted, or what was wrong with its input.
#[derive(SimpleObject)]
pub(crate) struct ProductDeletePayload {
    /// The product that is gone, if all went well.
    deleted_product_id: Option<ID>,
    /// What was wrong; empty if all went well.
    user_errors: Vec<UserError>,
}

impl ProductDeletePayload {
    pub(super) fn of(id: ID, outcome: Result<(), CatalogError>) -> Result<Self, Error> {
        Ok(match outcome {
            Ok(()) => Self { deleted_product_id: Some(id), user_errors: Vec::new() },
            Err(error) => Self { deleted_product_id: None, user_errors: user_errors(error)? },
        })
    }
}
