//! What is kept of lists, whoever asks for them.

use std::time::Duration;

use czo_cache::{Cache, CacheOptions};
use czo_catalog::{
    CatalogError, Product, ProductDraft, ProductPatch, ProductQuery, ProductStatus, Products,
};
use czo_domain::DomainContext;
use czo_repo::PageRequest;
use czo_testkit::{TestDatabase, assert_queries, on_each_database};

use crate::cached::{forget_products, memory};
use crate::shop::{Fixture, shirt, simple};

fn tagged(tag: &str) -> ProductDraft {
    ProductDraft { tags: vec![tag.to_owned()], ..shirt() }
}

fn with_tag(tag: &str) -> ProductQuery {
    ProductQuery { tag: Some(tag.to_owned()), status: None }
}

fn first(count: i32) -> PageRequest {
    PageRequest::first(count).unwrap()
}

/// How many are on the first page of a list, and how many are said to be on the list.
async fn numbers(products: &Products, shop: &Fixture, query: &ProductQuery) -> (usize, u64) {
    let page = products.page(&shop.visitor, query, &first(20)).await.unwrap();
    (page.nodes.len(), products.count(&shop.visitor, query).await.unwrap())
}

async fn fill(shop: &Fixture, count: usize) -> Vec<Product> {
    let mut products = Vec::new();
    for number in 0..count {
        products.push(shop.create(simple(&format!("Product {number}"))).await);
    }
    products
}

/// Lets time pass, on the one thread there is.
async fn pass(duration: Duration) {
    tokio::time::pause();
    tokio::time::advance(duration).await;
    tokio::time::resume();
}

mod that_a_list_is_empty_is_known_for_seconds_only {
    use super::*;

    async fn test(database: TestDatabase) {
        let cache = Cache::memory(&CacheOptions::default().on_tokio_time());
        let shop = Fixture::caching(&database, cache).await;
        let new = with_tag("new");
        assert_eq!(numbers(&shop.products, &shop, &new).await, (0, 0));
        // By a process that shares no cache with this one.
        shop.elsewhere(memory()).create(&shop.owner, tagged("new")).await.unwrap();
        let known = assert_queries!(database, == 0, { numbers(&shop.products, &shop, &new).await });
        assert_eq!(known, (0, 0));
        pass(Duration::from_secs(5)).await;
        assert_eq!(numbers(&shop.products, &shop, &new).await, (1, 1));
        pass(Duration::from_secs(120)).await;
        let known = assert_queries!(database, == 0, { numbers(&shop.products, &shop, &new).await });
        assert_eq!(known, (1, 1));
    }

    #[tokio::test]
    async fn sqlite() {
        TestDatabase::sqlite().await.run(test).await;
    }

    #[tokio::test]
    async fn postgres() {
        TestDatabase::postgres().await.run(test).await;
    }
}

on_each_database! {
    async fn a_page_between_two_cursors_is_read_each_time(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let products = fill(&shop, 5).await;
        let any = ProductQuery::default();
        let all = shop.products.page(&shop.owner, &any, &first(10)).await.unwrap();
        let (after, before) = (all.cursor(0).unwrap(), all.cursor(4).unwrap());
        for request in [first(10), PageRequest::last(10).unwrap()] {
            let request = request.after(&after).before(&before);
            for _ in 0..2 {
                let page = assert_queries!(database, == 2, {
                    shop.products.page(&shop.owner, &any, &request).await.unwrap()
                });
                assert!(page.nodes.iter().eq([&products[3], &products[2], &products[1]]));
            }
        }
    }

    async fn a_cursor_that_is_none_begins_no_load(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        fill(&shop, 3).await;
        let any = ProductQuery::default();
        let all = shop.products.page(&shop.owner, &any, &first(2)).await.unwrap();
        let of_another = all.page_info.end_cursor.unwrap();
        let loads = || shop.context.cache.stats().loads;
        let before = loads();
        let requests = [first(2).after("nonsense"), first(2).before(&of_another)];
        for request in requests {
            let refused = assert_queries!(database, == 0, {
                shop.products.page(&shop.owner, &with_tag("men"), &request).await
            });
            assert!(matches!(refused, Err(CatalogError::Page(_))), "{refused:?}");
        }
        assert_eq!(loads(), before);
    }

    async fn a_kept_page_that_does_not_fit_any_more_is_kept_no_longer(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        let any = ProductQuery::default();
        assert_eq!(numbers(&shop.products, &shop, &any).await, (1, 1));
        // By a process that shares no cache with this one.
        let hide = ProductPatch { status: Some(ProductStatus::Draft), ..ProductPatch::default() };
        shop.elsewhere(memory()).update(&shop.owner, product.id, None, hide).await.unwrap();
        forget_products(&shop.context.cache).await;
        let look = async || {
            let page = shop.products.page(&shop.visitor, &any, &first(20)).await.unwrap();
            assert_eq!(page.nodes, []);
        };
        look().await;
        look().await;
        assert_queries!(database, == 0, { look().await });
    }

    async fn a_list_of_a_long_tag_is_read_from_the_primary(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let tag = "🧵".repeat(255);
        shop.create(tagged(&tag)).await;
        let behind = match database.is_sqlite() {
            true => TestDatabase::sqlite().await,
            false => TestDatabase::postgres().await,
        };
        behind.run(async |behind| {
            Fixture::new(&behind).await;
            let database = database.database().with_replicas([behind.database()]);
            let replicated = |cache| {
                let database = database.clone();
                Products::new(&DomainContext { cache, database, ..shop.context.clone() })
            };
            let long = with_tag(&tag);
            assert_eq!(numbers(&replicated(Cache::off()), &shop, &long).await, (0, 0));
            assert_eq!(numbers(&replicated(memory()), &shop, &long).await, (1, 1));
        })
        .await;
    }
}
