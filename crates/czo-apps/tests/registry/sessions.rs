//! Who gets a session token.

use std::time::Duration;

use chrono::TimeDelta;
use czo_apps::{
    AppError, Installation, Mount, SessionError, SessionRequest, SessionTokenError, SessionTokens,
    SessionVerifier, SigningSecret,
};
use czo_core::{
    Actor, ActorType, Classified, Clock, ErrorKind, Permission, PermissionError, RequestContext,
    ShopId, SystemIds,
};
use czo_testkit::{TestDatabase, on_each_database};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::world::{HOUR, World, user};

/// A shop with an app that shows itself, and who issues its tokens.
async fn world(database: &TestDatabase) -> (World, SessionTokens, Installation) {
    let world = World::new(database).await;
    let mut manifest = world.manifest();
    manifest["extensions"] = json!([
        {
            "identifier": "points", "mount": "ORDER_DETAILS", "label": "Points",
            "url": "/orders", "permissions": ["order:read"],
        },
        { "identifier": "setup", "mount": "SETTINGS", "label": "Loyalty", "url": "/settings" },
    ]);
    world.app.say(&manifest);
    let app = world.install().await;
    let sessions = SessionTokens::new(&world.registry);
    (world, sessions, app)
}

fn points(app: &Installation) -> SessionRequest {
    SessionRequest {
        app: app.id,
        extension: "points".parse().unwrap(),
        mount: Mount::OrderDetails,
        entity: Some("order_01jd3w2kh8f0rb9nq4z7v5m6xt".to_owned()),
    }
}

fn setup(app: &Installation) -> SessionRequest {
    let extension = "setup".parse().unwrap();
    SessionRequest { app: app.id, extension, mount: Mount::Settings, entity: None }
}

fn verifier(app: &Installation, secret: &str) -> SessionVerifier {
    let secret: SigningSecret = secret.parse().unwrap();
    let api_url = "https://czo.example.com/api".parse().unwrap();
    SessionVerifier::new(api_url, app.manifest.id.clone(), [secret])
}

fn handed_over(world: &World) -> String {
    world.app.installed().json()["signingSecret"].as_str().unwrap().to_owned()
}

fn somebody(role: &str, shop: ShopId) -> RequestContext {
    user(role).for_shop(shop)
}

on_each_database! {
    async fn a_person_gets_a_token_that_the_app_verifies(database: TestDatabase) {
        let (world, sessions, app) = world(&database).await;
        let ctx = somebody("clerk", world.shop);
        let issued = sessions.issue(&ctx, points(&app)).await.unwrap();
        let now = world.clock.now();
        assert_eq!(issued.expires_at, now + TimeDelta::seconds(60));
        assert_eq!(issued.extension.url.as_url().path(), "/orders");
        let token = issued.token.expose_secret();
        assert_eq!(SessionVerifier::claimed_installation(token), Ok(app.id));
        let claims = verifier(&app, &handed_over(&world)).verify(token, now).unwrap();
        assert_eq!(Some(claims.user), ctx.actor.id());
        assert_eq!((claims.shop, claims.installation), (world.shop, app.id));
        assert_eq!(claims.mount, Mount::OrderDetails);
        assert_eq!(claims.entity.as_deref(), Some("order_01jd3w2kh8f0rb9nq4z7v5m6xt"));
        // Each has its own id, and nothing of it is shown by accident.
        let other = sessions.issue(&ctx, points(&app)).await.unwrap();
        assert_ne!(token, other.token.expose_secret());
        assert!(!format!("{issued:?}").contains("eyJ"));
        world.clock.advance(Duration::from_secs(70));
        let over = verifier(&app, &handed_over(&world)).verify(token, world.clock.now());
        assert!(matches!(over, Err(SessionTokenError::Expired { .. })));
    }

    async fn who_may_not_see_the_extension_gets_none(database: TestDatabase) {
        let (world, sessions, app) = world(&database).await;
        let viewer = somebody("viewer", world.shop);
        let refused = sessions.issue(&viewer, points(&app)).await.unwrap_err();
        let AppError::Permission(PermissionError::Denied { permission }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(permission, Permission::new("order", "read"));
        // Where the extension names nothing it is enough to see which apps there are.
        sessions.issue(&viewer, setup(&app)).await.unwrap();
        let stranger = somebody("stranger", world.shop);
        let refused = sessions.issue(&stranger, setup(&app)).await.unwrap_err();
        assert!(matches!(refused, AppError::Permission(_)), "{refused:?}");
        let nobody = RequestContext { actor: Actor::Anonymous, ..viewer };
        let refused = sessions.issue(&nobody, points(&app)).await.unwrap_err();
        assert!(matches!(refused, AppError::Session(SessionError::Anonymous)), "{refused:?}");
        assert_eq!(refused.kind(), ErrorKind::Unauthenticated);
    }

    async fn neither_czo_nor_an_app_gets_one(database: TestDatabase) {
        let (world, sessions, app) = world(&database).await;
        let system = RequestContext::system(&SystemIds).for_shop(world.shop);
        let token = world.app.token();
        let actor = world.whose(&token).await.unwrap().actor();
        assert!(matches!(actor, Actor::Known { kind: ActorType::App, .. }));
        for ctx in [system.clone(), RequestContext { actor, ..system }] {
            let refused = sessions.issue(&ctx, points(&app)).await.unwrap_err();
            assert!(matches!(refused, AppError::Session(SessionError::NotUser)), "{refused:?}");
        }
    }

    async fn only_an_extension_of_the_manifest_at_its_mount_has_one(database: TestDatabase) {
        let (world, sessions, app) = world(&database).await;
        let elsewhere = SessionRequest { mount: Mount::Navigation, ..points(&app) };
        let unknown = SessionRequest { extension: "other".parse().unwrap(), ..points(&app) };
        for request in [elsewhere, unknown] {
            let refused = sessions.issue(&world.owner, request).await.unwrap_err();
            let is_none = matches!(refused, AppError::Session(SessionError::NoExtension { .. }));
            assert!(is_none, "{refused:?}");
        }
        for entity in ["", "with space", "ünicode", "line\n", &"x".repeat(256)] {
            let request = SessionRequest { entity: Some(entity.to_owned()), ..points(&app) };
            let refused = sessions.issue(&world.owner, request).await.unwrap_err();
            assert!(matches!(refused, AppError::Session(SessionError::Entity)), "{entity}");
        }
    }

    async fn only_an_app_that_is_enabled_in_this_shop_has_one(database: TestDatabase) {
        let (world, sessions, app) = world(&database).await;
        let elsewhere = world.owner.clone().for_shop(ShopId::generate(&SystemIds));
        let refused = sessions.issue(&elsewhere, points(&app)).await.unwrap_err();
        assert!(matches!(refused, AppError::NotFound { .. }), "{refused:?}");
        world.registry.disable(&world.owner, app.id).await.unwrap();
        let refused = sessions.issue(&world.owner, points(&app)).await.unwrap_err();
        assert!(matches!(refused, AppError::Session(SessionError::Disabled { .. })), "{refused:?}");
        world.registry.enable(&world.owner, app.id).await.unwrap();
        sessions.issue(&world.owner, points(&app)).await.unwrap();
        world.registry.uninstall(&world.owner, app.id).await.unwrap();
        let refused = sessions.issue(&world.owner, points(&app)).await.unwrap_err();
        assert!(matches!(refused, AppError::NotFound { .. }), "{refused:?}");
    }

    async fn while_the_secret_is_replaced_the_old_one_signs(database: TestDatabase) {
        let (world, sessions, app) = world(&database).await;
        let old = handed_over(&world);
        let rotated = world.registry.rotate_secret(&world.owner, app.id, HOUR).await.unwrap();
        let new = rotated.secret.expose_secret().to_owned();
        let during = sessions.issue(&world.owner, points(&app)).await.unwrap();
        let now = world.clock.now();
        assert!(verifier(&app, &old).verify(during.token.expose_secret(), now).is_ok());
        world.clock.advance(HOUR);
        let after = sessions.issue(&world.owner, points(&app)).await.unwrap();
        let (token, now) = (after.token.expose_secret(), world.clock.now());
        assert!(verifier(&app, &new).verify(token, now).is_ok());
        let refused = verifier(&app, &old).verify(token, now);
        assert_eq!(refused, Err(SessionTokenError::Mismatch));
    }
}
