//! Nothing secret goes to who does not know how to answer, and nothing is left of what fails.

use std::sync::Arc;

use czo_apps::{
    AppError, HandshakeProblem, HandshakeStep, PublicKey, ReceivedHeaders, SigningSecret,
    TransportError, Verifier,
};
use czo_core::{Classified, Clock, ErrorKind};
use czo_testkit::on_each_database;
use serde_json::Value;

use crate::app_server::{Answer, Received};
use crate::http_transport::LimitlessTransport;
use crate::world::{SOON, Setting, World};

/// That an installation failed, how, and that nothing of it is left.
async fn refused(world: &World) -> AppError {
    let error = world.try_install().await.unwrap_err();
    for table in ["app_installation", "app_token", "app_secret", "app_webhook"] {
        assert_eq!(world.rows(table).await, 0, "{table}");
    }
    assert!(world.events.take().await.is_empty());
    error
}

/// That nothing but the challenge was sent.
fn assert_nothing_secret_left(world: &World) {
    let received = world.app.received();
    let [challenge] = received.as_slice() else { panic!("one message, not {received:?}") };
    assert_eq!(challenge.json()["type"], "app.challenge");
    let text = String::from_utf8_lossy(&challenge.bytes);
    assert!(!text.contains("czoapp_") && !text.contains("whsec_"), "{text}");
}

fn verify(message: &Received, verifier: &Verifier, world: &World) -> bool {
    let headers = ReceivedHeaders {
        id: message.header("webhook-id"),
        timestamp: message.header("webhook-timestamp"),
        signature: message.header("webhook-signature"),
    };
    verifier.verify(&headers, &message.bytes, world.clock.now()).is_ok()
}

fn text<'a>(message: &'a Value, field: &str) -> &'a str {
    message[field].as_str().unwrap()
}

on_each_database! {
    async fn first_the_app_is_challenged_then_it_gets_its_token(database: TestDatabase) {
        let world = World::new(&database).await;
        let installed = world.install().await;
        let received = world.app.received();
        let [challenge, handed_over] = received.as_slice() else { panic!("{received:?}") };
        assert_eq!(challenge.header("content-type"), "application/json");
        assert_eq!(challenge.header("x-czo-app-id"), "com.example.loyalty");
        for message in [challenge.json(), handed_over.json()] {
            assert_eq!(text(&message, "appId"), "com.example.loyalty");
            assert_eq!(text(&message, "installationId"), installed.id.to_string());
            assert_eq!(text(&message, "shopId"), world.shop.to_string());
            assert_eq!(text(&message, "apiUrl"), "https://czo.example.com/api");
        }
        let handed_over = handed_over.json();
        assert_eq!(text(&handed_over, "type"), "app.installed");
        assert_eq!(text(&handed_over, "tokenExpiresAt"), "2027-02-28T12:00:00Z");
        assert!(text(&handed_over, "token").starts_with("czoapp_"));
    }

    async fn each_challenge_is_another_one(database: TestDatabase) {
        let world = World::new(&database).await;
        world.app.answer_challenge(Answer::Status(500));
        refused(&world).await;
        refused(&world).await;
        let received = world.app.received();
        let challenge = |place: usize| received[place].json()["challenge"].clone();
        assert_ne!(challenge(0), challenge(1));
        assert!(challenge(0).as_str().unwrap().len() >= 43);
    }

    async fn the_token_comes_signed_by_the_secret_and_the_key_that_come_with_it(database: TestDatabase) {
        let world = World::new(&database).await;
        world.install().await;
        let message = world.app.installed();
        let json = message.json();
        let secret: SigningSecret = text(&json, "signingSecret").parse().unwrap();
        let key: PublicKey = text(&json, "publicKey").parse().unwrap();
        assert!(verify(&message, &Verifier::new(secret), &world));
        assert!(verify(&message, &Verifier::new(key), &world));
        let other = SigningSecret::generate().unwrap();
        assert!(!verify(&message, &Verifier::new(other), &world));
    }

    async fn an_app_that_does_not_repeat_the_challenge_gets_nothing(database: TestDatabase) {
        for body in ["{\"challenge\":\"mine\"}", "{}", "", "null", "[]", "{\"challenge\":1}"] {
            let world = World::new(&database).await;
            world.app.answer_challenge(Answer::Body(body));
            let error = refused(&world).await;
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().ends_with(&format!("the app answered: {body}")), "{error}");
            assert_nothing_secret_left(&world);
        }
    }

    async fn an_app_that_repeats_all_it_is_sent_with_an_error_gets_nothing(database: TestDatabase) {
        for status in [204, 302, 404, 500] {
            let world = World::new(&database).await;
            world.app.answer_challenge(Answer::Status(status));
            if status == 204 {
                // A success without a body repeats nothing.
                assert!(refused(&world).await.to_string().contains("expected the challenge back"));
            } else {
                let error = refused(&world).await;
                assert!(error.to_string().contains(&format!("the status {status}")), "{error}");
            }
            assert_nothing_secret_left(&world);
        }
    }

    async fn an_app_that_does_not_answer_the_challenge_in_time_gets_nothing(database: TestDatabase) {
        for answer in [Answer::Never, Answer::Half] {
            let world = World::with(&database, Setting { deadline: SOON, ..Default::default() }).await;
            world.app.answer_challenge(answer);
            let error = refused(&world).await;
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            assert!(error.to_string().contains("no whole answer within 300 ms"), "{error}");
            assert_nothing_secret_left(&world);
        }
    }

    async fn all_exchanges_of_an_installation_share_one_deadline(database: TestDatabase) {
        let world = World::with(&database, Setting { total_deadline: SOON, ..Default::default() }).await;
        world.app.answer_installed(Answer::Never);
        let AppError::Handshake { step, problem } = refused(&world).await else {
            panic!("refused for another reason");
        };
        let HandshakeProblem::NoAnswer(TransportError::Timeout { deadline }) = problem else {
            panic!("{problem}");
        };
        // The manifest and the challenge have had their part of it.
        assert!(step == HandshakeStep::Installed && deadline < SOON, "{step}: {deadline:?}");
        assert_eq!(world.rows("app_installation").await, 0);
    }

    async fn an_answer_that_is_too_large_is_none(database: TestDatabase) {
        let world = World::new(&database).await;
        world.app.answer_challenge(Answer::Huge);
        let error = refused(&world).await;
        assert!(error.to_string().contains("more than 16384 bytes"), "{error}");
        assert_nothing_secret_left(&world);
    }

    async fn a_transport_without_limits_is_held_to_them(database: TestDatabase) {
        for (answer, problem) in [(Answer::Huge, "16384 bytes"), (Answer::Never, "300 ms")] {
            let transport = Arc::new(LimitlessTransport);
            let setting = Setting { transport, deadline: SOON, ..Default::default() };
            let world = World::with(&database, setting).await;
            world.app.answer_challenge(answer);
            let error = refused(&world).await;
            assert!(error.to_string().contains(problem), "{error}");
        }
    }

    async fn an_app_that_refuses_its_token_is_not_installed_and_the_token_never_counts(database: TestDatabase) {
        let world = World::new(&database).await;
        world.app.answer_installed(Answer::Status(500));
        let error = refused(&world).await;
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("at `app.installed`, the app answered with the status 500"), "{error}");
        assert_eq!(world.whose(&world.app.token()).await, None);
    }

    async fn what_an_app_answers_is_told_without_the_secrets_it_repeats(database: TestDatabase) {
        for answer in [Answer::Secrets, Answer::Status(400)] {
            let world = World::new(&database).await;
            world.app.answer_installed(answer);
            let error = refused(&world).await;
            let (told, debug) = (error.to_string(), format!("{error:?}"));
            let sent = world.app.installed().json();
            for secret in ["token", "signingSecret"] {
                let secret = text(&sent, secret);
                assert!(!told.contains(&secret[..20]) && !debug.contains(&secret[..20]), "{told}");
            }
            assert!(told.contains("the status 400: "), "{told}");
        }
    }

    async fn an_app_that_never_says_it_has_its_token_is_not_installed(database: TestDatabase) {
        let world = World::with(&database, Setting { deadline: SOON, ..Default::default() }).await;
        world.app.answer_installed(Answer::Never);
        let error = refused(&world).await;
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(world.whose(&world.app.token()).await, None);
    }

    async fn after_a_failure_the_app_can_be_installed_at_once(database: TestDatabase) {
        let world = World::new(&database).await;
        world.app.answer_installed(Answer::Status(503));
        refused(&world).await;
        world.app.answer_installed(Answer::Right);
        world.install().await;
        assert!(world.whose(&world.app.token()).await.is_some());
    }
}
