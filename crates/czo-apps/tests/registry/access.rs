//! Who may do what with the apps of a shop.

use std::time::Duration;

use czo_apps::{AppError, Consent, Installation};
use czo_core::{Actor, Classified, ErrorKind, PermissionError, RequestContext, ShopId, SystemIds};
use czo_repo::PageRequest;
use czo_testkit::on_each_database;
use serde_json::json;

use crate::world::{World, user};

/// Everything that changes an app, by its name, and whether it went well.
async fn every_write(
    world: &World,
    ctx: &RequestContext,
    app: &Installation,
) -> Vec<(&'static str, Result<(), AppError>)> {
    let (registry, id, overlap) = (&world.registry, app.id, Duration::ZERO);
    let request = world.request();
    vec![
        ("preview", registry.preview(ctx, &request.manifest).await.map(drop)),
        ("update", registry.update(ctx, id, None).await.map(drop)),
        ("consent", registry.consent(ctx, id, &Consent::ToAll).await.map(drop)),
        ("configure", registry.configure(ctx, id, &json!({})).await.map(drop)),
        ("rotate_token", registry.rotate_token(ctx, id, overlap).await.map(drop)),
        ("rotate_secret", registry.rotate_secret(ctx, id, overlap).await.map(drop)),
        ("revoke_tokens", registry.revoke_tokens(ctx, id).await.map(drop)),
        ("disable", registry.disable(ctx, id).await.map(drop)),
        ("enable", registry.enable(ctx, id).await.map(drop)),
        ("uninstall", registry.uninstall(ctx, id).await),
    ]
}

async fn every_read(
    world: &World,
    ctx: &RequestContext,
    app: &Installation,
) -> Vec<(&'static str, Result<(), AppError>)> {
    let (registry, page) = (&world.registry, PageRequest::new(Default::default()).unwrap());
    vec![
        ("list", registry.list(ctx, &page).await.map(drop)),
        ("get", registry.get(ctx, app.id).await.map(drop)),
        ("config", registry.config(ctx, app.id).await.map(drop)),
        ("tokens", registry.tokens(ctx, app.id).await.map(drop)),
    ]
}

fn lacks(error: &AppError, permission: &str) -> bool {
    matches!(error, AppError::Permission(PermissionError::Denied { permission: lacking })
        if lacking.to_string() == permission)
}

on_each_database! {
    async fn without_app_write_nothing_is_changed(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let viewer = user("viewer").for_shop(world.shop);
        let mut attempts = every_write(&world, &viewer, &app).await;
        let install = world.registry.install(&viewer, world.request()).await;
        attempts.push(("install", install.map(drop)));
        for (name, outcome) in attempts {
            let error = outcome.expect_err(name);
            assert!(lacks(&error, "app:write"), "{name}: {error}");
        }
        assert_eq!(world.registry.get(&world.owner, app.id).await.unwrap(), app);
    }

    async fn without_app_read_nothing_is_seen(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let stranger = user("stranger").for_shop(world.shop);
        for (name, outcome) in every_read(&world, &stranger, &app).await {
            let error = outcome.expect_err(name);
            assert!(lacks(&error, "app:read"), "{name}: {error}");
        }
        let viewer = user("viewer").for_shop(world.shop);
        for (name, outcome) in every_read(&world, &viewer, &app).await {
            outcome.expect(name);
        }
    }

    async fn a_visitor_is_asked_for_a_token(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let visitor = RequestContext { actor: Actor::Anonymous, ..world.owner.clone() };
        for (name, outcome) in every_write(&world, &visitor, &app).await {
            assert_eq!(outcome.expect_err(name).kind(), ErrorKind::Unauthenticated, "{name}");
        }
    }

    async fn the_app_of_another_shop_is_not_there(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let elsewhere = world.owner.clone().for_shop(ShopId::generate(&SystemIds));
        let mut attempts = every_write(&world, &elsewhere, &app).await;
        attempts.extend(every_read(&world, &elsewhere, &app).await);
        for (name, outcome) in attempts {
            if matches!(name, "preview" | "list") {
                outcome.expect(name);
            } else {
                let error = outcome.expect_err(name);
                assert!(matches!(error, AppError::NotFound { .. }), "{name}: {error}");
            }
        }
        assert_eq!(world.registry.get(&world.owner, app.id).await.unwrap(), app);
    }

    async fn whatever_is_done_can_be_done_by_any_task(database: TestDatabase) {
        fn is_send<T: Send>(value: T) -> T {
            value
        }
        let world = World::new(&database).await;
        let app = world.install().await;
        let reads = is_send(every_read(&world, &world.owner, &app)).await;
        assert!(reads.into_iter().all(|(_, outcome)| outcome.is_ok()));
        let _ = is_send(every_write(&world, &world.owner, &app)).await;
        is_send(world.registry.sweep()).await.unwrap();
        is_send(world.registry.reseal()).await.unwrap();
        is_send(world.registry.expand_topics([])).await.unwrap();
        is_send(world.registry.signer(app.id)).await.unwrap();
        is_send(world.tokens.authenticate("czoapp_")).await.unwrap();
    }

    async fn a_shop_must_be_named(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        for (name, outcome) in every_write(&world, &user("owner"), &app).await {
            assert!(matches!(outcome.expect_err(name), AppError::NoShop(_)), "{name}");
        }
    }
}
