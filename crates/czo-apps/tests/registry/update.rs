//! An installed app says something else of itself.

use czo_apps::{AppError, AppUpdated, Consent, InstallationId, ManifestSource, UpdateOutcome};
use czo_core::{Classified, ErrorKind};
use czo_testkit::on_each_database;
use serde_json::{Value, json};

use crate::world::{World, grants, user};

/// Permissions with one that is new, one that reaches further, and one that is gone.
fn other_permissions() -> Value {
    json!([
        { "resource": "order", "actions": ["read", "write"], "scope": "shop", "purpose": "Points." },
        { "resource": "product", "actions": ["read"], "scope": "shop", "purpose": "Gifts." },
    ])
}

/// Updates the app to a second version with these changes.
async fn update(world: &World, app: InstallationId, changes: &[(&str, Value)]) -> UpdateOutcome {
    let mut manifest = world.manifest_with(changes);
    manifest["version"] = json!("2.0.0");
    world.app.say(&manifest);
    world.registry.update(&world.owner, app, None).await.unwrap()
}

on_each_database! {
    async fn an_update_without_new_permissions_is_applied_in_place(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let token = world.app.token();
        let outcome = update(&world, app.id, &[("/name", json!("Loyalty 2"))]).await;
        let UpdateOutcome::Applied(diff) = &outcome else { panic!("{outcome:?}") };
        assert_eq!(diff.version.to.to_string(), "2.0.0");
        let updated = world.registry.get(&world.owner, app.id).await.unwrap();
        assert_eq!(updated.manifest.name, "Loyalty 2");
        assert_eq!((updated.granted, updated.version), (app.granted, app.version + 1));
        assert!(world.whose(&token).await.is_some());
    }

    async fn what_an_update_asks_for_waits_for_consent_and_the_rest_is_done(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let outcome = update(&world, app.id, &[("/permissions", other_permissions())]).await;
        let UpdateOutcome::NeedsConsent { pending, diff, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(pending, grants(&["order:write:shop", "product:read:shop"]));
        assert!(diff.needs_consent());
        let updated = world.registry.get(&world.owner, app.id).await.unwrap();
        assert_eq!(updated.manifest.version.to_string(), "2.0.0");
        assert_eq!(updated.pending, pending);
        // What it had it keeps, what it no longer asks for it loses.
        let kept = grants(&["order:read:shop", "product:read:own"]);
        assert_eq!(updated.granted, kept);
        assert_eq!(world.whose(&world.app.token()).await.unwrap().grants, kept);
    }

    async fn with_consent_an_app_gets_what_it_asks_for_from_the_next_request_on(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        update(&world, app.id, &[("/permissions", other_permissions())]).await;
        let consent = Consent::To(grants(&["order:write:shop", "product:read:shop"]));
        let granted = world.registry.consent(&world.owner, app.id, &consent).await.unwrap();
        let expected = grants(&["order:read:shop", "order:write:shop", "product:read:shop"]);
        assert_eq!((&granted.granted, granted.pending.len()), (&expected, 0));
        assert_eq!(world.whose(&world.app.token()).await.unwrap().grants, expected);
    }

    async fn what_would_be_at_another_host_stays_where_it_was_until_somebody_consents(
        database: TestDatabase
    ) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let targets = "SELECT identifier || ' ' || CAST(definition AS text) FROM app_webhook";
        let elsewhere = async || {
            let found = world.texts(targets).await.into_iter();
            let moved = found.filter(|one| one.contains("elsewhere.example.net"));
            moved.map(|one| one.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let webhooks = json!([
            { "identifier": "orders", "events": ["order.item.placed"], "targetUrl": "https://elsewhere.example.net/orders", "mode": "async" },
            { "identifier": "stock", "events": ["product.#"], "targetUrl": "https://elsewhere.example.net/stock", "mode": "async" },
        ]);
        let outcome = update(&world, app.id, &[
            ("/webhooks", webhooks), ("/appUrl", json!("https://elsewhere.example.net")),
            ("/handshakeUrl", json!(format!("{}/handshake", world.app.url))),
        ]).await;
        let UpdateOutcome::NeedsConsent { hosts, pending, diff } = outcome else { panic!("{outcome:?}") };
        assert!(pending.is_empty() && diff.needs_consent());
        assert_eq!(hosts.len(), 1);
        assert_eq!(hosts[0].host, "https://elsewhere.example.net");
        assert_eq!(hosts[0].places, ["appUrl", "webhook orders", "webhook stock"]);

        let updated = world.registry.get(&world.owner, app.id).await.unwrap();
        assert_eq!(updated.pending_hosts, hosts);
        assert_eq!(updated.manifest.version.to_string(), "2.0.0");
        assert_eq!(updated.manifest.app_url, app.manifest.app_url);
        // All else of it is in place: other events, and no webhook that is gone.
        assert_eq!(world.texts("SELECT identifier FROM app_webhook").await, ["orders"]);
        let topics = world.texts("SELECT event_type FROM app_webhook_topic").await;
        assert_eq!(topics, ["order.item.placed"]);
        assert!(elsewhere().await.is_empty());
        // The same once more changes nothing, and still wants consent.
        let again = world.registry.update(&world.owner, app.id, None).await.unwrap();
        assert!(matches!(again, UpdateOutcome::NeedsConsent { .. }) && again.diff().is_empty());

        let registry = &world.registry;
        for other in [
            Consent::To(vec![]),
            Consent::ToUpdate { grants: vec![], hosts: vec!["https://example.net".to_owned()] },
        ] {
            let error = registry.consent(&world.owner, app.id, &other).await.unwrap_err();
            assert!(matches!(error, AppError::HostsNotConsented { .. }), "{error}");
        }
        // Who may not do all that the app may does not let others have it.
        let clerk = user("clerk").for_shop(world.shop);
        let error = registry.consent(&clerk, app.id, &Consent::ToAll).await.unwrap_err();
        assert!(matches!(error, AppError::NotYours { .. }), "{error}");
        assert!(elsewhere().await.is_empty());

        let hosts = vec!["https://elsewhere.example.net".to_owned()];
        let consent = Consent::ToUpdate { grants: vec![], hosts };
        let moved = registry.consent(&world.owner, app.id, &consent).await.unwrap();
        assert_eq!(moved.manifest.app_url.as_str(), "https://elsewhere.example.net/");
        assert!(moved.pending_hosts.is_empty());
        assert_eq!(elsewhere().await, ["orders", "stock"]);
    }

    async fn an_update_that_stays_takes_back_one_that_wanted_to_be_elsewhere(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let moves = ("/webhooks/0/targetUrl", json!("https://elsewhere.example.net/orders"));
        update(&world, app.id, &[moves]).await;
        let outcome = update(&world, app.id, &[]).await;
        assert!(matches!(outcome, UpdateOutcome::Applied(_)), "{outcome:?}");
        let updated = world.registry.get(&world.owner, app.id).await.unwrap();
        assert!(updated.pending_hosts.is_empty());
        // Nothing waits that somebody could consent to.
        let after = world.registry.consent(&world.owner, app.id, &Consent::ToAll).await.unwrap();
        assert_eq!(after, updated);
    }

    async fn nobody_consents_to_what_they_may_not_do_themselves(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        update(&world, app.id, &[("/permissions", other_permissions())]).await;
        let clerk = user("clerk").for_shop(world.shop);
        let error = world.registry.consent(&clerk, app.id, &Consent::ToAll).await.unwrap_err();
        assert_eq!(error.to_string(), "the app asks for what you may not do yourself: order:write");
        let still = world.registry.get(&world.owner, app.id).await.unwrap();
        assert_eq!(still.pending.len(), 2);
    }

    async fn a_consent_to_something_else_gives_nothing(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        update(&world, app.id, &[("/permissions", other_permissions())]).await;
        let consent = Consent::To(grants(&["product:read:shop", "order:write:own"]));
        let error = world.registry.consent(&world.owner, app.id, &consent).await.unwrap_err();
        let AppError::NotConsented { missing } = error else { panic!("{error}") };
        assert_eq!(missing, grants(&["order:write:shop"]));
    }

    async fn what_waits_for_consent_waits_through_further_updates(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        update(&world, app.id, &[("/permissions", other_permissions())]).await;
        let mut third = world.manifest_with(&[("/permissions", other_permissions())]);
        third["version"] = json!("3.0.0");
        world.app.say(&third);
        let outcome = world.registry.update(&world.owner, app.id, None).await.unwrap();
        let UpdateOutcome::NeedsConsent { diff, pending, .. } = outcome else { panic!("{outcome:?}") };
        // Nothing is new since the last one, and still nobody has consented.
        assert!(!diff.needs_consent());
        assert_eq!(pending.len(), 2);
    }

    async fn an_app_that_asks_for_less_needs_no_consent(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let fewer = json!([
            { "resource": "order", "actions": ["read"], "scope": "own", "purpose": "Points." },
        ]);
        let outcome = update(&world, app.id, &[("/permissions", fewer)]).await;
        assert!(matches!(outcome, UpdateOutcome::Applied(_)), "{outcome:?}");
        let identity = world.whose(&world.app.token()).await.unwrap();
        assert_eq!(identity.grants, grants(&["order:read:own"]));
    }

    async fn webhooks_are_known_by_their_identifiers(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let ids = "SELECT identifier FROM app_webhook ORDER BY id";
        let first_id = world.texts("SELECT CAST(min(identifier) AS text) FROM app_webhook").await;
        assert_eq!(first_id, ["orders"]);
        let gone = "UPDATE app_webhook SET is_active = false, disabled_reason = 'gone'";
        sea_orm::ConnectionTrait::execute_unprepared(&*world.database, gone).await.unwrap();
        let webhooks = json!([
            { "identifier": "products", "events": ["product.item.created"], "targetUrl": "/hooks/products", "mode": "async" },
            { "identifier": "stock", "events": ["product.#"], "targetUrl": "/hooks/stock", "mode": "async" },
        ]);
        update(&world, app.id, &[("/webhooks", webhooks)]).await;
        assert_eq!(world.texts(ids).await, ["products", "stock"]);
        // It has other events now and is where it was: so it stays off.
        assert_eq!(world.texts("SELECT identifier FROM app_webhook WHERE is_active").await, ["stock"]);
        let topics = "SELECT t.event_type FROM app_webhook_topic t JOIN app_webhook w \
                      ON w.id = t.webhook_id WHERE w.identifier = 'products'";
        assert_eq!(world.texts(topics).await, ["product.item.created"]);
    }

    async fn a_webhook_that_is_somewhere_else_now_is_on_again(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let gone = "UPDATE app_webhook SET is_active = false, disabled_reason = 'gone'";
        sea_orm::ConnectionTrait::execute_unprepared(&*world.database, gone).await.unwrap();
        update(&world, app.id, &[("/webhooks/0/targetUrl", json!("/hooks/new"))]).await;
        assert_eq!(world.texts("SELECT identifier FROM app_webhook WHERE is_active").await, ["orders"]);
    }

    async fn an_update_that_says_the_same_changes_and_tells_nothing(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let _ = world.events.take().await;
        let outcome = world.registry.update(&world.owner, app.id, None).await.unwrap();
        assert!(outcome.diff().is_empty());
        assert_eq!(world.registry.get(&world.owner, app.id).await.unwrap(), app);
        assert!(world.events.take().await.is_empty());
    }

    async fn an_update_is_told_with_what_has_changed(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let _ = world.events.take().await;
        update(&world, app.id, &[("/permissions", other_permissions())]).await;
        world.registry.consent(&world.owner, app.id, &Consent::ToAll).await.unwrap();
        let told: Vec<AppUpdated> = world.events.take_of().await;
        assert_eq!(told[0].changed, ["manifest", "granted", "pending"]);
        assert_eq!(told[0].pending.len(), 2);
        assert_eq!(told[1].changed, ["granted", "pending"]);
        assert_eq!((told[1].pending.len(), told[1].app_version.as_str()), (0, "2.0.0"));
    }

    async fn another_app_is_no_update(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        world.app.say(&world.manifest_with(&[("/id", json!("com.example.other"))]));
        let error = world.registry.update(&world.owner, app.id, None).await.unwrap_err();
        assert!(matches!(error, AppError::OtherApp { .. }), "{error}");
        assert_eq!(world.registry.get(&world.owner, app.id).await.unwrap(), app);
    }

    async fn a_manifest_that_breaks_rules_is_no_update(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        world.app.say(&world.manifest_with(&[("/name", json!(""))]));
        let error = world.registry.update(&world.owner, app.id, None).await.unwrap_err();
        assert_eq!(error.field_errors()[0].field, ["name"]);
        assert_eq!(world.registry.get(&world.owner, app.id).await.unwrap(), app);
    }

    async fn of_two_updates_at_once_none_is_lost_in_silence(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let document = |name: &str| {
            let manifest = world.manifest_with(&[("/name", json!(name))]);
            Some(ManifestSource::Document(manifest.to_string().into_bytes()))
        };
        let (one, two) = tokio::join!(
            world.registry.update(&world.owner, app.id, document("One")),
            world.registry.update(&world.owner, app.id, document("Two")),
        );
        let after = world.registry.get(&world.owner, app.id).await.unwrap();
        let done = [&one, &two].iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(i32::try_from(done).unwrap(), after.version - app.version);
        for outcome in [one, two] {
            if let Err(error) = outcome {
                assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
            }
        }
    }
}
