//! The catalogue as a domain.

use czo_core::{CatalogueError, EventCatalogue};
use czo_domain::{Domain, DomainContext, DomainError, DomainName, MigrationSet, Registration};

use crate::events::{ProductCreated, ProductDeleted, ProductPublished, ProductUpdated};
use crate::products::{CATALOG, Products};
use crate::{graphql, rest};

/// The catalogue as a domain: hand it to `Czo::builder()`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Catalog;

impl Catalog {
    /// The catalogue.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Domain for Catalog {
    fn name(&self) -> DomainName {
        CATALOG
    }

    fn migrations(&self) -> Option<MigrationSet> {
        Some(czo_migrations::catalog())
    }

    fn events(&self, catalogue: &mut EventCatalogue) -> Result<(), CatalogueError> {
        catalogue.add::<ProductCreated>(CATALOG.as_str())?;
        catalogue.add::<ProductUpdated>(CATALOG.as_str())?;
        catalogue.add::<ProductDeleted>(CATALOG.as_str())?;
        catalogue.add::<ProductPublished>(CATALOG.as_str())
    }

    fn register(
        &self,
        context: &DomainContext,
        domain: &mut Registration,
    ) -> Result<(), DomainError> {
        let products = Products::new(context);
        domain
            .subgraph(graphql::subgraph(products.clone(), &context.graphql))
            .bulk_routes(rest::bulk_routes(products));
        Ok(())
    }
}
