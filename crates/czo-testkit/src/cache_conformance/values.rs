//! What is written is read.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use czo_cache::{Cache, EntryOptions, Loaded};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CacheUnderTest;
use super::probe::lasting;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Parcel {
    title: String,
    weight: Option<f64>,
    labels: BTreeMap<String, Vec<i64>>,
}

async fn number(cache: &Cache, key: &str) -> Option<u64> {
    cache.get(key).await.map(|value| *value)
}

/// Of whatever type and size.
pub async fn a_value_that_was_set_is_read(test: CacheUnderTest) {
    let cache = &test.one;
    for title in ["", "naïve – 日本語 – 🦀\0\n\"", &"x".repeat(200_000)] {
        let labels = BTreeMap::from([("a|b".to_owned(), vec![i64::MIN, i64::MAX]), <_>::default()]);
        let parcel = Parcel { title: title.to_owned(), weight: Some(0.1), labels };
        cache.set("parcel", parcel.clone(), &lasting()).await;
        assert_eq!(cache.get::<Parcel>("parcel").await.as_deref(), Some(&parcel));
    }
    cache.set("number", u64::MAX, &lasting()).await;
    assert_eq!(number(cache, "number").await, Some(u64::MAX));
    cache.set("nothing", None::<u64>, &lasting()).await;
    assert_eq!(cache.get::<Option<u64>>("nothing").await.as_deref(), Some(&None));
}

/// It is not copied.
pub async fn a_hit_in_memory_is_the_value_itself(test: CacheUnderTest) {
    let cache = &test.one;
    cache.set("title", "a shirt".to_owned(), &lasting()).await;
    let first = cache.get::<String>("title").await.expect("it was set");
    let before = cache.stats().memory.hits;
    let second = cache.get::<String>("title").await.expect("it was set");
    // Without memory there is nothing to share.
    if cache.stats().memory.hits > before {
        assert!(Arc::ptr_eq(&first, &second));
    }
}

/// Until it is written with this one.
pub async fn a_value_of_another_type_is_none(test: CacheUnderTest) {
    let cache = &test.one;
    cache.set("key", 7_u64, &lasting()).await;
    assert_eq!(cache.get::<String>("key").await, None);
    assert_eq!(cache.get::<i64>("key").await, None);
    assert!(!cache.has::<String>("key").await && cache.has::<u64>("key").await);
    cache.set("key", "seven".to_owned(), &lasting()).await;
    assert_eq!(cache.get::<u64>("key").await, None);
    assert_eq!(cache.get::<String>("key").await.as_deref().map(String::as_str), Some("seven"));
}

/// Whatever other keys have.
pub async fn a_key_that_nobody_set_has_nothing(test: CacheUnderTest) {
    test.one.set("key", 7_u64, &lasting()).await;
    for key in ["", "ke", "keys", "KEY", "key ", "key|"] {
        assert_eq!(number(&test.one, key).await, None, "{key:?}");
        assert!(!test.one.has::<u64>(key).await, "{key:?}");
    }
}

/// Also where it was known that there is nothing.
pub async fn a_later_set_takes_the_place_of_the_first(test: CacheUnderTest) {
    let cache = &test.one;
    for value in 0..100_u64 {
        cache.set("key", value, &lasting()).await;
        assert_eq!(number(cache, "key").await, Some(value));
    }
    cache.put("key", Loaded::<u64>::absent(), &lasting()).await;
    assert_eq!(number(cache, "key").await, None);
    assert!(!cache.has::<u64>("key").await);
    cache.set("key", 7_u64, &lasting()).await;
    assert_eq!(number(cache, "key").await, Some(7));
}

/// Nothing of what was there before is left either.
pub async fn a_value_that_is_good_for_no_time_is_not_kept(test: CacheUnderTest) {
    let cache = &test.one;
    let options = lasting().stale_for(super::probe::LONG).spare_for(super::probe::LONG);
    cache.set("key", 1_u64, &options).await;
    let nothing = Loaded::found(2_u64).fresh_for(std::time::Duration::ZERO);
    cache.put("key", nothing, &options).await;
    assert_eq!(number(cache, "key").await, None);
}

/// Those that are missing have their place, and those that are asked for twice have two.
pub async fn many_are_read_in_the_order_of_their_keys(test: CacheUnderTest) {
    let cache = &test.one;
    for value in 0..20_u64 {
        cache.set(&value.to_string(), value, &lasting()).await;
    }
    let keys = ["7", "none", "0", "19", "7", "", "3"];
    let values = cache.get_many::<u64>(&keys).await;
    let values: Vec<_> = values.into_iter().map(|value| value.map(|value| *value)).collect();
    assert_eq!(values, [Some(7), None, Some(0), Some(19), Some(7), None, Some(3)]);
    assert_eq!(cache.get_many::<u64>(&[]).await, []);
}

/// In one call each.
pub async fn many_are_written_and_forgotten_at_once(test: CacheUnderTest) {
    let cache = &test.one;
    cache.set_many((0..10_u64).map(|value| (value.to_string(), value)), &lasting()).await;
    cache.delete_many(&["1", "none", "3", "3"]).await;
    for value in 0..10_u64 {
        let is_there = ![1, 3].contains(&value);
        assert_eq!(number(cache, &value.to_string()).await, is_there.then_some(value));
    }
    cache.set_many(Vec::<(String, u64)>::new(), &lasting()).await;
    cache.delete_many(&[]).await;
}

/// The same key in another is another.
pub async fn namespaces_have_keys_of_their_own(test: CacheUnderTest) {
    let root = test.one.clone();
    let (a, b) = (root.namespace("a").expect("a name"), root.namespace("b").expect("a name"));
    let inner = a.namespace("b").expect("a name");
    let all = [&root, &a, &b, &inner];
    for (value, cache) in (0_u64..).zip(all) {
        cache.set("key", value, &lasting()).await;
    }
    for (value, cache) in (0_u64..).zip(all) {
        assert_eq!(number(cache, "key").await, Some(value));
    }
    a.delete("key").await;
    assert_eq!(number(&a, "key").await, None);
    for (value, cache) in [(0, &root), (2, &b), (3, &inner)] {
        assert_eq!(number(cache, "key").await, Some(value));
    }
}

/// Also when nobody has had it in the meantime.
pub async fn a_namespace_of_the_same_name_is_the_same(test: CacheUnderTest) {
    let inner = || {
        let outer = test.one.namespace("outer").expect("a name");
        outer.namespace("in.n-e_r").expect("a name")
    };
    inner().set("key", 1_u64, &lasting()).await;
    assert_eq!(number(&inner(), "key").await, Some(1));
    inner().delete("key").await;
    assert_eq!(number(&inner(), "key").await, None);
    for name in ["", "a/b", "a|b", "*", &"x".repeat(101)] {
        assert!(test.one.namespace(name).is_err(), "{name:?}");
    }
}

/// No two of them meet, within a namespace or across.
pub async fn unusual_keys_are_keys_like_others(test: CacheUnderTest) {
    let long = "x".repeat(10_000);
    let longer = format!("{long}y");
    let keys = [
        "", " ", "|", "||", "a", "a|", "|a", "a|b", "a/b", "/", "*", "?", "\\", "\\*", "[a]",
        "{a}", "{a}b", "\n", "\r\n", "\0", "a\0", "ä", "a\u{308}", "日本", "🦀", "\u{202e}", "a|*",
        &long, &longer,
    ];
    let root = test.one.clone();
    let a = root.namespace("a").expect("a name");
    let inner = a.namespace("b").expect("a name");
    for (space, cache) in (0_u64..).zip([&root, &a, &inner]) {
        for (place, key) in (0_u64..).zip(keys) {
            cache.set(key, space * 1_000 + place, &lasting()).await;
        }
    }
    let mut seen = HashSet::new();
    for (space, cache) in (0_u64..).zip([&root, &a, &inner]) {
        for (place, key) in (0_u64..).zip(keys) {
            let value = number(cache, key).await;
            assert_eq!(value, Some(space * 1_000 + place), "{key:.20?}");
            assert!(seen.insert(value));
        }
    }
    for (gone, key) in keys.iter().enumerate() {
        a.delete(key).await;
        assert_eq!(number(&a, key).await, None, "{key:.20?}");
        let rest = a.get_many::<u64>(&keys[gone + 1..]).await;
        assert!(rest.iter().all(Option::is_some), "{key:.20?}");
    }
    assert!(root.get_many::<u64>(&keys).await.iter().all(Option::is_some));
    assert!(inner.get_many::<u64>(&keys).await.iter().all(Option::is_some));
}

/// And not longer, however it is asked for.
pub async fn a_value_lives_as_long_as_was_said(test: CacheUnderTest) {
    let cache = &test.one;
    let short = EntryOptions::ttl(test.moment);
    cache.set("long", 1_u64, &lasting()).await;
    cache.set("short", 2_u64, &short).await;
    cache.set_many([("many".to_owned(), 3_u64)], &short).await;
    cache.put("own", Loaded::found(4_u64).fresh_for(test.moment), &lasting()).await;
    test.moment_passes().await;
    assert_eq!(number(cache, "long").await, Some(1));
    for key in ["short", "many", "own"] {
        assert_eq!(number(cache, key).await, None, "{key}");
        assert!(!cache.has::<u64>(key).await, "{key}");
    }
    assert_eq!(cache.get_many::<u64>(&["short", "many", "own"]).await, [None, None, None]);
}

/// None is lost, none is another's.
pub async fn ten_thousand_entries_are_each_their_own(test: CacheUnderTest) {
    const ENTRIES: u64 = 10_000;
    let cache = &test.one;
    let entries = (0..ENTRIES).map(|value| (format!("entry_{value}"), value));
    cache.set_many(entries, &lasting()).await;
    let keys: Vec<_> = (0..ENTRIES).map(|value| format!("entry_{value}")).collect();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    for (place, part) in keys.chunks(1_000).enumerate() {
        let values = cache.get_many::<u64>(part).await;
        let values: Vec<_> = values.into_iter().map(|value| value.map(|value| *value)).collect();
        let first = u64::try_from(place * 1_000).expect("a small number");
        assert_eq!(values, (first..first + 1_000).map(Some).collect::<Vec<_>>());
    }
}
