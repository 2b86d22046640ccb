//! A shop to test with.

use std::sync::Arc;
use std::time::Duration;

use czo_cache::{Cache, CacheOptions};
use czo_catalog::{Catalog, Imports, Product, ProductDraft, ProductStatus, Products, VariantDraft};
use czo_core::{Actor, ManualClock, NoApps, RequestContext, SequentialIds, StaticRoles, SystemIds};
use czo_domain::{Domain, DomainContext, DomainJobs, EventOutlet, Parts, Registration};
use czo_fetch::{FetchOptions, Fetcher};
use czo_graphql::GraphqlOptions;
use czo_hooks::HookRegistry;
use czo_jobs::{SqlJobs, Worker};
use czo_migrations::{Migrator, catalog, jobs, outbox};
use czo_outbox::{Inbox, Outbox, OutboxOptions};
use czo_testkit::{CommittedEvents, TestDatabase, TestShops};

/// Two shops, euro and yen, in an empty migrated database.
pub(crate) struct Fixture {
    pub(crate) products: Products,
    pub(crate) imports: Imports,
    pub(crate) jobs: SqlJobs,
    pub(crate) context: DomainContext,
    pub(crate) events: CommittedEvents,
    pub(crate) clock: Arc<ManualClock>,
    /// Whoever may do everything, in the euro shop.
    pub(crate) owner: RequestContext,
    /// A visitor of the euro shop.
    pub(crate) visitor: RequestContext,
    /// Whoever may do everything, in the yen shop.
    pub(crate) other_shop: RequestContext,
}

impl Fixture {
    pub(crate) async fn new(database: &TestDatabase) -> Self {
        Self::fetching(database, FetchOptions::default()).await
    }

    /// One that reads everything from the database: for those who count its statements.
    pub(crate) async fn uncached(database: &TestDatabase) -> Self {
        Self::with(database, FetchOptions::default(), Cache::off()).await
    }

    /// One that reads through this cache.
    pub(crate) async fn caching(database: &TestDatabase, cache: Cache) -> Self {
        Self::with(database, FetchOptions::default(), cache).await
    }

    /// One that fetches from the outside as the options say.
    pub(crate) async fn fetching(database: &TestDatabase, options: FetchOptions) -> Self {
        Self::with(database, options, Cache::memory(&CacheOptions::default())).await
    }

    async fn with(database: &TestDatabase, options: FetchOptions, cache: Cache) -> Self {
        Migrator::new(vec![outbox(), jobs(), catalog()]).up(database).await.unwrap();
        let _ = database.statements().take();
        let ids = Arc::new(SystemIds);
        let shops = TestShops::new(
            &SequentialIds::default(),
            &["EUR".parse().unwrap(), "JPY".parse().unwrap()],
        );
        let (euro, yen) = (shops.all()[0].id, shops.all()[1].id);
        let clock = Arc::new(ManualClock::at("2026-11-21T12:00:00.123456Z".parse().unwrap()));
        let jobs = SqlJobs::new(database.database());
        let context = DomainContext {
            database: database.database(),
            outlet: EventOutlet::new(Outbox::new(database, OutboxOptions::default())),
            inbox: Inbox::new(database),
            jobs: DomainJobs::new(jobs.clone()),
            cache,
            fetcher: Fetcher::new(options),
            apps: Arc::new(NoApps),
            hooks: HookRegistry::new(),
            permissions: Arc::new(StaticRoles::new([])),
            shops: Arc::new(shops),
            clock: clock.clone(),
            ids: ids.clone(),
            graphql: GraphqlOptions::default(),
        };
        let owner = RequestContext::system(&*ids).for_shop(euro);
        let products = Products::new(&context);
        Self {
            imports: Imports::new(products.clone()),
            products,
            jobs,
            context,
            events: CommittedEvents::of(database),
            clock,
            visitor: RequestContext { actor: Actor::Anonymous, ..owner.clone() },
            other_shop: owner.clone().for_shop(yen),
            owner,
        }
    }

    /// The products of the same database, as another process reads them that has this cache.
    pub(crate) fn elsewhere(&self, cache: Cache) -> Products {
        Products::new(&DomainContext { cache, ..self.context.clone() })
    }

    /// What the catalogue hands in.
    pub(crate) fn parts(&self) -> Parts {
        let mut registration = Registration::default();
        Catalog::new().register(&self.context, &mut registration).unwrap();
        registration.into_parts()
    }

    /// A worker for the catalogue's jobs, not at work yet.
    pub(crate) fn worker(&self) -> Worker {
        let worker = Worker::new(Arc::new(self.jobs.clone()));
        self.parts().jobs.iter().fold(worker, |worker, job| job.attach(worker))
    }

    /// Creates a product and forgets its events.
    pub(crate) async fn create(&self, draft: ProductDraft) -> Product {
        let product = self.products.create(&self.owner, draft).await.unwrap();
        let _ = self.events.take().await;
        self.clock.advance(Duration::from_secs(1));
        product
    }
}

/// An active shirt in two sizes.
pub(crate) fn shirt() -> ProductDraft {
    ProductDraft {
        title: "Ocean Blue Shirt".to_owned(),
        status: ProductStatus::Active,
        tags: vec!["men".to_owned(), "summer".to_owned()],
        options: vec!["Size".to_owned()],
        variants: vec![variant("S", "SHIRT-S"), variant("M", "SHIRT-M")],
        ..ProductDraft::default()
    }
}

pub(crate) fn variant(size: &str, sku: &str) -> VariantDraft {
    VariantDraft {
        option_values: vec![size.to_owned()],
        sku: Some(sku.to_owned()),
        price: "19.90".to_owned(),
        inventory_quantity: 5,
        ..VariantDraft::default()
    }
}

/// A product without options, active, of this title.
pub(crate) fn simple(title: &str) -> ProductDraft {
    ProductDraft {
        title: title.to_owned(),
        status: ProductStatus::Active,
        variants: vec![VariantDraft { price: "1".to_owned(), ..VariantDraft::default() }],
        ..ProductDraft::default()
    }
}
