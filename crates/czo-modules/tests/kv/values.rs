//! Values are set and read.

use czo_core::{ShopId, SystemIds};
use czo_modules::{HostError, KeyValue, KeyValueUsage};
use czo_repo::UnitOfWork;
use czo_testkit::on_each_database;

use crate::fixture::{loyalty, scope, values};

on_each_database! {
    async fn a_value_comes_back_byte_for_byte(database: TestDatabase) {
        let (kv, scope) = (values(&database).await, loyalty());
        for value in [&b""[..], b"x", b"17", b"-3", b"017", b"\0\xff", "gr\u{fc}n".as_bytes()] {
            kv.set(&scope, "k", value.to_vec(), None).await.expect("set");
            assert_eq!(kv.get(&scope, "k").await.expect("read").as_deref(), Some(value));
        }
        assert_eq!(kv.get(&scope, "other").await.expect("read"), None);
    }

    async fn modules_and_shops_are_apart(database: TestDatabase) {
        let kv = values(&database).await;
        let shops = [None, Some(ShopId::generate(&SystemIds)), Some(ShopId::generate(&SystemIds))];
        let scopes: Vec<_> = ["loyalty", "loyalty-points"]
            .into_iter()
            .flat_map(|module| shops.map(|shop| scope(module, shop)))
            .collect();
        for (place, scope) in scopes.iter().enumerate() {
            kv.set(scope, "k", vec![b'a'; place], None).await.expect("set");
        }
        for (place, scope) in scopes.iter().enumerate() {
            let found = kv.get(scope, "k").await.expect("read");
            assert_eq!(found.map(|value| value.len()), Some(place));
        }
    }

    async fn a_value_that_was_there_is_deleted_once(database: TestDatabase) {
        let (kv, scope) = (values(&database).await, loyalty());
        kv.set(&scope, "k", b"x".to_vec(), None).await.expect("set");
        assert!(kv.delete(&scope, "k").await.expect("deleted"));
        assert!(!kv.delete(&scope, "k").await.expect("asked"));
        assert_eq!(kv.get(&scope, "k").await.expect("read"), None);
    }

    async fn keys_are_listed_in_the_order_of_their_bytes(database: TestDatabase) {
        let (kv, scope) = (values(&database).await, loyalty());
        for key in ["a/2", "a/10", "a/1", "A/1", "b", "a", "a/\u{e9}", "a/Z"] {
            kv.set(&scope, key, Vec::new(), None).await.expect("set");
        }
        let all = kv.keys(&scope, "a/", None, 10).await.expect("listed");
        assert_eq!(all, ["a/1", "a/10", "a/2", "a/Z", "a/\u{e9}"]);
        let page = kv.keys(&scope, "a/", Some("a/10"), 2).await.expect("listed");
        assert_eq!(page, ["a/2", "a/Z"]);
        assert_eq!(kv.keys(&scope, "", None, 1_000).await.expect("listed").len(), 8);
        assert_eq!(kv.keys(&scope, "", None, 1_000).await.expect("listed")[0], "A/1");
    }

    async fn a_number_that_was_set_is_added_to(database: TestDatabase) {
        let (kv, scope) = (values(&database).await, loyalty());
        assert_eq!(kv.increment(&scope, "n", 5).await.expect("added"), 5);
        assert_eq!(kv.get(&scope, "n").await.expect("read").as_deref(), Some(&b"5"[..]));
        kv.set(&scope, "n", b"-7".to_vec(), None).await.expect("set");
        assert_eq!(kv.increment(&scope, "n", 3).await.expect("added"), -4);
        kv.set(&scope, "n", b"many".to_vec(), None).await.expect("set");
        let error = kv.increment(&scope, "n", 1).await;
        assert!(matches!(error, Err(HostError::Invalid(_))), "{error:?}");
    }

    async fn a_sum_without_room_is_refused(database: TestDatabase) {
        let (kv, scope) = (values(&database).await, loyalty());
        for (from, by) in [(i64::MAX, 1), (i64::MIN, -1), (1, i64::MAX), (-2, i64::MIN)] {
            kv.set(&scope, "n", from.to_string().into_bytes(), None).await.expect("set");
            let error = kv.increment(&scope, "n", by).await;
            assert!(matches!(error, Err(HostError::Limit(_))), "{error:?}");
            let found = kv.get(&scope, "n").await.expect("read").expect("there");
            assert_eq!(found, from.to_string().into_bytes());
        }
        assert_eq!(kv.increment(&scope, "n", i64::MAX).await.expect("added"), i64::MAX - 2);
    }

    async fn a_value_is_set_only_if_it_is_still_the_expected_one(database: TestDatabase) {
        let (kv, scope) = (values(&database).await, loyalty());
        let cas = async |expected: Option<&[u8]>, value: &[u8]| {
            kv.compare_and_set(&scope, "k", expected, value.to_vec()).await.expect("asked")
        };
        assert!(!cas(Some(b"x"), b"y").await, "there is none");
        assert!(cas(None, b"1").await);
        assert!(!cas(None, b"2").await, "there is one");
        assert!(!cas(Some(b"01"), b"2").await, "it is another text");
        assert!(cas(Some(b"1"), b"word").await);
        assert!(!cas(Some(b"wor"), b"2").await);
        assert!(cas(Some(b"word"), b"").await);
        assert!(cas(Some(b""), b"end").await);
        assert_eq!(kv.get(&scope, "k").await.expect("read").as_deref(), Some(&b"end"[..]));
    }

    async fn what_a_module_keeps_is_counted_and_goes_with_it(database: TestDatabase) {
        let (kv, shop) = (values(&database).await, Some(ShopId::generate(&SystemIds)));
        let (none, shop) = (loyalty(), scope("loyalty", shop));
        kv.set(&none, "abc", b"12345x".to_vec(), None).await.expect("set");
        kv.set(&none, "abc", b"12x".to_vec(), None).await.expect("set");
        kv.set(&shop, "abc", b"xx".to_vec(), None).await.expect("set");
        kv.increment(&shop, "n", 1).await.expect("added");
        kv.increment(&shop, "n", 1).await.expect("added");
        let usage = kv.usage(&none.module).await.expect("read");
        assert_eq!(usage, KeyValueUsage { keys: 3, bytes: 6 + 5 + 9 });
        kv.delete(&shop, "n").await.expect("deleted");
        let usage = kv.usage(&none.module).await.expect("read");
        assert_eq!(usage, KeyValueUsage { keys: 2, bytes: 11 });
        let work = async |tx: &UnitOfWork| kv.delete_all(tx, &none.module).await;
        database.transaction(work).await.expect("deleted");
        assert_eq!(kv.usage(&none.module).await.expect("read"), KeyValueUsage::default());
        assert_eq!(kv.get(&shop, "abc").await.expect("read"), None);
    }
}
