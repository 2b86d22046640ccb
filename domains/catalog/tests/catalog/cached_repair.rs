//! A process that dies between its commit and what follows it is repaired by the event of its write.

use std::sync::Arc;

use czo_cache::Cache;
use czo_catalog::{ProductPatch, Products};
use czo_core::{DomainEvent, HandlerError};
use czo_testkit::on_each_database;
use sea_orm::ConnectionTrait;

use crate::cached::{Seen, handle, memory};
use crate::shop::{Fixture, shirt};

/// A process that writes, and tells nobody who reads through the cache of the shop.
fn doomed(shop: &Fixture) -> Products {
    shop.elsewhere(memory())
}

/// What has been published since the last time arrives where it is subscribed.
pub(crate) async fn deliver(shop: &Fixture) {
    for event in shop.events.take().await {
        arrive(shop, event).await.unwrap();
    }
}

async fn arrive(shop: &Fixture, event: DomainEvent) -> Result<(), HandlerError> {
    let event = Arc::new(event);
    for subscription in shop.parts().subscriptions {
        if subscription.pattern.matches(&event.event_type) {
            subscription.handler.handle(event.clone()).await?;
        }
    }
    Ok(())
}

fn titled(title: &str) -> ProductPatch {
    ProductPatch { title: Some(title.to_owned()), ..ProductPatch::default() }
}

on_each_database! {
    async fn a_change_that_nobody_told_of_shows_once_its_event_arrives(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let before = shop.create(shirt()).await;
        assert_eq!(Seen::of(&shop.products, &shop.owner, &before).await, Seen::only(&before));
        let after = doomed(&shop).update(&shop.owner, before.id, None, titled("New")).await.unwrap();
        assert_eq!(Seen::of(&shop.products, &shop.owner, &before).await, Seen::only(&before));
        deliver(&shop).await;
        assert_eq!(Seen::of(&shop.products, &shop.owner, &after).await, Seen::only(&after));
    }

    async fn a_handle_that_moved_untold_leads_to_its_product_once_the_event_arrives(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        let before = shop.create(shirt()).await;
        let by_handle = async |text: &str| {
            shop.products.find_by_handle(&shop.owner, &handle(text)).await.unwrap()
        };
        assert_eq!(by_handle(before.handle.as_str()).await.as_ref(), Some(&before));
        assert_eq!(by_handle("moved").await, None);
        let patch = ProductPatch { handle: Some("moved".to_owned()), ..ProductPatch::default() };
        let after = doomed(&shop).update(&shop.owner, before.id, None, patch).await.unwrap();
        deliver(&shop).await;
        assert_eq!(by_handle(before.handle.as_str()).await, None);
        assert_eq!(by_handle("moved").await, Some(after));
    }

    async fn a_product_that_nobody_told_of_is_there_once_its_event_arrives(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = doomed(&shop).create(&shop.owner, shirt()).await.unwrap();
        // Readers were before the commit.
        let hide = "UPDATE catalog_product SET deleted_at = updated_at";
        database.execute_unprepared(hide).await.unwrap();
        assert_eq!(Seen::of(&shop.products, &shop.owner, &product).await, Seen::nothing());
        let commit = "UPDATE catalog_product SET deleted_at = NULL";
        database.execute_unprepared(commit).await.unwrap();
        assert_eq!(Seen::of(&shop.products, &shop.owner, &product).await, Seen::nothing());
        deliver(&shop).await;
        assert_eq!(Seen::of(&shop.products, &shop.owner, &product).await, Seen::only(&product));
    }

    async fn a_product_that_was_deleted_untold_is_gone_once_its_event_arrives(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        assert_eq!(Seen::of(&shop.products, &shop.owner, &product).await, Seen::only(&product));
        doomed(&shop).delete(&shop.owner, product.id, None).await.unwrap();
        assert_eq!(Seen::of(&shop.products, &shop.owner, &product).await, Seen::only(&product));
        deliver(&shop).await;
        assert_eq!(Seen::of(&shop.products, &shop.owner, &product).await, Seen::nothing());
    }

    async fn events_that_arrive_late_or_twice_make_nothing_old_again(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let mut product = shop.products.create(&shop.owner, shirt()).await.unwrap();
        for title in ["Second", "Third"] {
            let update = shop.products.update(&shop.owner, product.id, None, titled(title));
            product = update.await.unwrap();
        }
        let events = shop.events.take().await;
        for event in events.iter().rev().chain(&events) {
            assert_eq!(Seen::of(&shop.products, &shop.owner, &product).await, Seen::only(&product));
            arrive(&shop, event.clone()).await.unwrap();
            assert_eq!(Seen::of(&shop.products, &shop.owner, &product).await, Seen::only(&product));
        }
    }

    async fn with_the_cache_off_events_are_handled_and_nothing_is_done(database: TestDatabase) {
        let shop = Fixture::caching(&database, Cache::off()).await;
        let product = shop.products.create(&shop.owner, shirt()).await.unwrap();
        shop.products.update(&shop.owner, product.id, None, titled("New")).await.unwrap();
        shop.products.delete(&shop.owner, product.id, None).await.unwrap();
        let events = shop.events.take().await;
        let _ = database.statements().take();
        for event in events {
            arrive(&shop, event).await.unwrap();
        }
        assert_eq!(database.statements().take(), Vec::<String>::new());
    }

    async fn an_event_that_names_no_shop_is_refused_for_good(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        shop.products.create(&shop.owner, shirt()).await.unwrap();
        let mut event = shop.events.take().await.swap_remove(0);
        event.metadata.shop_id = None;
        let refused = arrive(&shop, event).await.unwrap_err();
        assert!(!refused.is_retryable(), "{refused}");
    }
}
