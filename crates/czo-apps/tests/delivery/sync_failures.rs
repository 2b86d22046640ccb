//! What happens without an answer.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use czo_apps::{SyncCallError, SyncFailure};
use czo_core::{Classified, ErrorKind};
use czo_testkit::on_each_database;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use serde_json::json;

use crate::receiver::{Answer, LONG};
use crate::sync_shop::{QUESTION, SyncShop};

/// A deadline that passes while the test waits.
const SOON: u32 = 200;

on_each_database! {
    async fn who_hangs_or_trickles_is_given_up_at_the_deadline(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        world.app("a", json!({ "deadlineMilliseconds": SOON })).await;
        for answer in [Answer::Hang, Answer::Trickle] {
            world.receiver.answers("a", [answer]);
            let began = Instant::now();
            let failure = world.failure(json!({})).await;
            assert!(matches!(failure, SyncFailure::Timeout { .. }), "{failure:?}");
            assert!(began.elapsed() >= Duration::from_millis(SOON.into()));
        }
    }

    async fn keys_that_hang_are_part_of_the_deadline(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        world.app("a", json!({ "deadlineMilliseconds": SOON })).await;
        world.shop.keys.hangs.store(true, std::sync::atomic::Ordering::SeqCst);
        let failure = world.failure(json!({})).await;
        assert!(matches!(failure, SyncFailure::Timeout { .. }), "{failure:?}");
        assert!(world.receiver.messages().is_empty());
    }

    async fn an_answer_that_takes_long_to_check_is_given_up_at_the_deadline(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        let schemas = vec![json!({ "minimum": 0 }); 300];
        let schema = json!({ "items": { "allOf": schemas } });
        let sync = json!({ "deadlineMilliseconds": SOON, "responseSchema": schema });
        world.app("a", sync).await;
        world.says("a", [json!(vec![1; 100_000])]);
        let failure = world.failure(json!({})).await;
        assert!(matches!(failure, SyncFailure::Timeout { .. }), "{failure:?}");
    }

    async fn every_answer_that_is_none_is_told_as_what_it_is(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        world.app("a", json!({})).await;
        let large = [vec![b' '; 20 << 20], b"1".to_vec()].concat();
        world.receiver.answers("a", [
            Answer::Status(500),
            Answer::Status(404),
            Answer::With(307, "location", "/elsewhere"),
            Answer::Body(b"{\"price\": ".to_vec()),
            Answer::Body(b"\xff\xfe".to_vec()),
            Answer::Status(204),
            Answer::Body(large),
        ]);
        let mut told = Vec::new();
        for _ in 0..7 {
            told.push(world.failure(json!({})).await.to_string());
        }
        assert_eq!(told, [
            "the answer was status 500",
            "the answer was status 404",
            "the answer was status 307",
            "the answer is not JSON",
            "the answer is not JSON",
            "the answer is not JSON",
            "the answer has more than 262144 bytes",
        ]);
        assert!(world.receiver.at("elsewhere").is_empty());
    }

    async fn an_address_inside_is_not_asked(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        let sync = json!({ "deadlineMilliseconds": 10_000, "onFailure": "closed" });
        let inside = json!({ "mode": "sync", "sync": sync, "targetUrl": "http://169.254.169.254/" });
        world.define("a", inside).await;
        let failure = world.failure(json!({})).await;
        assert!(matches!(failure, SyncFailure::Unreachable(_)), "{failure:?}");
        assert!(failure.to_string().contains("is not on the public internet"), "{failure}");
    }

    async fn closed_names_the_app_and_the_reason(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        world.app("a", json!({})).await;
        world.app("b", json!({ "onFailure": "open" })).await;
        world.says("b", [json!(1)]);
        world.receiver.answers("a", [Answer::Status(503)]);
        let error = world.ask(json!({})).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
        let text = error.to_string();
        let SyncCallError::NoAnswer { app, question, .. } = error else { panic!("{error:?}") };
        let expected = format!(
            "the app {app} has not answered `{question}` (webhook `things`): the answer was status 503"
        );
        assert_eq!(text, expected);
    }

    async fn one_that_is_closed_does_not_wait_for_the_others(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        world.app("a", json!({ "onFailure": "open" })).await;
        world.app("b", json!({})).await;
        world.receiver.answers("a", [Answer::Hang]);
        world.receiver.answers("b", [Answer::Status(500)]);
        let failure = world.failure(json!({})).await;
        assert!(matches!(failure, SyncFailure::Status { status: 500 }));
        world.receiver.let_go();
    }

    async fn open_goes_on_without(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        world.app("a", json!({ "onFailure": "open" })).await;
        world.app("b", json!({})).await;
        world.receiver.answers("a", [Answer::Status(500)]);
        world.says("b", [json!(2)]);
        assert_eq!(world.values(json!({})).await, [json!(2)]);
    }

    async fn last_good_is_the_last_good_answer_to_the_same_question(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        world.app("a", json!({ "onFailure": "last_good" })).await;
        world.receiver.answers("a", [
            Answer::Body(b"1".to_vec()),
            Answer::Body(b"2".to_vec()),
            Answer::Body(b"3".to_vec()),
            Answer::Status(500),
        ]);
        let (lamp, chair) = (json!({ "thing": "lamp" }), json!({ "thing": "chair" }));
        for (question, answer) in [(&lamp, 1), (&lamp, 2), (&chair, 3)] {
            assert_eq!(world.values(question.clone()).await, [json!(answer)]);
        }
        let answers = world.ask(lamp.clone()).await.unwrap();
        assert_eq!(answers[0].value, json!(2));
        assert!(answers[0].last_good.unwrap() < LONG);
        assert_eq!(world.values(chair).await, [json!(3)]);
        // Nobody knows what it would say to another question; another process knows nothing.
        let failure = world.failure(json!({ "thing": "table" })).await;
        assert!(matches!(failure, SyncFailure::Status { status: 500 }));
        assert!(world.elsewhere().call(&world.ctx, &QUESTION, &lamp).await.is_err());
    }

    async fn an_answer_that_nobody_can_use_is_none_and_no_last_good_one(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        world.app("a", json!({ "onFailure": "last_good" })).await;
        world.says("a", [json!(7), json!("a secret"), json!("a secret")]);
        let ask = async || {
            let fits = |value: &serde_json::Value| value.is_u64();
            world.asks.call_for(&world.ctx, &QUESTION, &json!({}), fits).await.unwrap()
        };
        assert_eq!(ask().await[0].last_good, None);
        for _ in 0..2 {
            let answers = ask().await;
            assert_eq!(answers[0].value, json!(7));
            assert!(answers[0].last_good.is_some());
        }
    }

    async fn a_last_good_answer_does_not_count_for_ever(database: TestDatabase) {
        let world = SyncShop::with(&database, |options| options.keep_last_good = Duration::ZERO);
        let world = world.await;
        world.app("a", json!({ "onFailure": "last_good" })).await;
        world.receiver.answers("a", [Answer::Body(b"1".to_vec()), Answer::Status(500)]);
        assert_eq!(world.values(json!({})).await, [json!(1)]);
        world.failure(json!({})).await;
    }

    async fn what_cannot_be_signed_is_not_sent(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        world.app("a", json!({})).await;
        world.shop.keys.keys.lock().unwrap().take();
        let failure = world.failure(json!({})).await;
        assert_eq!(failure.to_string(), "the message cannot be signed: there is no key yet");
        assert!(world.receiver.messages().is_empty());
    }

    async fn a_definition_that_nobody_can_read_is_not_passed_over(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        world.define("a", json!({ "mode": "sync", "sync": "what is this" })).await;
        assert!(matches!(world.failure(json!({})).await, SyncFailure::Unreadable));
    }
}

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn neither_what_is_asked_nor_what_is_answered_nor_the_secret_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // What is spawned runs on this thread, where it is heard.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _heard = tracing::subscriber::set_default(subscriber);
    runtime.block_on(async {
        let database = czo_testkit::TestDatabase::sqlite().await;
        let world = SyncShop::open(&database).await;
        let schema = json!({ "onFailure": "open", "responseSchema": { "type": "string" } });
        world.app("a", schema).await;
        world.says("a", [json!("PRIVATE"), json!({ "name": "PRIVATE" })]);
        world.receiver.answers("b", [Answer::Status(500)]);
        world.app("b", json!({ "onFailure": "open" })).await;
        for _ in 0..2 {
            let answers = world.ask(json!({ "name": "PRIVATE" })).await;
            assert!(!format!("{answers:?} {:?}", world.asks).contains("PRIVATE"));
        }
        let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
        assert!(logged.contains("the answer breaks the app's schema"), "{logged}");
        assert!(logged.contains("the answer was status 500"), "{logged}");
        let secret = world.shop.secret.expose();
        let secret = secrecy::ExposeSecret::expose_secret(&secret).strip_prefix("whsec_").unwrap();
        assert!(!logged.contains("PRIVATE") && !logged.contains(secret), "{logged}");
    });
}

#[test]
fn outcomes_and_fallbacks_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        // What is spawned runs on this thread, where it is counted.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let database = czo_testkit::TestDatabase::sqlite().await;
            let world = SyncShop::open(&database).await;
            world.app("a", json!({ "onFailure": "open" })).await;
            world.receiver.answers("a", [Answer::Body(b"1".to_vec()), Answer::Status(500)]);
            for _ in 0..2 {
                world.ask(json!({})).await.unwrap();
            }
        });
    });
    let mut counted = Vec::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let key = key.key();
        let label = key.labels().next().map(|label| label.value().to_owned());
        if let (DebugValue::Counter(count), Some(label)) = (value, label)
            && key.name().starts_with("czo_sync_webhook_")
        {
            counted.push((key.name().to_owned(), label, count));
        }
    }
    counted.sort();
    let expected = [
        ("czo_sync_webhook_calls_total", "answered", 1),
        ("czo_sync_webhook_calls_total", "status", 1),
        ("czo_sync_webhook_fallbacks_total", "open", 1),
    ];
    let expected = expected.map(|(name, label, count)| (name.to_owned(), label.to_owned(), count));
    assert_eq!(counted, expected);
}
