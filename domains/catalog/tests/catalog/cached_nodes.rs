//! Two processes, one Redis.

use std::sync::Arc;
use std::time::{Duration, Instant};

use czo_cache::{Cache, CacheOptions, RedisStore, RedisUrl, SharedOptions};
use czo_catalog::ProductPatch;
use czo_core::{IdGenerator, SystemIds};
use czo_testkit::{assert_queries, on_each_database};

use crate::cached::{Seen, memory};
use crate::cached_repair::deliver;
use crate::shop::{Fixture, shirt, simple};

/// A Redis that answers, and a prefix that nobody else has.
fn store() -> RedisStore {
    let url =
        std::env::var("CZO_TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
    let url: RedisUrl = url.parse().unwrap();
    let prefix = format!("test-{}", SystemIds.uuid_v7().simple());
    RedisStore::new(url).prefix(&prefix).unwrap().timeout(Duration::from_secs(2))
}

/// A process of its own, as far as the cache can see.
async fn node(store: &RedisStore) -> Cache {
    let options = CacheOptions::default();
    let cache = Cache::shared(&options, SharedOptions::default(), Arc::new(store.clone()));
    eventually(async || cache.is_linked()).await;
    cache
}

/// Waits until it is so.
async fn eventually(is_so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so().await {
        assert!(Instant::now() < deadline, "it does not become so");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

on_each_database! {
    async fn what_one_process_has_read_another_reads_without_the_database(database: TestDatabase) {
        let store = store();
        let shop = Fixture::caching(&database, node(&store).await).await;
        let there = shop.elsewhere(node(&store).await);
        let product = shop.create(shirt()).await;
        Seen::of(&shop.products, &shop.owner, &product).await;
        // It is in the store as soon as that has been told of it.
        eventually(async || {
            let _ = database.statements().take();
            let seen = Seen::of(&there, &shop.owner, &product).await;
            assert_eq!(seen, Seen::only(&product));
            database.statements().take().is_empty()
        })
        .await;
        let fresh = shop.elsewhere(node(&store).await);
        let seen = assert_queries!(database, == 0, {
            Seen::of(&fresh, &shop.owner, &product).await
        });
        assert_eq!(seen, Seen::only(&product), "all of it is what was written");
    }

    async fn what_one_process_writes_another_sees(database: TestDatabase) {
        let store = store();
        let shop = Fixture::caching(&database, node(&store).await).await;
        let there = shop.elsewhere(node(&store).await);
        let mut product = shop.create(shirt()).await;
        for (writes, reads) in [(&shop.products, &there), (&there, &shop.products)] {
            for products in [writes, reads] {
                let seen = Seen::of(products, &shop.owner, &product).await;
                assert_eq!(seen, Seen::only(&product));
            }
            let title = format!("Title after {}", product.version);
            let patch = ProductPatch { title: Some(title), ..ProductPatch::default() };
            product = writes.update(&shop.owner, product.id, None, patch).await.unwrap();
            assert_eq!(Seen::of(writes, &shop.owner, &product).await, Seen::only(&product));
            eventually(async || {
                Seen::of(reads, &shop.owner, &product).await == Seen::only(&product)
            })
            .await;
        }
        let new = there.create(&shop.owner, simple("New")).await.unwrap();
        eventually(async || Seen::of(&shop.products, &shop.owner, &new).await.count == 2).await;
        for id in [product.id, new.id] {
            shop.products.delete(&shop.owner, id, None).await.unwrap();
        }
        eventually(async || Seen::of(&there, &shop.owner, &product).await == Seen::nothing()).await;
        eventually(async || Seen::of(&there, &shop.owner, &new).await == Seen::nothing()).await;
    }

    async fn what_a_process_could_not_tell_the_others_its_event_tells_all(database: TestDatabase) {
        let store = store();
        let shop = Fixture::caching(&database, node(&store).await).await;
        let there = shop.elsewhere(node(&store).await);
        let before = shop.create(shirt()).await;
        for products in [&shop.products, &there] {
            assert_eq!(Seen::of(products, &shop.owner, &before).await, Seen::only(&before));
        }
        let patch = ProductPatch { title: Some("New".to_owned()), ..ProductPatch::default() };
        let doomed = shop.elsewhere(memory());
        let after = doomed.update(&shop.owner, before.id, None, patch).await.unwrap();
        deliver(&shop).await;
        assert_eq!(Seen::of(&shop.products, &shop.owner, &after).await, Seen::only(&after));
        eventually(async || {
            Seen::of(&there, &shop.owner, &after).await == Seen::only(&after)
        })
        .await;
    }
}
