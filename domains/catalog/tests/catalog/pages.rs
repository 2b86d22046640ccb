//! Lists of products, page by page.

use czo_catalog::{Product, ProductId, ProductPatch, ProductQuery, ProductStatus};
use czo_core::{Classified, ErrorKind};
use czo_repo::PageRequest;
use czo_testkit::{assert_queries, on_each_database};

use crate::shop::{Fixture, simple};

async fn fill(shop: &Fixture, count: usize) -> Vec<ProductId> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(shop.create(simple(&format!("Product {number}"))).await.id);
    }
    ids.reverse();
    ids
}

fn request(limit: i32) -> PageRequest {
    PageRequest::first(limit).unwrap()
}

fn ids(products: &[Product]) -> Vec<ProductId> {
    products.iter().map(|product| product.id).collect()
}

on_each_database! {
    async fn walking_forwards_visits_every_product_once_newest_first(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let newest_first = fill(&shop, 7).await;
        let (mut seen, mut request) = (Vec::new(), request(3));
        loop {
            let page = shop
                .products
                .page(&shop.owner, &ProductQuery::default(), &request)
                .await
                .unwrap();
            seen.extend(ids(&page.nodes));
            assert_eq!(page.page_info.has_previous_page, seen.len() > 3);
            if !page.page_info.has_next_page {
                break;
            }
            request = request.after(page.page_info.end_cursor.unwrap());
        }
        assert_eq!(seen, newest_first);
    }

    async fn walking_backwards_visits_the_same_in_the_same_order(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let newest_first = fill(&shop, 7).await;
        let (mut seen, mut request) = (Vec::new(), PageRequest::last(3).unwrap());
        loop {
            let page = shop
                .products
                .page(&shop.owner, &ProductQuery::default(), &request)
                .await
                .unwrap();
            seen.splice(0..0, ids(&page.nodes));
            if !page.page_info.has_previous_page {
                break;
            }
            request = request.before(page.page_info.start_cursor.unwrap());
        }
        assert_eq!(seen, newest_first);
    }

    async fn a_page_between_two_cursors_knows_that_there_is_more_on_both_sides(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        let ids = fill(&shop, 6).await;
        let any = ProductQuery::default();
        let all = shop.products.page(&shop.owner, &any, &request(10)).await.unwrap();
        let (after, before) = (all.cursor(0).unwrap(), all.cursor(4).unwrap());
        for request in [request(10), PageRequest::last(10).unwrap()] {
            let request = request.after(&after).before(&before);
            let page = shop
                .products
                .page(&shop.owner, &ProductQuery::default(), &request)
                .await
                .unwrap();
            assert_eq!(self::ids(&page.nodes), ids[1..4]);
            assert!(page.page_info.has_previous_page && page.page_info.has_next_page);
        }
    }

    async fn a_page_of_twenty_takes_two_statements_and_its_total_one(database: TestDatabase) {
        let shop = Fixture::uncached(&database).await;
        fill(&shop, 25).await;
        let page = assert_queries!(database, == 2, {
            shop.products.page(&shop.owner, &ProductQuery::default(), &request(20)).await.unwrap()
        });
        assert_eq!(page.nodes.len(), 20);
        assert!(page.nodes.iter().all(|product| product.variants.len() == 1));
        let total = assert_queries!(database, == 1, {
            shop.products.count(&shop.owner, &ProductQuery::default()).await.unwrap()
        });
        assert_eq!(total, 25);
    }

    async fn a_tag_and_a_status_narrow_the_list(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let mut tagged = simple("Tagged");
        tagged.tags = vec!["it's \"quoted\" %_".to_owned(), "other".to_owned()];
        let tagged = shop.create(tagged).await;
        let draft = shop.create(simple("Draft")).await;
        let patch = ProductPatch { status: Some(ProductStatus::Draft), ..Default::default() };
        shop.products.update(&shop.owner, draft.id, None, patch).await.unwrap();

        let found = async |query: ProductQuery| {
            let page = shop.products.page(&shop.owner, &query, &request(10)).await.unwrap();
            let total = shop.products.count(&shop.owner, &query).await.unwrap();
            assert_eq!(total, page.nodes.len() as u64);
            ids(&page.nodes)
        };
        let tag = |tag: &str| ProductQuery { tag: Some(tag.to_owned()), status: None };
        assert_eq!(found(tag("it's \"quoted\" %_")).await, [tagged.id]);
        assert_eq!(found(tag("othe")).await, []);
        let status = ProductQuery { status: Some(ProductStatus::Draft), tag: None };
        assert_eq!(found(status).await, [draft.id]);
    }

    async fn a_tag_with_a_nul_is_refused_and_not_sent_to_the_database(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let query = ProductQuery { tag: Some("a\0b".to_owned()), status: None };
        let error = shop.products.page(&shop.owner, &query, &request(1)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }

    async fn an_empty_shop_has_an_empty_page(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let page = assert_queries!(database, == 1, {
            shop.products.page(&shop.owner, &ProductQuery::default(), &request(5)).await.unwrap()
        });
        assert!(page.nodes.is_empty() && page.page_info.end_cursor.is_none());
    }
}
