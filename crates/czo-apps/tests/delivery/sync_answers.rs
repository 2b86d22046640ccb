//! Who is asked, and what the answers are.

use czo_apps::{ReceivedHeaders, SyncCallError, Verifier};
use czo_core::{EventType, ShopId, SystemIds};
use czo_testkit::on_each_database;
use serde_json::{Value, json};

use crate::receiver::Answer;
use crate::sync_shop::{QUESTION, SyncShop};

on_each_database! {
    async fn a_question_is_signed_and_its_answer_comes_back(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        let webhook = world.app("a", json!({})).await;
        world.says("a", [json!({ "price": 7 })]);
        let answers = world.ask(json!({ "weight": 3 })).await.unwrap();
        assert_eq!((answers.len(), answers[0].webhook), (1, webhook));
        assert_eq!((answers[0].identifier.as_str(), answers[0].last_good), ("things", None));
        assert_eq!(answers[0].value, json!({ "price": 7 }));
        let message = world.receiver.at("a").remove(0);
        let headers = ReceivedHeaders {
            id: message.id(),
            timestamp: message.header("webhook-timestamp"),
            signature: message.header("webhook-signature"),
        };
        let verifier = Verifier::new(world.shop.secret.clone());
        verifier.verify(&headers, &message.body, chrono::Utc::now()).unwrap();
        assert_eq!(message.header("x-czo-signature"), message.header("webhook-signature"));
        assert_eq!(message.header("x-czo-event"), QUESTION.as_str());
        assert_eq!(message.header("x-czo-app-id"), answers[0].installation.to_string());
        assert_eq!(message.header("x-correlation-id"), world.ctx.correlation_id.as_str());
        assert_eq!(message.header("content-type"), "application/json");
        let body: Value = serde_json::from_slice(&message.body).unwrap();
        let names: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
        assert_eq!((names.len(), &body["type"]), (3, &json!(QUESTION.as_str())));
        assert!(body["timestamp"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().is_ok());
        assert_eq!(body["data"], json!({ "weight": 3 }));
    }

    async fn several_are_asked_at_once_and_answer_in_the_order_of_their_installation(
        database: TestDatabase
    ) {
        let world = SyncShop::open(&database).await;
        for path in ["c", "a", "b"] {
            world.app(path, json!({})).await;
            world.says(path, [json!(path)]);
        }
        // The first waits until the others have been asked.
        world.receiver.answers("c", [Answer::BodyOnceLet(b"\"c\"".to_vec())]);
        let ask = world.values(json!({}));
        let let_go = async {
            world.receiver.has("a", 1).await;
            world.receiver.has("b", 1).await;
            world.receiver.let_go();
        };
        let (values, ()) = tokio::join!(ask, let_go);
        assert_eq!(values, [json!("c"), json!("a"), json!("b")]);
        // The same in another process, whoever is first.
        let answers = world.elsewhere().call(&world.ctx, &QUESTION, &json!({})).await.unwrap();
        assert_eq!(answers[0].value, json!("c"));
    }

    async fn nobody_is_asked_who_is_of_another_shop_or_question_or_is_switched_off(
        database: TestDatabase
    ) {
        let world = SyncShop::open(&database).await;
        assert!(world.ask(json!({})).await.unwrap().is_empty());
        let webhook = world.app("a", json!({})).await;
        // One that is told and not asked.
        world.define("b", json!({})).await;
        world.says("a", [json!(1)]);
        let other = EventType::from_static("test.thing.other");
        assert!(world.asks.call(&world.ctx, &other, &json!({})).await.unwrap().is_empty());
        let elsewhere = world.ctx.clone().for_shop(ShopId::generate(&SystemIds));
        assert!(world.asks.call(&elsewhere, &QUESTION, &json!({})).await.unwrap().is_empty());
        assert_eq!(world.values(json!({})).await, [json!(1)]);
        let off = "UPDATE app_webhook SET is_active = FALSE WHERE id = $1";
        world.shop.run(off, [webhook.uuid().into()]).await;
        assert!(world.ask(json!({})).await.unwrap().is_empty());
        let on = "UPDATE app_webhook SET is_active = TRUE WHERE id = $1";
        world.shop.run(on, [webhook.uuid().into()]).await;
        world.shop.run("UPDATE app_installation SET status = 'disabled'", []).await;
        assert!(world.ask(json!({})).await.unwrap().is_empty());
        assert_eq!((world.receiver.at("a").len(), world.receiver.at("b").len()), (1, 0));
    }

    async fn no_app_is_asked_for_a_request_of_no_shop(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        let mut ctx = world.ctx.clone();
        ctx.shop_id = None;
        let answer = world.asks.call(&ctx, &QUESTION, &json!({})).await;
        assert!(matches!(answer, Err(SyncCallError::NoShop(_))));
    }

    async fn whom_its_filter_excludes_is_not_asked(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        let sync = json!({ "deadlineMilliseconds": 10_000, "onFailure": "closed" });
        let filter = json!({ "path": "/data/total", "gte": 100 });
        world.define("a", json!({ "mode": "sync", "sync": sync, "filter": filter })).await;
        world.says("a", [json!("large")]);
        assert!(world.ask(json!({ "total": 99 })).await.unwrap().is_empty());
        assert_eq!(world.values(json!({ "total": 100 })).await, [json!("large")]);
    }

    async fn an_answer_is_held_to_the_schema_of_the_manifest_as_it_is_now(database: TestDatabase) {
        let world = SyncShop::open(&database).await;
        let schema = |kind: &str| json!({
            "responseSchema": {
                "type": "object",
                "properties": { "price": { "type": kind } },
                "required": ["price"],
            },
        });
        let webhook = world.app("a", schema("number")).await;
        world.says("a", [json!({ "price": 7 })]);
        assert_eq!(world.values(json!({})).await, [json!({ "price": 7 })]);
        world.says("a", [json!({ "price": "a secret" }), json!({})]);
        let wrong = world.failure(json!({})).await.to_string();
        assert!(wrong.contains("price") && !wrong.contains("a secret"), "{wrong}");
        let missing = world.failure(json!({})).await.to_string();
        assert_eq!(missing, "the answer breaks the app's schema: price: expected a value");
        // Another version of the manifest.
        let other = world.app("b", schema("string")).await;
        let update = "UPDATE app_webhook SET definition = \
                      (SELECT definition FROM app_webhook WHERE id = $1) WHERE id = $2";
        world.shop.run(update, [other.uuid().into(), webhook.uuid().into()]).await;
        let remove = "DELETE FROM app_webhook WHERE id = $1";
        world.shop.run(remove, [other.uuid().into()]).await;
        world.says("b", [json!({ "price": "7.00" })]);
        assert_eq!(world.values(json!({})).await, [json!({ "price": "7.00" })]);
    }
}
