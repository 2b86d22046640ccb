//! Values that run out.

use std::time::Duration;

use czo_modules::{KeyValue, KeyValueUsage};
use czo_testkit::on_each_database;

use crate::fixture::{a_minute_passes, loyalty, values};

const SOON: Option<Duration> = Some(Duration::from_secs(30));

on_each_database! {
    async fn a_value_that_has_run_out_is_not_there(database: TestDatabase) {
        let (kv, scope) = (values(&database).await, loyalty());
        kv.set(&scope, "k", b"x".to_vec(), SOON).await.expect("set");
        assert!(kv.get(&scope, "k").await.expect("read").is_some());
        a_minute_passes(&database).await;
        assert_eq!(kv.get(&scope, "k").await.expect("read"), None);
        assert_eq!(kv.keys(&scope, "", None, 10).await.expect("listed"), Vec::<String>::new());
        assert!(!kv.compare_and_set(&scope, "k", Some(b"x"), b"y".to_vec()).await.expect("asked"));
        assert!(!kv.delete(&scope, "k").await.expect("asked"));
    }

    async fn the_place_of_a_value_that_has_run_out_is_taken(database: TestDatabase) {
        let (kv, scope) = (values(&database).await, loyalty());
        kv.set(&scope, "k", b"x".to_vec(), SOON).await.expect("set");
        kv.set(&scope, "n", b"100".to_vec(), SOON).await.expect("set");
        a_minute_passes(&database).await;
        assert!(kv.compare_and_set(&scope, "k", None, b"y".to_vec()).await.expect("asked"));
        assert_eq!(kv.increment(&scope, "n", 1).await.expect("added"), 1);
        a_minute_passes(&database).await;
        assert!(kv.get(&scope, "k").await.expect("read").is_some(), "it has no end");
        assert!(kv.get(&scope, "n").await.expect("read").is_some(), "it has no end");
        assert_eq!(kv.usage(&scope.module).await.expect("read").keys, 2);
    }

    async fn a_number_keeps_its_end_when_it_is_added_to(database: TestDatabase) {
        let (kv, scope) = (values(&database).await, loyalty());
        kv.set(&scope, "n", b"1".to_vec(), SOON).await.expect("set");
        kv.increment(&scope, "n", 1).await.expect("added");
        a_minute_passes(&database).await;
        assert_eq!(kv.get(&scope, "n").await.expect("read"), None);
    }

    async fn the_sweep_takes_only_what_has_run_out_and_counts_it(database: TestDatabase) {
        let (kv, scope) = (values(&database).await, loyalty());
        for number in 0..600 {
            kv.set(&scope, &format!("k{number:03}"), b"x".to_vec(), SOON).await.expect("set");
        }
        kv.set(&scope, "stays", b"x".to_vec(), None).await.expect("set");
        assert_eq!(kv.sweep().await.expect("swept"), 0);
        a_minute_passes(&database).await;
        assert_eq!(kv.sweep().await.expect("swept"), 600);
        let usage = kv.usage(&scope.module).await.expect("read");
        assert_eq!(usage, KeyValueUsage { keys: 1, bytes: 6 });
    }

    async fn for_ever_is_long_enough(database: TestDatabase) {
        let (kv, scope) = (values(&database).await, loyalty());
        kv.set(&scope, "k", b"x".to_vec(), Some(Duration::MAX)).await.expect("set");
        assert!(kv.get(&scope, "k").await.expect("read").is_some());
    }
}
