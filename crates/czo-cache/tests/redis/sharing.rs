//! What one process has loaded, others have.

use std::io;

use crate::nodes::{eventually, minute, node, store};

#[tokio::test(flavor = "multi_thread")]
async fn what_one_has_loaded_others_read() {
    let store = store();
    let (one, other) = (node(&store).await, node(&store).await);
    let value =
        one.get_or_set("k", &minute(), async || Ok::<_, io::Error>("v".to_owned())).await.unwrap();
    assert_eq!(*value, "v");
    eventually(async || other.get::<String>("k").await.is_some()).await;
    assert_eq!(other.stats().redis.hits, 1);
    assert_eq!(other.stats().loads.hits, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_forgets_others_forget() {
    let store = store();
    let (one, other) = (node(&store).await, node(&store).await);
    one.set("k", 1_u32, &minute().tag("t")).await;
    eventually(async || other.get::<u32>("k").await.is_some()).await;
    one.delete("k").await;
    eventually(async || other.get::<u32>("k").await.is_none()).await;
    one.set("k", 2_u32, &minute().tag("t")).await;
    eventually(async || other.get::<u32>("k").await.as_deref() == Some(&2)).await;
    other.invalidate_tag("t").await;
    assert_eq!(other.get::<u32>("k").await, None);
    eventually(async || one.get::<u32>("k").await.is_none()).await;
    one.set("k", 3_u32, &minute()).await;
    eventually(async || other.get::<u32>("k").await.is_some()).await;
    other.invalidate("k*").await;
    eventually(async || one.get::<u32>("k").await.is_none()).await;
    one.set("k", 4_u32, &minute()).await;
    eventually(async || other.get::<u32>("k").await.is_some()).await;
    other.clear().await;
    eventually(async || one.get::<u32>("k").await.is_none()).await;
}
