//! What a receiver gets.

use chrono::Utc;
use czo_apps::{
    DeliveryFilter, DeliveryState, ReceivedHeaders, SigningKey, SigningSecret, Verifier,
};
use czo_testkit::on_each_database;
use serde_json::{Value, json};

use crate::receiver::{Answer, LONG, Message, Receiver};
use crate::shop::{DELIVERED, FILTERED, Shop, WAITING, soon};

fn verifies(message: &Message, verifier: &Verifier) -> bool {
    let headers = ReceivedHeaders {
        id: message.id(),
        timestamp: message.header("webhook-timestamp"),
        signature: message.header("webhook-signature"),
    };
    verifier.verify(&headers, &message.body, Utc::now()).is_ok()
}

on_each_database! {
    async fn a_message_is_signed_and_says_what_happened(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 7).await;
        let message = receiver.has("a", 1).await.remove(0);
        assert!(verifies(&message, &Verifier::new(shop.secret.clone())));
        assert_eq!(message.header("x-czo-signature"), message.header("webhook-signature"));
        assert_eq!(message.header("x-czo-event"), "test.thing.changed");
        assert_eq!(message.header("content-type"), "application/json");
        let body: Value = serde_json::from_slice(&message.body).unwrap();
        assert_eq!(body["type"], "test.thing.changed");
        assert_eq!(body["timestamp"], body["data"]["timestamp"]);
        assert_eq!(body["data"]["metadata"]["shopId"], shop.id.to_string());
        assert_eq!(body["data"]["data"], json!({ "thing": "lamp", "number": 7 }));
        let correlation = body["data"]["correlationId"].as_str().unwrap();
        assert_eq!(message.header("x-correlation-id"), correlation);
        shop.until(DELIVERED, 1).await;
        assert!(dispatcher.drain(LONG).await);
        assert_eq!(shop.number(WAITING).await, 0);
        let id = message.id().parse().unwrap();
        let record = shop.staging.deliveries().get(id).await.unwrap().unwrap();
        assert_eq!((record.state, record.sent), (DeliveryState::Delivered, 1));
        assert_eq!(record.app.to_string(), message.header("x-czo-app-id"));
        let attempts = shop.staging.deliveries().attempts(id).await.unwrap();
        assert_eq!((attempts.len(), attempts[0].number, attempts[0].status), (1, 1, Some(204)));
    }

    async fn while_keys_are_replaced_old_and_new_receivers_believe(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        let (new, key) = (SigningSecret::generate().unwrap(), SigningKey::generate().unwrap());
        let public = key.public_key();
        let both = vec![new.clone().into(), shop.secret.clone().into(), key.into()];
        *shop.keys.keys.lock().unwrap() = Some(both);
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        let message = receiver.has("a", 1).await.remove(0);
        for verifier in [shop.secret.clone(), new].map(Verifier::new) {
            assert!(verifies(&message, &verifier));
        }
        assert!(verifies(&message, &Verifier::new(public)));
        let stranger = Verifier::new(SigningSecret::generate().unwrap());
        assert!(!verifies(&message, &stranger));
        drop(dispatcher);
    }

    async fn what_the_filter_does_not_want_is_not_sent(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        let filter = json!({ "filter": { "path": "/data/number", "gte": 10 } });
        shop.webhook(&receiver.url("a"), filter).await;
        let dispatcher = shop.dispatch(&receiver);
        for number in [1, 10, 2, 20] {
            shop.change("lamp", number).await;
        }
        shop.until(FILTERED, 2).await;
        shop.until(DELIVERED, 2).await;
        let mut numbers = receiver.numbers("a");
        numbers.sort_unstable();
        assert_eq!(numbers, [10, 20]);
        assert!(dispatcher.drain(LONG).await);
        assert_eq!(shop.number("SELECT count(*) FROM webhook_attempt").await, 2);
    }

    async fn a_large_answer_is_cut_and_secrets_are_not_kept(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        let large = [b"\0\xff".to_vec(), vec![b'a'; 5 << 20]].concat();
        receiver.answers("a", [Answer::With(500, "set-cookie", "hidden=1"), Answer::Body(large)]);
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        shop.until(DELIVERED, 1).await;
        let id = receiver.at("a")[0].id().parse().unwrap();
        let attempts = shop.staging.deliveries().attempts(id).await.unwrap();
        assert_eq!(attempts.len(), 2);
        assert_eq!(attempts[0].error.as_deref(), Some("the answer was status 500"));
        assert_eq!(attempts[0].response_body.as_deref(), Some("said with it"));
        assert!(!attempts[0].response_headers.as_ref().unwrap().contains("hidden"));
        assert!(attempts[1].is_cut);
        let kept = attempts[1].response_body.as_ref().unwrap();
        assert!(kept.starts_with("\u{fffd}\u{fffd}aaa") && kept.len() <= 16 * 1024 + 8);
        drop(dispatcher);
    }

    async fn a_redirect_is_a_failure_and_nobody_follows_it(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        receiver.answers("a", [Answer::With(307, "location", "/elsewhere"), Answer::Status(204)]);
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        shop.until(DELIVERED, 1).await;
        assert_eq!(receiver.at("a").len(), 2);
        assert!(receiver.at("elsewhere").is_empty());
        drop(dispatcher);
    }

    async fn what_cannot_be_signed_waits_and_loses_no_attempt(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        let webhook = shop.webhook(&receiver.url("a"), json!({})).await;
        let keys = shop.keys.keys.lock().unwrap().take();
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        shop.until("SELECT count(*) FROM webhook_delivery WHERE error IS NOT NULL", 1).await;
        let filter = DeliveryFilter::all().webhook(webhook);
        let waiting = shop.staging.deliveries().list(&filter, 9, None).await.unwrap().remove(0);
        assert_eq!((waiting.attempts, waiting.sent), (0, 0));
        assert_eq!(waiting.error.unwrap(), "it cannot be signed: there is no key yet");
        *shop.keys.keys.lock().unwrap() = keys;
        // It is due in five seconds; nobody waits for that here.
        shop.run("UPDATE webhook_delivery SET next_at = 0", []).await;
        receiver.has("a", 1).await;
        drop(dispatcher);
    }

    async fn an_attempt_that_panics_is_one_that_failed(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        shop.webhook(&receiver.url("a"), json!({})).await;
        shop.keys.panics.store(true, std::sync::atomic::Ordering::SeqCst);
        let dispatcher = shop.dispatch(&receiver);
        shop.change("lamp", 1).await;
        receiver.has("a", 1).await;
        shop.until(DELIVERED, 1).await;
        let id = receiver.at("a")[0].id().parse().unwrap();
        let record = shop.staging.deliveries().get(id).await.unwrap().unwrap();
        assert_eq!(record.attempts, 2);
        assert!(dispatcher.drain(LONG).await);
    }

    async fn thousands_arrive_once_each(database: TestDatabase) {
        let (shop, receiver) = (Shop::open(&database).await, Receiver::start().await);
        for _ in 0..4 {
            shop.webhook(&receiver.url("a"), json!({})).await;
        }
        let mut options = soon();
        options.lease = LONG;
        let dispatcher = shop.dispatcher(&receiver).options(options).spawn();
        for unit in 0..10 {
            let done = shop.database.transaction(async |tx| {
                (0..50).for_each(|number| shop.publish(tx, "lamp", unit * 50 + number));
                Ok::<_, czo_repo::DatabaseError>(())
            });
            done.await.unwrap();
        }
        shop.until(DELIVERED, 2_000).await;
        assert!(dispatcher.drain(LONG).await);
        let messages = receiver.messages();
        let ids: std::collections::BTreeSet<_> = messages.iter().map(Message::id).collect();
        assert_eq!((messages.len(), ids.len()), (2_000, 2_000));
    }
}
