//! What is kept for a key is shown to people who don't know its type.

use std::io;
use std::time::Duration;

use czo_cache::{Cache, CacheOptions, Content, EntryOptions, FoundIn, Loaded};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Serialize, Deserialize, JsonSchema)]
struct Product {
    title: String,
}

fn cache() -> Cache {
    Cache::memory(&CacheOptions::default().on_tokio_time())
}

fn minute() -> EntryOptions {
    EntryOptions::ttl(MINUTE).jitter(0.0)
}

#[tokio::test(start_paused = true)]
async fn a_value_is_shown_as_json_with_its_tags_its_version_and_its_times() {
    let cache = cache();
    let options = minute().stale_for(MINUTE).spare_for(MINUTE).tag("shop_1");
    let product = Loaded::found(Product { title: "a shirt".to_owned() }).version(7).tag("sale");
    cache.put("k", product, &options).await;
    tokio::time::advance(Duration::from_secs(20)).await;
    let found = cache.inspect("k").await.unwrap();
    assert_eq!(found.content, Content::Value(json!({ "title": "a shirt" })));
    assert_eq!((found.found_in, found.version), (FoundIn::Memory, Some(7)));
    assert_eq!(found.tags, ["shop_1", "sale"]);
    let seconds = [20, 40, 100, 160].map(Duration::from_secs);
    let [age, fresh_for, served_for, kept_for] = seconds;
    assert_eq!(found.age, Some(age));
    assert_eq!(
        (found.fresh_for, found.served_for, found.kept_for),
        (fresh_for, served_for, kept_for)
    );

    tokio::time::advance(Duration::from_secs(110)).await;
    let found = cache.inspect("k").await.unwrap();
    assert_eq!((found.fresh_for, found.served_for), (Duration::ZERO, Duration::ZERO));
    assert_eq!(found.kept_for, Duration::from_secs(50));
    tokio::time::advance(Duration::from_secs(50)).await;
    assert_eq!(cache.inspect("k").await, None);
}

#[tokio::test(start_paused = true)]
async fn that_there_is_nothing_is_told_from_that_nothing_is_known() {
    let cache = cache();
    let nothing = async || Ok::<_, io::Error>(None::<Product>);
    cache.get_or_find("k", &minute(), nothing).await.unwrap();
    assert_eq!(cache.inspect("k").await.unwrap().content, Content::Absent);
    assert_eq!(cache.inspect("other").await, None);
    assert_eq!(cache.namespace("part").unwrap().inspect("k").await, None);
}

#[tokio::test(start_paused = true)]
async fn what_was_forgotten_is_not_shown() {
    let cache = cache();
    let part = cache.namespace("part").unwrap();
    let put = async || part.put("k", Loaded::found(1_u32).version(1), &minute().tag("t")).await;
    put().await;
    part.delete("k").await;
    assert_eq!(part.inspect("k").await, None);
    put().await;
    part.invalidate_tag("t").await;
    assert_eq!(part.inspect("k").await, None);
    put().await;
    cache.clear().await;
    assert_eq!(part.inspect("k").await, None);
    part.invalidate_below("k", 2).await;
    assert_eq!(part.inspect("k").await, None);
}

#[tokio::test(start_paused = true)]
async fn to_look_counts_as_no_read() {
    let cache = cache();
    cache.set("k", 1_u32, &minute()).await;
    let before = cache.stats();
    cache.inspect("k").await.unwrap();
    assert_eq!(cache.inspect("other").await, None);
    assert_eq!(cache.stats(), before);
}

#[tokio::test(start_paused = true)]
async fn a_value_without_a_form_in_json_is_said_to_be_unreadable() {
    let cache = cache();
    cache.set("k", Unspeakable, &minute()).await;
    assert_eq!(cache.inspect("k").await.unwrap().content, Content::Unreadable);
}

#[derive(Deserialize, JsonSchema)]
struct Unspeakable;

impl Serialize for Unspeakable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("it can't be said"))
    }
}
