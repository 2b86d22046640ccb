//! Many keys with one load, in several processes.

use std::io;
use std::time::Duration;

use czo_cache::{Cache, Loaded};

use crate::nodes::{eventually, minute, node, store};

async fn squares(cache: &Cache, keys: &[&str]) -> Vec<Option<u32>> {
    let load = async |keys: Vec<String>| {
        let square = |key: String| Loaded::of(key.parse::<u32>().ok().map(|n| n * n)).version(1);
        Ok::<_, io::Error>(keys.into_iter().map(square).collect::<Vec<_>>())
    };
    let found = cache.get_or_load_many(keys, &minute().tag("squares"), load).await.unwrap();
    found.into_iter().map(|square| square.as_deref().copied()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_has_loaded_together_others_read_together() {
    let store = store();
    let (one, other) = (node(&store).await, node(&store).await);
    let keys = ["2", "3", "none"];
    let found = [Some(4), Some(9), None];
    assert_eq!(squares(&one, &keys).await, found);
    eventually(async || other.get::<u32>("3").await.is_some()).await;
    assert_eq!(squares(&other, &keys).await, found);
    assert_eq!(other.stats().loads.hits, 0);
    one.invalidate_tag("squares").await;
    eventually(async || other.get::<u32>("2").await.is_none()).await;
    assert_eq!(squares(&other, &keys).await, found);
    assert_eq!(other.stats().loads.hits, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_loaded_together_for_longer_than_a_lease_lasts_is_kept_for_all() {
    let store = store();
    let (one, other) = (node(&store).await, node(&store).await);
    let load = async |keys: Vec<String>| {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        Ok::<_, io::Error>(keys.into_iter().map(Loaded::found).collect::<Vec<_>>())
    };
    let found = one.get_or_load_many(&["a", "b"], &minute(), load).await.unwrap();
    assert_eq!(found.len(), 2);
    eventually(async || other.get::<String>("b").await.is_some()).await;
}
