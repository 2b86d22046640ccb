//! The catalogue as a domain.

use czo_core::{CatalogueError, EventCatalogue, JobName, NewJob, Permission};
use czo_domain::{Domain, DomainContext, DomainError, DomainName, MigrationSet, Registration};

use crate::events::{ProductCreated, ProductDeleted, ProductPublished, ProductUpdated};
use crate::hooks::{ProductCreate, ProductDelete, ProductUpdate};
use crate::imports::{ForgetImports, ImportProducts};
use crate::products::{CATALOG, PRODUCT_READ, PRODUCT_WRITE, Products};
use crate::service::CatalogService;
use crate::thumbnails::FetchThumbnail;
use crate::{Imports, Thumbnails, graphql, repair, rest};

/// Once an hour.
const FORGET_IMPORTS: JobName = JobName::from_static("catalog.forget_imports_hourly");

/// What apps may ask to have.
static PERMISSIONS: [Permission; 2] = [PRODUCT_READ, PRODUCT_WRITE];

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

    fn permissions(&self) -> &[Permission] {
        &PERMISSIONS
    }

    fn register(
        &self,
        context: &DomainContext,
        domain: &mut Registration,
    ) -> Result<(), DomainError> {
        let products = Products::new(context);
        let imports = Imports::new(products.clone());
        let thumbnails = Thumbnails::new(&products);
        let forget = NewJob::of(&ForgetImports::default());
        let forget = forget.map_err(|error| DomainError::Other(error.to_string()))?;
        repair::subscribe(&products, domain)?;
        domain
            .subgraph(graphql::subgraph(products.clone(), &context.graphql))
            .routes(rest::routes(imports.clone(), thumbnails.clone()))
            .bulk_routes(rest::bulk_routes(products.clone(), imports.clone()))
            .service(CATALOG.as_str(), CatalogService::new(products))
            .job::<ImportProducts, _>(imports.clone())
            .job::<ForgetImports, _>(imports)
            .open_hook::<ProductCreate>()
            .open_hook::<ProductUpdate>()
            .open_hook::<ProductDelete>()
            .job::<FetchThumbnail, _>(thumbnails)
            .schedule(FORGET_IMPORTS, "17 * * * *", forget.unique("all"));
        Ok(())
    }
}
