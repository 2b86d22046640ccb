//! What others write where the cache keeps its entries.

use std::io;

use bytes::Bytes;
use czo_cache::{Cache, CacheOptions, Loaded};
use czo_redis::{Connector, Link, Script};
use fred::types::Value;

use crate::nodes::{eventually, minute, new_prefix, node_with, store_at, url};

const CALL: Script = Script::new("call", "return redis.call(unpack(ARGV))");

/// A cache that keeps nothing near, and whoever may write where it keeps it.
struct Field {
    cache: Cache,
    raw: Link,
    prefix: String,
    key: String,
}

impl Field {
    async fn new() -> Self {
        let prefix = new_prefix();
        let no_memory = CacheOptions::default().memory_bytes(0);
        let cache = node_with(&store_at(&prefix), &no_memory).await;
        let raw = Connector::new(url()).scripts(&[CALL]).connect().await.unwrap();
        let mut field = Self { cache, raw, prefix, key: String::new() };
        let epoch = field.call(["GET".into(), field.named("epoch")]).await;
        field.key = format!("{{{}}}:v:{}:|k", field.prefix, epoch.into_string().unwrap());
        field
    }

    fn named(&self, name: &str) -> Value {
        format!("{{{}}}:{name}", self.prefix).into()
    }

    async fn call(&self, words: impl IntoIterator<Item = Value>) -> Value {
        let words = words.into_iter().collect();
        self.raw.run(&CALL, &format!("{{{}}}", self.prefix), words).await.unwrap()
    }

    async fn write(&self, bytes: Vec<u8>) {
        self.call(["SET".into(), self.key.as_str().into(), Value::Bytes(bytes.into())]).await;
    }

    /// What is loaded, and kept, when it is read now.
    async fn load(&self, number: u64) -> u64 {
        let load = async move || Ok::<_, io::Error>(Loaded::found(number).version(7));
        *self.cache.get_or_load("k", &minute(), load).await.unwrap().unwrap()
    }

    /// Waits until that is kept: a load returns before.
    async fn has(&self, number: u64) {
        eventually(async || self.cache.get::<u64>("k").await.as_deref() == Some(&number)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_entry_are_a_miss_and_are_replaced() {
    let field = Field::new().await;
    assert_eq!(field.load(1).await, 1);
    field.has(1).await;
    let good = field.call(["GET".into(), field.key.as_str().into()]).await;
    let good: Bytes = good.convert().unwrap();
    let cut = (0..good.len()).map(|end| good[..end].to_vec());
    let longer = [&good[..], b"x"].concat();
    let no_json = [&good[..good.len() - 1], b"{"].concat();
    let noise = [vec![0xFF; 200], b"\x01\xFF".to_vec(), b"\x01\x03".repeat(50)];
    for (number, bytes) in (2..).zip(cut.chain([longer, no_json]).chain(noise)) {
        let counted = field.cache.stats().redis.errors;
        field.write(bytes.clone()).await;
        assert_eq!(field.cache.get::<u64>("k").await, None, "{bytes:?}");
        assert!(field.cache.stats().redis.errors > counted, "{bytes:?}");
        // What is there may pass for a later version. It is not read, whatever it says.
        assert_eq!(field.load(number).await, number, "{bytes:?}");
        field.cache.delete("k").await;
        assert_eq!(field.load(number).await, number, "{bytes:?}");
        field.has(number).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_another_schema_is_a_miss() {
    let field = Field::new().await;
    assert_eq!(field.load(1).await, 1);
    field.has(1).await;
    assert_eq!(field.cache.get::<String>("k").await, None);
    field.has(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_in_the_place_of_an_entry_is_a_miss_and_is_forgotten() {
    let field = Field::new().await;
    field.call(["LPUSH".into(), field.key.as_str().into(), "x".into()]).await;
    assert_eq!(field.load(1).await, 1);
    field.cache.invalidate_below("k", 3).await;
    field.call(["DEL".into(), field.key.as_str().into()]).await;
    field.call(["LPUSH".into(), field.key.as_str().into(), "x".into()]).await;
    field.cache.delete("k").await;
    assert_eq!(field.call(["EXISTS".into(), field.key.as_str().into()]).await, Value::Integer(0));
    assert!(field.cache.has_told_all());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_no_text_hinders_no_pattern() {
    let field = Field::new().await;
    let name = [field.key.as_bytes(), b"\xFF"].concat();
    field.call(["SET".into(), Value::Bytes(name.into()), "x".into()]).await;
    assert_eq!(field.load(1).await, 1);
    field.cache.invalidate("k*").await;
    assert!(field.cache.has_told_all());
    eventually(async || field.cache.is_linked()).await;
    assert_eq!(field.cache.get::<u64>("k").await, None);
}
