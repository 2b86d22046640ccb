//! A product is created, read, changed, published and deleted.

use czo_catalog::events::{ProductDeleted, ProductPublished, ProductUpdated};
use czo_catalog::{CatalogError, Handle, Image, ProductPatch, ProductStatus, PutOutcome};
use czo_core::{Classified, ErrorKind, FieldErrorCode};
use czo_testkit::{assert_queries, on_each_database};

use crate::shop::{Fixture, shirt, simple, variant};

fn handle(text: &str) -> Handle {
    text.parse().unwrap()
}

/// The paths and codes of what was wrong.
fn fields(error: &CatalogError) -> Vec<(String, FieldErrorCode)> {
    error.field_errors().iter().map(|field| (field.field.join("."), field.code)).collect()
}

on_each_database! {
    async fn a_created_product_reads_back_as_it_was_returned(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let mut draft = shirt();
        draft.description_html = "<p>„Ünïcode“ & 'quotes'</p>\n🧵".to_owned();
        draft.images = vec![
            Image { url: "https://img.example/1.jpg".to_owned(), alt: Some("front".to_owned()) },
            Image { url: "https://img.example/2.jpg".to_owned(), alt: None },
        ];
        draft.variants[0].compare_at_price = Some("29.90".to_owned());
        draft.variants[0].barcode = Some("4006381333931".to_owned());
        let created = shop.products.create(&shop.owner, draft).await.unwrap();
        let by_id = shop.products.find(&shop.owner, created.id).await.unwrap().unwrap();
        let by_handle = shop
            .products
            .find_by_handle(&shop.owner, &handle("ocean-blue-shirt"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(by_id, created);
        assert_eq!(by_handle, created);
        assert_eq!(created.version, 1);
        assert_eq!(created.options[0].values, ["S", "M"]);
    }

    async fn creating_publishes_created_and_for_an_active_product_published(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        shop.products.create(&shop.owner, shirt()).await.unwrap();
        let events = shop.events.take().await;
        let types: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
        assert_eq!(types, ["product.item.created", "product.item.published"]);
        for event in events {
            assert_eq!(event.source, "catalog");
            assert_eq!(event.correlation_id, shop.owner.correlation_id);
            assert_eq!(event.metadata.shop_id, shop.owner.shop_id);
        }
        let mut draft = simple("Not yet");
        draft.status = ProductStatus::Draft;
        shop.products.create(&shop.owner, draft).await.unwrap();
        assert_eq!(shop.events.take_types().await, ["product.item.created"]);
    }

    async fn an_update_names_what_changed_and_raises_the_version(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let before = shop.create(shirt()).await;
        let patch = ProductPatch {
            title: Some("Sky Blue Shirt".to_owned()),
            tags: Some(vec!["men".to_owned()]),
            ..ProductPatch::default()
        };
        let after = shop.products.update(&shop.owner, before.id, Some(1), patch).await.unwrap();
        assert_eq!((after.version, after.title.as_str()), (2, "Sky Blue Shirt"));
        assert_eq!(after.variants, before.variants);
        assert!(after.updated_at > before.updated_at);
        assert_eq!(after.created_at, before.created_at);
        assert_eq!(shop.products.find(&shop.owner, before.id).await.unwrap(), Some(after));
        let events = shop.events.take_of::<ProductUpdated>().await;
        assert_eq!(events[0].changed, ["title", "tags"]);
        assert_eq!(events[0].version, 2);
    }

    async fn an_update_that_changes_nothing_publishes_nothing(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let before = shop.create(shirt()).await;
        let patch = ProductPatch { title: Some(before.title.clone()), ..ProductPatch::default() };
        let after = shop.products.update(&shop.owner, before.id, None, patch).await.unwrap();
        assert_eq!(after, before);
        assert!(shop.events.take().await.is_empty());
    }

    async fn becoming_active_publishes_published_once(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let mut draft = shirt();
        draft.status = ProductStatus::Draft;
        let product = shop.create(draft).await;
        let activate =
            || ProductPatch { status: Some(ProductStatus::Active), ..ProductPatch::default() };
        shop.products.update(&shop.owner, product.id, None, activate()).await.unwrap();
        shop.products.update(&shop.owner, product.id, None, activate()).await.unwrap();
        assert_eq!(shop.events.take_of::<ProductPublished>().await.len(), 1);
    }

    async fn variants_are_kept_changed_added_moved_and_removed_by_their_option_values(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        let before = shop.create(shirt()).await;
        let mut large = variant("L", "SHIRT-L");
        large.price = "21.90".to_owned();
        let mut medium = variant("M", "SHIRT-M");
        medium.inventory_quantity = -2;
        let patch =
            ProductPatch { variants: Some(vec![large, medium]), ..ProductPatch::default() };
        let after = shop.products.update(&shop.owner, before.id, None, patch).await.unwrap();
        assert_eq!(after.options[0].values, ["L", "M"]);
        assert_eq!(after.variants[1].id, before.variants[1].id);
        assert_eq!(after.variants[1].inventory_quantity, -2);
        assert_eq!(shop.products.find(&shop.owner, before.id).await.unwrap(), Some(after));
        // The SKU of the variant that is gone is free.
        let mut other = simple("Small");
        other.variants[0].sku = Some("SHIRT-S".to_owned());
        shop.products.create(&shop.owner, other).await.unwrap();
    }

    async fn two_variants_can_swap_their_skus(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let before = shop.create(shirt()).await;
        let swapped = vec![variant("S", "SHIRT-M"), variant("M", "SHIRT-S")];
        let patch = ProductPatch { variants: Some(swapped), ..ProductPatch::default() };
        let after = shop.products.update(&shop.owner, before.id, None, patch).await.unwrap();
        assert_eq!(after.variants[0].sku.as_deref(), Some("SHIRT-M"));
        assert_eq!(shop.products.find(&shop.owner, before.id).await.unwrap(), Some(after));
    }

    async fn a_deleted_product_is_gone_and_its_handle_and_skus_are_free(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let first = shop.create(shirt()).await;
        shop.products.delete(&shop.owner, first.id, Some(1)).await.unwrap();
        assert_eq!(shop.events.take_of::<ProductDeleted>().await[0].handle, "ocean-blue-shirt");
        assert_eq!(shop.products.find(&shop.owner, first.id).await.unwrap(), None);
        let second = shop.create(shirt()).await;
        assert_ne!(second.id, first.id);
        let again = shop.products.delete(&shop.owner, first.id, None).await.unwrap_err();
        assert!(matches!(again, CatalogError::NotFound { id } if id == first.id));
    }

    async fn a_handle_and_a_sku_are_taken_once_in_a_shop_and_free_in_another(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        shop.create(shirt()).await;
        let error = shop.products.create(&shop.owner, shirt()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert_eq!(fields(&error), [("handle".to_owned(), FieldErrorCode::Taken)]);

        let mut same_sku = simple("Other");
        same_sku.variants[0].sku = Some("SHIRT-M".to_owned());
        let error = shop.products.create(&shop.owner, same_sku).await.unwrap_err();
        assert_eq!(fields(&error), [("variants.0.sku".to_owned(), FieldErrorCode::Taken)]);
        assert!(error.to_string().contains("`SHIRT-M`"), "{error}");
        assert!(shop.events.take().await.is_empty(), "a refused write publishes nothing");

        let mut yen = shirt();
        yen.variants.iter_mut().for_each(|variant| variant.price = "1990".to_owned());
        let elsewhere = shop.products.create(&shop.other_shop, yen).await.unwrap();
        assert_eq!(elsewhere.variants[0].price.amount(), "1990");
    }

    async fn a_stale_version_is_a_conflict_that_names_both(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        let rename = |title: &str| ProductPatch { title: Some(title.into()), ..Default::default() };
        shop.products.update(&shop.owner, product.id, Some(1), rename("A")).await.unwrap();
        let error =
            shop.products.update(&shop.owner, product.id, Some(1), rename("B")).await.unwrap_err();
        assert!(matches!(error, CatalogError::Conflict { expected: 1, actual: 2, .. }), "{error}");
        let error = shop.products.delete(&shop.owner, product.id, Some(1)).await.unwrap_err();
        assert!(matches!(error, CatalogError::Conflict { expected: 1, actual: 2, .. }), "{error}");
    }

    async fn a_product_of_another_shop_is_not_found(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        assert_eq!(shop.products.find(&shop.other_shop, product.id).await.unwrap(), None);
        let error =
            shop.products.delete(&shop.other_shop, product.id, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(shop.products.find(&shop.owner, product.id).await.unwrap().is_some());
    }

    async fn putting_creates_then_leaves_then_changes(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let put = async |draft| shop.products.put(&shop.owner, draft).await.unwrap();
        assert_eq!(put(shirt()).await, PutOutcome::Created);
        assert_eq!(put(shirt()).await, PutOutcome::Unchanged);
        let mut dearer = shirt();
        dearer.variants[1].price = "25".to_owned();
        assert_eq!(put(dearer).await, PutOutcome::Updated);
        let types = shop.events.take_types().await;
        assert_eq!(
            types,
            ["product.item.created", "product.item.published", "product.item.updated"]
        );
    }

    async fn a_product_with_2048_variants_is_written_read_and_changed(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let mut draft = shirt();
        draft.variants = (0..2_048).map(|n| variant(&n.to_string(), &format!("S-{n}"))).collect();
        let product = shop.create(draft.clone()).await;
        let read = shop.products.find(&shop.owner, product.id).await.unwrap().unwrap();
        assert_eq!(read.variants.len(), 2_048);
        draft.variants.iter_mut().for_each(|variant| variant.price = "2".to_owned());
        let patch = ProductPatch { variants: Some(draft.variants), ..ProductPatch::default() };
        let after = shop.products.update(&shop.owner, product.id, None, patch).await.unwrap();
        assert!(after.variants.iter().all(|variant| variant.price.minor_units() == 200));
    }

    async fn shopifys_way_to_say_no_options_is_no_options(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let mut draft = simple("Mug");
        draft.options = vec!["Title".to_owned()];
        draft.variants[0].option_values = vec!["Default Title".to_owned()];
        let product = shop.create(draft).await;
        assert!(product.options.is_empty() && product.variants[0].option_values.is_empty());
    }

    async fn reading_a_product_takes_two_statements_and_creating_one_with_its_events_three(
        database: TestDatabase
    ) {
        let shop = Fixture::uncached(&database).await;
        let product = assert_queries!(database, == 3, {
            shop.products.create(&shop.owner, shirt()).await.unwrap()
        });
        assert_queries!(database, == 2, {
            shop.products.find(&shop.owner, product.id).await.unwrap()
        });
    }

    async fn a_refused_write_leaves_nothing_behind(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        shop.create(shirt()).await;
        // The product is written before its second variant fails on the SKU.
        let mut draft = simple("Half");
        draft.options = vec!["Size".to_owned()];
        draft.variants = vec![variant("S", "NEW-1"), variant("M", "SHIRT-M")];
        shop.products.create(&shop.owner, draft).await.unwrap_err();
        let half = shop.products.find_by_handle(&shop.owner, &handle("half")).await.unwrap();
        assert_eq!(half, None);
    }
}
