//! An app that is not there is left alone.

use std::time::Duration;

use czo_apps::SyncFailure;
use czo_testkit::on_each_database;
use serde_json::json;

use crate::receiver::{Answer, LONG};
use crate::sync_shop::SyncShop;

on_each_database! {
    async fn a_dead_app_is_not_asked_each_time(database: TestDatabase) {
        let world = SyncShop::with(&database, |options| {
            options.breaker_failures = 3;
            options.breaker_pause = LONG;
        });
        let world = world.await;
        world.app("a", json!({})).await;
        world.receiver.answers("a", [Answer::Status(503)]);
        for _ in 0..3 {
            assert!(matches!(world.failure(json!({})).await, SyncFailure::Status { status: 503 }));
        }
        for _ in 0..20 {
            assert!(matches!(world.failure(json!({})).await, SyncFailure::Open { .. }));
        }
        assert_eq!(world.receiver.at("a").len(), 3);
        // Another webhook has a breaker of its own.
        world.app("b", json!({ "onFailure": "open" })).await;
        world.failure(json!({})).await;
        world.receiver.has("b", 1).await;
    }

    async fn it_is_asked_again_when_the_time_has_come(database: TestDatabase) {
        let world = SyncShop::with(&database, |options| {
            options.breaker_failures = 1;
            options.breaker_pause = Duration::ZERO;
        });
        let world = world.await;
        world.app("a", json!({ "onFailure": "last_good" })).await;
        world.receiver.answers("a", [Answer::Status(500), Answer::Body(b"1".to_vec())]);
        world.failure(json!({})).await;
        assert_eq!(world.values(json!({})).await, [json!(1)]);
    }

    async fn answers_that_are_wrong_open_nothing(database: TestDatabase) {
        let world = SyncShop::with(&database, |options| options.breaker_failures = 1).await;
        world.app("a", json!({ "responseSchema": { "type": "number" } })).await;
        world.receiver.answers("a", [
            Answer::Status(422),
            Answer::Body(b"{".to_vec()),
            Answer::Body(b"\"text\"".to_vec()),
            Answer::Body(b"1".to_vec()),
        ]);
        for _ in 0..3 {
            world.failure(json!({})).await;
        }
        assert_eq!(world.values(json!({})).await, [json!(1)]);
    }

    async fn no_more_wait_for_an_app_than_may(database: TestDatabase) {
        let world = SyncShop::with(&database, |options| options.per_webhook = 1).await;
        world.app("a", json!({})).await;
        world.receiver.answers("a", [Answer::BodyOnceLet(b"1".to_vec())]);
        let first = world.values(json!({}));
        let second = async {
            world.receiver.has("a", 1).await;
            let failure = world.failure(json!({})).await;
            world.receiver.let_go();
            failure
        };
        let (values, failure) = tokio::join!(first, second);
        assert_eq!(values, [json!(1)]);
        assert!(matches!(failure, SyncFailure::Busy { most: 1 }), "{failure:?}");
    }

    async fn a_call_that_nobody_waits_for_is_finished_and_counts(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        world.app("a", json!({ "onFailure": "last_good" })).await;
        world.receiver.answers("a", [Answer::BodyOnceLet(b"1".to_vec()), Answer::Status(500)]);
        let gone = async {
            tokio::select! {
                _ = world.ask(json!({})) => panic!("it hangs"),
                _ = world.receiver.has("a", 1) => {}
            }
        };
        gone.await;
        world.receiver.let_go();
        // The answer of the one that nobody waited for is kept, once it is there.
        let wait = async {
            while world.ask(json!({})).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, wait).await.unwrap();
    }

    async fn keys_that_panic_fail_the_call_and_nothing_else(database: TestDatabase) {
        let world = SyncShop::with(&database, |options| options.per_webhook = 1).await;
        world.app("a", json!({})).await;
        world.says("a", [json!(1)]);
        world.shop.keys.panics.store(true, std::sync::atomic::Ordering::SeqCst);
        assert!(matches!(world.failure(json!({})).await, SyncFailure::Panicked));
        assert_eq!(world.values(json!({})).await, [json!(1)]);
    }
}
