//! What is read again comes from the cache, and is what the database has.

use czo_cache::{Cache, CacheOptions};
use czo_catalog::{
    CatalogError, Handle, Product, ProductPatch, ProductQuery, ProductStatus, Products,
};
use czo_core::{Classified, ErrorKind, RequestContext};
use czo_repo::PageRequest;
use czo_testkit::{assert_queries, on_each_database};
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::graphql::{ask, subgraph};
use crate::shop::{Fixture, shirt, simple};

/// Everything that can be read of one product, by each way there is.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) by_id: Option<Product>,
    pub(crate) by_ids: Vec<Product>,
    pub(crate) by_handle: Option<Product>,
    pub(crate) on_page: Vec<Product>,
    pub(crate) count: u64,
}

impl Seen {
    /// What a caller sees of this product.
    pub(crate) async fn of(products: &Products, ctx: &RequestContext, product: &Product) -> Self {
        let any = ProductQuery::default();
        let request = PageRequest::first(20).unwrap();
        Self {
            by_id: products.find(ctx, product.id).await.unwrap(),
            by_ids: products.find_many(ctx, &[product.id]).await.unwrap(),
            by_handle: products.find_by_handle(ctx, &product.handle).await.unwrap(),
            on_page: products.page(ctx, &any, &request).await.unwrap().nodes,
            count: products.count(ctx, &any).await.unwrap(),
        }
    }

    /// Where nothing but this product is.
    pub(crate) fn only(product: &Product) -> Self {
        Self {
            by_id: Some(product.clone()),
            by_ids: vec![product.clone()],
            by_handle: Some(product.clone()),
            on_page: vec![product.clone()],
            count: 1,
        }
    }

    pub(crate) fn nothing() -> Self {
        Self { by_id: None, by_ids: Vec::new(), by_handle: None, on_page: Vec::new(), count: 0 }
    }
}

pub(crate) fn memory() -> Cache {
    Cache::memory(&CacheOptions::default())
}

pub(crate) fn handle(text: &str) -> Handle {
    text.parse().unwrap()
}

/// Lets the cache have lost what it knew of products, but not which id a handle has nor which ids a
/// page.
pub(crate) async fn forget_products(cache: &Cache) {
    let products = cache.namespace("catalog").unwrap().namespace("products").unwrap();
    products.clear().await;
}

fn renamed(handle: &str) -> ProductPatch {
    ProductPatch { handle: Some(handle.to_owned()), ..ProductPatch::default() }
}

fn draft() -> ProductPatch {
    ProductPatch { status: Some(ProductStatus::Draft), ..ProductPatch::default() }
}

on_each_database! {
    async fn what_was_read_is_not_read_from_the_database_again(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        for caller in [&shop.owner, &shop.visitor] {
            let seen = Seen::of(&shop.products, caller, &product).await;
            assert_eq!(seen, Seen::only(&product));
            let seen = assert_queries!(database, == 0, {
                Seen::of(&shop.products, caller, &product).await
            });
            assert_eq!(seen, Seen::only(&product));
        }
    }

    async fn with_the_cache_off_every_read_is_of_the_database(database: TestDatabase) {
        let shop = Fixture::uncached(&database).await;
        let product = shop.create(shirt()).await;
        for _ in 0..2 {
            let seen = assert_queries!(database, == 9, {
                Seen::of(&shop.products, &shop.owner, &product).await
            });
            assert_eq!(seen, Seen::only(&product));
        }
    }

    async fn products_that_are_missing_are_loaded_together(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let mut ids = Vec::new();
        for number in 0..6 {
            ids.push(shop.create(simple(&format!("Product {number}"))).await.id);
        }
        shop.products.find(&shop.owner, ids[0]).await.unwrap();
        let found = assert_queries!(database, == 2, {
            shop.products.find_many(&shop.owner, &ids).await.unwrap()
        });
        assert_eq!(found.len(), 6);
        // One for the page, whose products are known.
        let page = assert_queries!(database, == 1, {
            let any = ProductQuery::default();
            shop.products.page(&shop.owner, &any, &PageRequest::first(20).unwrap()).await.unwrap()
        });
        assert!(page.nodes.iter().map(|product| &product.id).eq(ids.iter().rev()));
        let twice = [ids[1], ids[2], ids[1]];
        assert_eq!(shop.products.find_many(&shop.owner, &twice).await.unwrap().len(), 2);
    }

    async fn a_kept_page_has_the_cursors_that_it_had(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        for number in 0..5 {
            shop.create(simple(&format!("Product {number}"))).await;
        }
        let any = ProductQuery::default();
        let uncached = shop.elsewhere(Cache::off());
        let first = PageRequest::first(2).unwrap();
        let cursor = uncached.page(&shop.owner, &any, &first).await.unwrap().page_info.end_cursor;
        for request in [first.clone(), first.after(cursor.unwrap()).with_total()] {
            let truth = uncached.page(&shop.owner, &any, &request).await.unwrap();
            for _ in 0..2 {
                let page = shop.products.page(&shop.owner, &any, &request).await.unwrap();
                assert_eq!(page.nodes, truth.nodes);
                assert_eq!(page.page_info, truth.page_info);
                assert_eq!(page.total_count, truth.total_count);
                assert_eq!(page.cursor(1), truth.cursor(1));
            }
        }
    }

    async fn a_cursor_of_no_page_is_refused_as_without_a_cache(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let request = PageRequest::first(2).unwrap().after("nonsense");
        for products in [&shop.products, &shop.elsewhere(Cache::off())] {
            for _ in 0..2 {
                let page = products.page(&shop.owner, &ProductQuery::default(), &request).await;
                let error = page.unwrap_err();
                assert!(matches!(error, CatalogError::Page(_)), "{error:?}");
            }
        }
    }

    async fn a_list_of_a_tag_that_no_product_can_have_is_not_kept(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let query = ProductQuery { tag: Some("x".repeat(2_000)), status: None };
        let request = PageRequest::first(2).unwrap();
        for _ in 0..2 {
            let page = assert_queries!(database, == 2, {
                assert_eq!(shop.products.count(&shop.owner, &query).await.unwrap(), 0);
                shop.products.page(&shop.owner, &query, &request).await.unwrap()
            });
            assert!(page.nodes.is_empty());
        }
    }

    async fn that_nothing_is_there_is_remembered(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        shop.products.delete(&shop.owner, product.id, None).await.unwrap();
        let seen = Seen::of(&shop.products, &shop.owner, &product).await;
        assert_eq!(seen, Seen::nothing());
        let seen = assert_queries!(database, == 0, {
            Seen::of(&shop.products, &shop.owner, &product).await
        });
        assert_eq!(seen, Seen::nothing());
    }

    async fn visitors_see_no_draft_that_a_member_has_read(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let hidden = shop.create(simple("Hidden")).await;
        let hidden = shop.products.update(&shop.owner, hidden.id, None, draft()).await.unwrap();
        assert_eq!(Seen::of(&shop.products, &shop.owner, &hidden).await, Seen::only(&hidden));
        for _ in 0..2 {
            let seen = Seen::of(&shop.products, &shop.visitor, &hidden).await;
            assert_eq!(seen, Seen::nothing());
        }
        let variants = [hidden.variants[0].id];
        let found = shop.products.find_of_variants(&shop.visitor, &variants).await.unwrap();
        assert_eq!(found, []);
        assert_eq!(Seen::of(&shop.products, &shop.owner, &hidden).await, Seen::only(&hidden));
        assert_eq!(
            Seen::of(&shop.products, &shop.other_shop, &hidden).await,
            Seen::nothing(),
            "another shop sees nothing of it"
        );
    }

    async fn a_page_is_read_again_that_names_a_product_which_became_a_draft_since(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        Seen::of(&shop.products, &shop.visitor, &product).await;
        // By a process that shares no cache with this one.
        shop.elsewhere(memory()).update(&shop.owner, product.id, None, draft()).await.unwrap();
        forget_products(&shop.context.cache).await;
        let any = ProductQuery::default();
        let request = PageRequest::first(20).unwrap();
        let page = shop.products.page(&shop.visitor, &any, &request).await.unwrap();
        assert_eq!(page.nodes, []);
    }

    async fn a_handle_whose_product_has_another_by_now_is_looked_for(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let before = shop.create(shirt()).await;
        shop.products.find_by_handle(&shop.owner, &before.handle).await.unwrap();
        let elsewhere = shop.elsewhere(memory());
        elsewhere.update(&shop.owner, before.id, None, renamed("other")).await.unwrap();
        let mut after = simple("Another");
        after.handle = Some(before.handle.to_string());
        let after = elsewhere.create(&shop.owner, after).await.unwrap();
        forget_products(&shop.context.cache).await;
        let found = shop.products.find_by_handle(&shop.owner, &before.handle).await.unwrap();
        assert_eq!(found, Some(after));
    }

    async fn a_failure_of_the_database_is_of_the_kind_that_it_is_without_a_cache(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        shop.products.find(&shop.owner, product.id).await.unwrap();
        database.execute_unprepared("ALTER TABLE catalog_product RENAME TO gone").await.unwrap();
        let uncached = shop.elsewhere(Cache::off());
        let error = async |products: &Products| {
            let found = products.find_by_handle(&shop.owner, &handle("shirt")).await;
            let error = found.unwrap_err();
            (error.kind(), error.is_retryable(), error.to_string())
        };
        assert_eq!(error(&shop.products).await, error(&uncached).await);
        assert_eq!(error(&shop.products).await.0, ErrorKind::Internal);
        // What was read before is there still.
        assert!(shop.products.find(&shop.owner, product.id).await.unwrap().is_some());
    }

    async fn a_page_over_graphql_is_read_once_with_its_cursors(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let schema = subgraph(&shop);
        for number in 0..3 {
            shop.create(simple(&format!("Product {number}"))).await;
        }
        let query = "{ products(first: 2) { totalCount edges { cursor node { title } }
            pageInfo { hasNextPage startCursor endCursor } } product(handle: \"product-1\") { id } }";
        let first = ask(&schema, &shop.visitor, query, json!({})).await;
        let again = assert_queries!(database, == 0, {
            ask(&schema, &shop.visitor, query, json!({})).await
        });
        assert_eq!(first, again);
        let page = &again["data"]["products"];
        assert_eq!(page["edges"][1]["node"]["title"], "Product 1", "{again:#}");
        assert_eq!(page["edges"][1]["cursor"], page["pageInfo"]["endCursor"]);
        let next = "query ($after: String) { products(after: $after) { nodes { title } } }";
        let variables = json!({ "after": page["pageInfo"]["endCursor"] });
        let next = ask(&schema, &shop.visitor, next, variables).await;
        assert_eq!(next["data"]["products"]["nodes"], json!([{ "title": "Product 0" }]));
    }
}
