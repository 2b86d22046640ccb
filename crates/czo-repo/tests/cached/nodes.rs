//! Two processes, one Redis.

use std::sync::Arc;
use std::time::{Duration, Instant};

use czo_cache::{Cache, CacheOptions, RedisStore, RedisUrl, SharedOptions};
use czo_testkit::{assert_queries, on_each_database};
use sea_orm::Set;
use uuid::Uuid;

use crate::all_notes;
use crate::note::{ActiveModel, migrate, new_shop, note};

/// A Redis that answers, and a prefix that nobody else has.
fn store() -> RedisStore {
    let url =
        std::env::var("CZO_TEST_REDIS").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
    let url: RedisUrl = url.parse().unwrap();
    let prefix = format!("test-{}", Uuid::now_v7().simple());
    RedisStore::new(url).prefix(&prefix).unwrap().timeout(Duration::from_secs(2))
}

/// A process of its own, as far as the cache can see.
async fn node(store: &RedisStore) -> Cache {
    let cache =
        Cache::shared(&CacheOptions::default(), SharedOptions::default(), Arc::new(store.clone()));
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
    async fn what_one_process_has_read_and_written_shows_in_the_other(database: TestDatabase) {
        migrate(&database).await;
        let (store, shop, db) = (store(), new_shop(), database.database());
        let (one, other) = (node(&store).await, node(&store).await);
        let (here, there) = (all_notes(&one).for_shop(shop), all_notes(&other).for_shop(shop));
        let rows = here.create_many(&db, ["a", "b"].map(note)).await.unwrap();
        let ids = [rows[0].id, rows[1].id];
        here.find_by_ids(&db, &ids).await.unwrap();
        here.list().count(&db).await.unwrap();
        // It is in the store as soon as that has been told of it.
        let key = format!("{shop}/{}", ids[1]);
        let notes = other.namespace("note").unwrap();
        eventually(async || notes.has::<crate::note::Model>(&key).await).await;
        let found = assert_queries!(database, == 0, { there.find_by_ids(&db, &ids).await.unwrap() });
        assert_eq!(found[0].as_deref(), Some(&rows[0]));

        let stars = ActiveModel { stars: Set(1), ..Default::default() };
        let update = async |tx: &czo_repo::UnitOfWork| {
            there.create(tx, note("c")).await?;
            there.update(tx, ids[0], 1, stars.clone()).await
        };
        db.transaction(update).await.unwrap();
        assert_eq!(there.get(&db, ids[0]).await.unwrap().stars, 1);
        eventually(async || here.get(&db, ids[0]).await.unwrap().stars == 1).await;
        eventually(async || here.list().count(&db).await.unwrap() == 3).await;
    }
}
