//! What is invalidated is gone, and nothing else is.

use czo_cache::{Cache, Loaded};

use super::CacheUnderTest;
use super::probe::{Probe, eventually, lasting};

fn within(cache: &Cache, path: &[&str]) -> Cache {
    path.iter().fold(cache.clone(), |cache, name| cache.namespace(name).expect("a name"))
}

async fn fill(cache: &Cache, keys: &[&str]) {
    let entries: Vec<_> = keys.iter().map(|key| ((*key).to_owned(), 1_u64)).collect();
    cache.set_many(entries, &lasting()).await;
}

/// Which of these keys are there.
async fn there<'k>(cache: &Cache, keys: &[&'k str]) -> Vec<&'k str> {
    let values = cache.get_many::<u64>(keys).await;
    keys.iter().zip(values).filter(|(_, value)| value.is_some()).map(|(key, _)| *key).collect()
}

/// Whatever reads it.
pub async fn a_deleted_key_has_nothing(test: CacheUnderTest) {
    let cache = &test.one;
    let options = lasting().stale_for(super::probe::LONG).spare_for(super::probe::LONG);
    cache.set("key", 1_u64, &options).await;
    cache.delete("key").await;
    assert_eq!(cache.get::<u64>("key").await, None);
    assert_eq!(cache.get_many::<u64>(&["key"]).await, [None]);
    assert!(!cache.has::<u64>("key").await);
    let probe = Probe::open();
    assert_eq!(probe.value(cache, "key", &options, super::probe::finds(2_u64)).await, 2);
}

/// `*` is any text, `?` any character, `\` takes their meaning; brackets and braces have none.
pub async fn a_pattern_forgets_what_matches_and_nothing_else(test: CacheUnderTest) {
    let keys = [
        "",
        "a",
        "ab",
        "abc",
        "b",
        "a*",
        "a?",
        "a\\",
        "[ab]",
        "{a}",
        "a|b",
        "a/b",
        "a\nb",
        "ä",
        "äb",
        "🦀",
        "prod_1",
        "prod_12",
        "prod_2_b",
        "shop_prod_1",
        "^a",
        "a-c",
    ];
    let cases: [(&str, &[&str]); 14] = [
        ("prod_*", &["prod_1", "prod_12", "prod_2_b"]),
        ("*_1", &["prod_1", "shop_prod_1"]),
        ("prod_?", &["prod_1"]),
        ("?", &["a", "b", "ä", "🦀"]),
        ("a?", &["ab", "a*", "a?", "a\\"]),
        ("a?b", &["a|b", "a/b", "a\nb"]),
        ("a\\*", &["a*"]),
        ("a\\?", &["a?"]),
        ("a\\\\", &["a\\"]),
        ("[ab]", &["[ab]"]),
        ("{a}", &["{a}"]),
        ("^a", &["^a"]),
        ("", &[""]),
        ("*", &keys),
    ];
    let cache = &test.one;
    for (pattern, gone) in cases {
        fill(cache, &keys).await;
        cache.invalidate(pattern).await;
        let rest: Vec<_> = keys.into_iter().filter(|key| !gone.contains(key)).collect();
        assert_eq!(there(cache, &keys).await, rest, "{pattern:?}");
    }
}

/// Neither those around it, nor those within, nor those whose names look like it.
pub async fn a_pattern_concerns_its_namespace_alone(test: CacheUnderTest) {
    let spaces: [&[&str]; 6] = [&[], &["a"], &["b"], &["a", "b"], &["ab"], &["a", "a"]];
    let keys = ["key", "a|key", "b|key", "|key", "/b|key"];
    for meant in spaces {
        for space in spaces {
            fill(&within(&test.one, space), &keys).await;
        }
        within(&test.one, meant).invalidate("*").await;
        for space in spaces {
            let left = there(&within(&test.one, space), &keys).await;
            assert_eq!(left.is_empty(), space == meant, "{meant:?} {space:?}");
            assert!(left.is_empty() || left.len() == keys.len(), "{meant:?} {space:?}");
        }
    }
}

/// Among many keys.
pub async fn a_pattern_finds_all_of_ten_thousand(test: CacheUnderTest) {
    let cache = &test.one;
    let entries = |kind: &'static str| (0..5_000_u64).map(move |n| (format!("{kind}_{n}"), n));
    cache.set_many(entries("gone").chain(entries("kept")), &lasting()).await;
    cache.invalidate("gone_*").await;
    for (kind, is_there) in [("gone", false), ("kept", true)] {
        let keys: Vec<_> = entries(kind).map(|(key, _)| key).collect();
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        let values = cache.get_many::<u64>(&keys).await;
        assert!(values.iter().all(|value| value.is_some() == is_there), "{kind}");
    }
}

/// And leaves the others there, and what has no tag.
pub async fn a_tag_forgets_what_has_it_in_whatever_namespace(test: CacheUnderTest) {
    let spaces: [&[&str]; 3] = [&[], &["a"], &["a", "b"]];
    let tagged: [(&str, &[&str]); 4] =
        [("none", &[]), ("red", &["red"]), ("both", &["red", "blue"]), ("blue", &["blue"])];
    for space in spaces {
        for (key, tags) in tagged {
            let options = tags.iter().fold(lasting(), |options, tag| options.tag(*tag));
            within(&test.one, space).set(key, 1_u64, &options).await;
        }
    }
    within(&test.one, &["other"]).invalidate_tag("red").await;
    let keys = tagged.map(|(key, _)| key);
    for space in spaces {
        let cache = within(&test.one, space);
        assert_eq!(there(&cache, &keys).await, ["none", "blue"], "{space:?}");
    }
}

/// Beside those of the options.
pub async fn a_tag_that_a_load_names_counts_too(test: CacheUnderTest) {
    let cache = &test.one;
    let options = lasting().tag("options");
    for tag in ["options", "one", "two"] {
        let found = || Loaded::found(1_u64).tag("one").tag("two");
        let probe = Probe::open();
        cache.put("put", found(), &options).await;
        // A tag that nobody has had yet counts as invalidated with whatever else is invalidated
        // during the load: then it is kept the next time.
        eventually(|| async {
            probe.value(cache, "loaded", &options, Ok(found())).await;
            there(cache, &["loaded", "put"]).await.len() == 2
        })
        .await;
        cache.invalidate_tag("another").await;
        assert_eq!(there(cache, &["loaded", "put"]).await, ["loaded", "put"]);
        cache.invalidate_tag(tag).await;
        assert_eq!(there(cache, &["loaded", "put"]).await, [""; 0], "{tag}");
    }
}

/// None of them means more than what has it.
pub async fn unusual_tags_are_tags_like_others(test: CacheUnderTest) {
    let long = "x".repeat(10_000);
    let tags = [
        "", "*", "all", "ns:a", "tag:a", "a", "a|b", "a\nb", "a\0b", "ä", "🦀", "a,b", "{a}", &long,
    ];
    let cache = within(&test.one, &["a"]);
    let keys: Vec<_> = (0..tags.len()).map(|place| place.to_string()).collect();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    for (key, tag) in keys.iter().zip(tags) {
        cache.set(key, 1_u64, &lasting().tag(tag)).await;
    }
    for (place, tag) in tags.iter().enumerate() {
        cache.invalidate_tag(tag).await;
        assert_eq!(there(&cache, &keys).await, keys[place + 1..], "{tag:.20?}");
    }
}

/// Around it, beside it, and with names that begin like it.
pub async fn clearing_a_namespace_takes_those_within_and_leaves_the_others(test: CacheUnderTest) {
    let spaces: [&[&str]; 7] =
        [&[], &["a"], &["a", "b"], &["a", "b", "c"], &["ab"], &["b"], &["b", "a"]];
    for space in spaces {
        fill(&within(&test.one, space), &["key"]).await;
    }
    within(&test.one, &["a"]).clear().await;
    for space in spaces {
        let left = there(&within(&test.one, space), &["key"]).await;
        assert_eq!(left.is_empty(), space.first() == Some(&"a"), "{space:?}");
    }
}

/// In no namespace.
pub async fn clearing_the_whole_leaves_nothing(test: CacheUnderTest) {
    let spaces: [&[&str]; 3] = [&[], &["a"], &["a", "b"]];
    for space in spaces {
        fill(&within(&test.one, space), &["key"]).await;
    }
    test.one.clear().await;
    for space in spaces {
        assert_eq!(there(&within(&test.one, space), &["key"]).await, [""; 0], "{space:?}");
    }
}

/// An invalidation concerns what was, not what comes.
pub async fn what_is_written_after_an_invalidation_stays(test: CacheUnderTest) {
    let cache = within(&test.one, &["a"]);
    let options = lasting().tag("red");
    for round in 0..6 {
        cache.set("key", 1_u64, &options).await;
        match round {
            0 => cache.delete("key").await,
            1 => cache.invalidate("*").await,
            2 => cache.invalidate_tag("red").await,
            3 => cache.clear().await,
            4 => test.one.clear().await,
            _ => cache.invalidate_below("key", 5).await,
        }
        assert_eq!(there(&cache, &["key"]).await, [""; 0], "{round}");
        cache.put("key", Loaded::found(2_u64).version(5), &options).await;
        assert_eq!(cache.get::<u64>("key").await.as_deref(), Some(&2), "{round}");
        cache.delete("key").await;
        let probe = Probe::open();
        probe.value(&cache, "key", &options, super::probe::finds(3_u64)).await;
        eventually(|| async { cache.get::<u64>("key").await.as_deref() == Some(&3) }).await;
    }
}

/// Nor is it an error.
pub async fn invalidating_what_is_not_there_changes_nothing(test: CacheUnderTest) {
    let cache = &test.one;
    fill(cache, &["key"]).await;
    cache.delete("none").await;
    cache.delete_many(&["none", ""]).await;
    cache.invalidate("none*").await;
    cache.invalidate_tag("none").await;
    cache.invalidate_below("none", i64::MAX).await;
    within(cache, &["none"]).clear().await;
    assert_eq!(there(cache, &["key"]).await, ["key"]);
}
