//! What is written shows at once, however it was written.

use czo_catalog::{ProductPatch, ProductQuery, PutOutcome};
use czo_repo::PageRequest;
use czo_testkit::{assert_queries, on_each_database};
use sea_orm::ConnectionTrait;

use crate::cached::{Seen, handle};
use crate::shop::{Fixture, shirt, simple};

fn titled(title: &str) -> ProductPatch {
    ProductPatch { title: Some(title.to_owned()), ..ProductPatch::default() }
}

on_each_database! {
    async fn a_change_shows_at_once_wherever_it_is_read(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        for round in 0..3 {
            Seen::of(&shop.products, &shop.owner, &product).await;
            let patch = titled(&format!("Title {round}"));
            let product = shop.products.update(&shop.owner, product.id, None, patch).await.unwrap();
            assert_eq!(Seen::of(&shop.products, &shop.owner, &product).await, Seen::only(&product));
        }
    }

    async fn a_new_product_shows_where_there_was_none(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let gone = shop.create(shirt()).await;
        shop.products.delete(&shop.owner, gone.id, None).await.unwrap();
        assert_eq!(Seen::of(&shop.products, &shop.owner, &gone).await, Seen::nothing());
        let product = shop.create(shirt()).await;
        assert_eq!(product.handle, gone.handle);
        assert_eq!(Seen::of(&shop.products, &shop.owner, &product).await, Seen::only(&product));
    }

    async fn a_deleted_product_is_gone_wherever_it_is_read(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        Seen::of(&shop.products, &shop.owner, &product).await;
        shop.products.delete(&shop.owner, product.id, None).await.unwrap();
        assert_eq!(Seen::of(&shop.products, &shop.owner, &product).await, Seen::nothing());
        let found = shop.products.find_of_variants(&shop.owner, &[product.variants[0].id]).await;
        assert_eq!(found.unwrap(), []);
    }

    async fn a_handle_moves_from_one_product_to_another(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let first = shop.create(simple("First")).await;
        let second = shop.create(simple("Second")).await;
        let by_handle = async |text: &str| {
            let found = shop.products.find_by_handle(&shop.owner, &handle(text)).await.unwrap();
            found.map(|product| product.id)
        };
        for text in ["first", "second", "third"] {
            by_handle(text).await;
        }
        let rename = async |id, text: &str| {
            let patch = ProductPatch { handle: Some(text.to_owned()), ..Default::default() };
            shop.products.update(&shop.owner, id, None, patch).await.unwrap();
        };
        rename(first.id, "third").await;
        assert_eq!(by_handle("first").await, None);
        assert_eq!(by_handle("third").await, Some(first.id));
        rename(second.id, "first").await;
        assert_eq!(by_handle("first").await, Some(second.id));
        assert_eq!(by_handle("second").await, None);
    }

    async fn what_is_put_and_imported_shows_at_once(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        Seen::of(&shop.products, &shop.owner, &product).await;
        let mut changed = shirt();
        changed.title = "Put".to_owned();
        changed.handle = Some(product.handle.to_string());
        let outcome = shop.products.put(&shop.owner, changed).await.unwrap();
        assert_eq!(outcome, PutOutcome::Updated);
        let seen = Seen::of(&shop.products, &shop.owner, &product).await;
        let put = seen.by_id.clone().unwrap();
        assert_eq!((put.title.as_str(), put.version), ("Put", 2));
        assert_eq!(seen, Seen::only(&put));

        let file = format!("Handle,Title,Variant Price\n{},Imported,3.00\nnew,New,4.00\n", put.handle);
        let report = shop.products.import(&shop.owner, std::io::Cursor::new(file), |_| ()).await;
        assert_eq!(report.unwrap().rejected.products, 0);
        let seen = Seen::of(&shop.products, &shop.owner, &product).await;
        assert_eq!(seen.by_id.as_ref().unwrap().title, "Imported");
        assert_eq!((&seen.by_id, seen.count, seen.on_page.len()), (&seen.by_handle, 2, 2));
        assert_eq!(seen.on_page[1], seen.by_ids[0]);
    }

    async fn a_write_that_changes_nothing_forgets_nothing(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        Seen::of(&shop.products, &shop.owner, &product).await;
        let same = titled(&product.title);
        shop.products.update(&shop.owner, product.id, None, same).await.unwrap();
        let seen = assert_queries!(database, == 0, {
            Seen::of(&shop.products, &shop.owner, &product).await
        });
        assert_eq!(seen, Seen::only(&product));
    }

    async fn a_write_that_is_rolled_back_forgets_nothing(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        Seen::of(&shop.products, &shop.owner, &product).await;
        // The events of a write are written last, right before it would be committed.
        database.execute_unprepared("ALTER TABLE outbox_event RENAME TO away").await.unwrap();
        let products = &shop.products;
        products.update(&shop.owner, product.id, None, titled("New")).await.unwrap_err();
        products.delete(&shop.owner, product.id, None).await.unwrap_err();
        products.create(&shop.owner, simple("Another")).await.unwrap_err();
        let seen = assert_queries!(database, == 0, {
            Seen::of(&shop.products, &shop.owner, &product).await
        });
        assert_eq!(seen, Seen::only(&product));
    }

    async fn a_write_forgets_nothing_of_other_products_nor_of_other_shops(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let (one, other) = (shop.create(simple("One")).await, shop.create(simple("Other")).await);
        let any = ProductQuery::default();
        let request = PageRequest::first(20).unwrap();
        shop.products.find_many(&shop.owner, &[one.id, other.id]).await.unwrap();
        shop.products.count(&shop.other_shop, &any).await.unwrap();
        shop.products.page(&shop.other_shop, &any, &request).await.unwrap();
        shop.products.update(&shop.owner, one.id, None, titled("New")).await.unwrap();
        assert_queries!(database, == 0, {
            shop.products.find(&shop.owner, other.id).await.unwrap();
            shop.products.count(&shop.other_shop, &any).await.unwrap();
            shop.products.page(&shop.other_shop, &any, &request).await.unwrap();
        });
    }
}
