//! What the processes share is shown to people who don't know its type.

use std::sync::Arc;

use czo_cache::{
    Cache, CacheOptions, Content, FoundIn, Loaded, RedisStore, RedisUrl, SharedOptions,
};
use serde_json::json;

use crate::nodes::{eventually, minute, node, store};

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_has_loaded_is_shown_from_the_store() {
    let store = store();
    let (one, other) = (node(&store).await, node(&store).await);
    let [one, other] = [one, other].map(|cache| cache.namespace("a").unwrap());
    one.put("k", Loaded::found("v".to_owned()).version(3).tag("sale"), &minute().tag("t")).await;
    let found = other.inspect("k").await.unwrap();
    assert_eq!(found.content, Content::Value(json!("v")));
    assert_eq!((found.found_in, found.version, found.age), (FoundIn::Store, Some(3), None));
    assert_eq!(found.tags, ["t", "sale"]);
    assert!(found.fresh_for > minute().fresh_for / 2 && found.kept_for >= found.fresh_for);
    // It kept nothing of what it showed.
    assert_eq!(other.stats().entries, 0);
    assert_eq!(other.stats().redis.hits, 0);
    // What it reads itself it has nearer then.
    eventually(async || {
        assert!(other.get::<String>("k").await.is_some());
        other.inspect("k").await.is_some_and(|found| found.found_in == FoundIn::Memory)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_forgotten_is_not_shown_by_who_forgot_it_nor_soon_by_others() {
    let store = store();
    let (one, other) = (node(&store).await, node(&store).await);
    for by_tag in [false, true] {
        one.set("k", 1_u32, &minute().tag("t")).await;
        assert!(other.inspect("k").await.is_some());
        match by_tag {
            true => other.invalidate_tag("t").await,
            false => other.delete("k").await,
        }
        assert_eq!(other.inspect("k").await, None);
        eventually(async || one.inspect("k").await.is_none()).await;
    }
    one.set("k", 1_u32, &minute()).await;
    one.invalidate_below("k", 9).await;
    assert_eq!(one.inspect("k").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_could_not_be_told_is_said_to_be_untold() {
    // Nobody listens there.
    let url: RedisUrl = "redis://127.0.0.1:1".parse().unwrap();
    let nowhere = Arc::new(RedisStore::new(url));
    let cache = Cache::shared(&CacheOptions::default(), SharedOptions::default(), nowhere);
    assert!(cache.has_told_all() && cache.inspect("k").await.is_none());
    cache.delete("k").await;
    assert!(!cache.has_told_all());

    let linked = node(&store()).await;
    linked.delete("k").await;
    assert!(linked.has_told_all());
    let alone = Cache::memory(&CacheOptions::default());
    alone.delete("k").await;
    assert!(alone.has_told_all());
}
