//! Who sees and changes what.

use czo_catalog::{CatalogError, ProductPatch, ProductQuery, ProductStatus};
use czo_core::{Classified, ErrorKind, RequestContext};
use czo_repo::PageRequest;
use czo_testkit::on_each_database;

use crate::shop::{Fixture, shirt, simple};

on_each_database! {
    async fn visitors_see_active_products_only(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let active = shop.create(simple("Active")).await;
        let mut hidden = Vec::new();
        for status in [ProductStatus::Draft, ProductStatus::Archived] {
            let mut draft = simple(&format!("Hidden {}", hidden.len()));
            draft.status = status;
            hidden.push(shop.create(draft).await);
        }
        for product in &hidden {
            assert_eq!(shop.products.find(&shop.visitor, product.id).await.unwrap(), None);
            let by_handle = shop.products.find_by_handle(&shop.visitor, &product.handle).await;
            assert_eq!(by_handle.unwrap(), None);
            assert!(shop.products.find(&shop.owner, product.id).await.unwrap().is_some());
        }
        let all = [active.id, hidden[0].id, hidden[1].id];
        assert_eq!(shop.products.find_many(&shop.visitor, &all).await.unwrap().len(), 1);
        assert_eq!(shop.products.find_many(&shop.owner, &all).await.unwrap().len(), 3);

        let any = ProductQuery::default();
        let request = PageRequest::first(10).unwrap();
        let page = shop.products.page(&shop.visitor, &any, &request).await.unwrap();
        assert_eq!(page.nodes.len(), 1);
        assert_eq!(shop.products.count(&shop.visitor, &any).await.unwrap(), 1);
        let drafts = ProductQuery { status: Some(ProductStatus::Draft), tag: None };
        assert_eq!(shop.products.count(&shop.visitor, &drafts).await.unwrap(), 0);
    }

    async fn a_visitor_changes_nothing(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        let (products, visitor) = (&shop.products, &shop.visitor);
        let refusals = [
            products.create(visitor, simple("Mine")).await.unwrap_err(),
            products.put(visitor, shirt()).await.unwrap_err(),
            products.delete(visitor, product.id, None).await.unwrap_err(),
            products
                .update(visitor, product.id, None, ProductPatch::default())
                .await
                .unwrap_err(),
            products.import(visitor, &b""[..], |_| ()).await.unwrap_err(),
        ];
        for error in refusals {
            assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
        }
        assert_eq!(shop.products.find(visitor, product.id).await.unwrap(), Some(product));
        assert!(shop.events.take().await.is_empty());
    }

    async fn without_a_shop_nothing_is_read_or_written(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let nowhere = RequestContext { shop_id: None, ..shop.owner.clone() };
        let error = shop.products.create(&nowhere, shirt()).await.unwrap_err();
        assert!(matches!(error, CatalogError::NoShop(_)));
        let error = shop.products.count(&nowhere, &ProductQuery::default()).await.unwrap_err();
        assert!(matches!(error, CatalogError::NoShop(_)));
    }
}
