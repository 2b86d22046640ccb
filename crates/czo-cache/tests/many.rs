//! Many keys with one load.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use czo_cache::{Cache, CacheOptions, EntryOptions, LoadError, Loaded};
use tokio::sync::Semaphore;

/// Finds the text of each key, and remembers what it was asked for.
#[derive(Clone)]
struct Texts {
    calls: Arc<Mutex<Vec<Vec<String>>>>,
    /// How many calls may end.
    may_end: Arc<Semaphore>,
}

impl Texts {
    fn new() -> Self {
        Self { calls: Arc::default(), may_end: Arc::new(Semaphore::new(1_000)) }
    }

    /// Lets no call end before it is said.
    fn held() -> Self {
        Self { calls: Arc::default(), may_end: Arc::new(Semaphore::new(0)) }
    }

    async fn find(self, keys: Vec<String>) -> Result<Vec<Loaded<String>>, io::Error> {
        self.calls.lock().unwrap().push(keys.clone());
        self.may_end.acquire().await.unwrap().forget();
        let text = |key: String| match key.as_str() {
            "none" => Loaded::absent(),
            _ => Loaded::found(format!("text of {key}")).tag("texts"),
        };
        Ok(keys.into_iter().map(text).collect())
    }

    async fn of(
        &self,
        cache: &Cache,
        keys: &[&str],
        options: &EntryOptions,
    ) -> Result<Vec<Option<String>>, LoadError<io::Error>> {
        let texts = self.clone();
        let found =
            cache.get_or_load_many(keys, options, move |keys| texts.clone().find(keys)).await?;
        Ok(found.into_iter().map(|text| text.map(|text| (*text).clone())).collect())
    }

    fn calls(&self) -> Vec<Vec<String>> {
        self.calls.lock().unwrap().clone()
    }

    async fn began(&self, calls: usize) {
        let all = async {
            while self.calls().len() < calls {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), all).await.unwrap();
    }
}

fn memory() -> Cache {
    Cache::memory(&CacheOptions::default())
}

fn minute() -> EntryOptions {
    EntryOptions::ttl(Duration::from_secs(60))
}

fn text(key: &str) -> Option<String> {
    Some(format!("text of {key}"))
}

#[tokio::test]
async fn what_is_missing_is_loaded_by_one_call_and_then_there() {
    let (cache, texts) = (memory(), Texts::new());
    cache.set("b", "here".to_owned(), &minute()).await;
    let keys = ["c", "b", "none", "a", "c"];
    for _ in 0..2 {
        let found = texts.of(&cache, &keys, &minute()).await.unwrap();
        assert_eq!(found, [text("c"), Some("here".to_owned()), None, text("a"), text("c")]);
    }
    assert_eq!(texts.calls(), [["c", "none", "a"]]);
}

#[tokio::test]
async fn nothing_is_loaded_for_no_keys() {
    let (cache, texts) = (memory(), Texts::new());
    assert_eq!(texts.of(&cache, &[], &minute()).await.unwrap(), []);
    assert!(texts.calls().is_empty());
}

#[tokio::test]
async fn what_is_invalidated_during_the_load_is_not_kept() {
    for (number, whole) in ["key", "below", "tag", "own tag", "pattern", "clear"].iter().enumerate()
    {
        let (cache, texts) = (memory(), Texts::held());
        let options = minute().tag("all");
        let loading = {
            let (cache, texts, options) = (cache.clone(), texts.clone(), options.clone());
            tokio::spawn(async move { texts.of(&cache, &["a", "b"], &options).await })
        };
        texts.began(1).await;
        match number {
            0 => cache.delete("a").await,
            1 => cache.invalidate_below("a", 1).await,
            2 => cache.invalidate_tag("all").await,
            3 => cache.invalidate_tag("texts").await,
            4 => cache.invalidate("*").await,
            _ => cache.clear().await,
        }
        texts.may_end.add_permits(1);
        assert_eq!(loading.await.unwrap().unwrap(), [text("a"), text("b")], "{whole}");
        assert_eq!(cache.get::<String>("a").await, None, "{whole}");
        let other = cache.get::<String>("b").await.is_some();
        assert_eq!(other, number < 2, "{whole}");
    }
}

#[tokio::test]
async fn what_others_are_loading_is_waited_for() {
    let (cache, texts) = (memory(), Texts::held());
    let ask = |keys: [&'static str; 2]| {
        let (cache, texts) = (cache.clone(), texts.clone());
        tokio::spawn(async move { texts.of(&cache, &keys, &minute()).await })
    };
    let one = ask(["a", "b"]);
    texts.began(1).await;
    let other = ask(["b", "c"]);
    texts.began(2).await;
    let single = {
        let cache = cache.clone();
        let load = async || Err::<String, _>(io::Error::other("nobody loads it again"));
        tokio::spawn(async move { cache.get_or_set("c", &minute(), load).await })
    };
    tokio::task::yield_now().await;
    texts.may_end.add_permits(2);
    assert_eq!(one.await.unwrap().unwrap(), [text("a"), text("b")]);
    assert_eq!(other.await.unwrap().unwrap(), [text("b"), text("c")]);
    assert_eq!(single.await.unwrap().unwrap().as_str(), "text of c");
    assert_eq!(texts.calls(), [vec!["a", "b"], vec!["c"]]);
}

#[tokio::test]
async fn who_joined_a_load_that_was_invalidated_loads_again() {
    let (cache, texts) = (memory(), Texts::held());
    let ask = || {
        let (cache, texts) = (cache.clone(), texts.clone());
        tokio::spawn(async move { texts.of(&cache, &["a"], &minute()).await })
    };
    let one = ask();
    texts.began(1).await;
    let other = ask();
    tokio::task::yield_now().await;
    // A tag that only the load knows of.
    cache.invalidate_tag("texts").await;
    texts.may_end.add_permits(2);
    assert_eq!(one.await.unwrap().unwrap(), [text("a")]);
    assert_eq!(other.await.unwrap().unwrap(), [text("a")]);
    assert_eq!(texts.calls().len(), 2);
    assert!(cache.has::<String>("a").await);
}

#[tokio::test]
async fn a_failure_is_everybodys_and_kept_for_nobody() {
    let cache = memory();
    let fail =
        |_: Vec<String>| async { Err::<Vec<Loaded<String>>, _>(io::Error::other("no database")) };
    let failed = cache.get_or_load_many(&["a", "b"], &minute(), fail).await;
    assert!(matches!(failed, Err(LoadError::Failed(_))), "{failed:?}");
    let texts = Texts::new();
    assert_eq!(texts.of(&cache, &["a"], &minute()).await.unwrap(), [text("a")]);
}

#[tokio::test(start_paused = true)]
async fn what_there_was_is_served_when_it_cannot_be_loaded() {
    let cache = Cache::memory(&CacheOptions::default().on_tokio_time());
    let options = minute().jitter(0.0).spare_for(Duration::from_secs(600));
    let texts = Texts::new();
    texts.of(&cache, &["a", "b"], &options).await.unwrap();
    tokio::time::advance(Duration::from_secs(61)).await;
    let fail =
        |_: Vec<String>| async { Err::<Vec<Loaded<String>>, _>(io::Error::other("no database")) };
    let found = cache.get_or_load_many(&["a", "b"], &options, fail).await.unwrap();
    assert_eq!(found[1].as_deref(), text("b").as_ref());
    // Nor when it takes too long.
    tokio::time::advance(Duration::from_secs(2)).await;
    let slow = |_: Vec<String>| std::future::pending::<Result<Vec<Loaded<String>>, io::Error>>();
    let found = cache.get_or_load_many(&["a", "b"], &options, slow).await.unwrap();
    assert_eq!(found[0].as_deref(), text("a").as_ref());
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_is_served_and_loaded_again_by_one_call() {
    let cache = Cache::memory(&CacheOptions::default().on_tokio_time());
    let options = minute().jitter(0.0).stale_for(Duration::from_secs(600));
    let texts = Texts::new();
    texts.of(&cache, &["a", "b"], &options).await.unwrap();
    tokio::time::advance(Duration::from_secs(61)).await;
    for _ in 0..2 {
        let found = texts.of(&cache, &["a", "b"], &options).await.unwrap();
        assert_eq!(found, [text("a"), text("b")]);
    }
    texts.began(2).await;
    assert_eq!(texts.calls(), [["a", "b"], ["a", "b"]]);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_never_ends_or_is_no_answer_is_an_error() {
    let cache = Cache::memory(&CacheOptions::default().on_tokio_time());
    let never = |_: Vec<String>| std::future::pending::<Result<Vec<Loaded<String>>, io::Error>>();
    let late = cache.get_or_load_many(&["a"], &minute(), never).await;
    assert!(matches!(late, Err(LoadError::TimedOut(_))), "{late:?}");
    let few = |_: Vec<String>| async { Ok::<_, io::Error>(vec![Loaded::found(String::new())]) };
    let few = cache.get_or_load_many(&["b", "c"], &minute(), few).await;
    assert!(matches!(few, Err(LoadError::Abandoned)), "{few:?}");
    let panics = |_: Vec<String>| async {
        let broken = std::hint::black_box(true);
        assert!(!broken, "as it should");
        Ok::<Vec<Loaded<String>>, io::Error>(Vec::new())
    };
    let dropped = cache.get_or_load_many(&["d"], &minute(), panics).await;
    assert!(matches!(dropped, Err(LoadError::Abandoned)), "{dropped:?}");
}
