//! Apps that are switched off and on, and removed.

use czo_apps::{AppError, AppUninstalled, AppUpdated, InstallationId, InstallationStatus};
use czo_core::{IdGenerator, SystemIds};
use czo_testkit::on_each_database;
use serde_json::json;

use crate::world::World;

const ACTIVE: &str = "SELECT identifier FROM app_webhook WHERE is_active";

on_each_database! {
    async fn an_app_that_is_off_may_do_nothing_until_it_is_on_again(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let token = world.app.token();
        let off = world.registry.disable(&world.owner, app.id).await.unwrap();
        assert_eq!(off.status, InstallationStatus::Disabled);
        assert_eq!(world.whose(&token).await, None);
        assert!(world.texts(ACTIVE).await.is_empty());
        let on = world.registry.enable(&world.owner, app.id).await.unwrap();
        assert_eq!(on.status, InstallationStatus::Enabled);
        assert!(world.whose(&token).await.is_some());
        assert_eq!(world.texts(ACTIVE).await, ["orders", "products"]);
    }

    async fn a_webhook_that_was_off_before_stays_off(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let gone = "UPDATE app_webhook SET is_active = false, disabled_reason = 'gone' \
                    WHERE identifier = 'orders'";
        sea_orm::ConnectionTrait::execute_unprepared(&*world.database, gone).await.unwrap();
        world.registry.disable(&world.owner, app.id).await.unwrap();
        world.registry.enable(&world.owner, app.id).await.unwrap();
        assert_eq!(world.texts(ACTIVE).await, ["products"]);
    }

    async fn switching_is_told_once(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let _ = world.events.take().await;
        for _ in 0..2 {
            world.registry.disable(&world.owner, app.id).await.unwrap();
        }
        let told: Vec<AppUpdated> = world.events.take_of().await;
        let [told] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!(told.status, InstallationStatus::Disabled);
        assert_eq!(told.changed, ["status"]);
    }

    async fn of_an_app_that_was_removed_nothing_secret_is_left(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let token = world.app.token();
        let config = json!({ "apiKey": "sk_live_12345678" });
        world.registry.configure(&world.owner, app.id, &config).await.unwrap();
        let _ = world.events.take().await;
        world.registry.uninstall(&world.owner, app.id).await.unwrap();
        assert_eq!(world.whose(&token).await, None);
        assert_eq!(world.rows("app_token WHERE revoked_at IS NULL").await, 0);
        assert_eq!(world.rows("app_installation WHERE config IS NOT NULL").await, 0);
        for table in ["app_secret", "app_webhook", "app_webhook_topic"] {
            assert_eq!(world.rows(table).await, 0, "{table}");
        }
        assert!(world.registry.signer(app.id).await.unwrap().is_none());
        let told: Vec<AppUninstalled> = world.events.take_of().await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].installation_id, app.id);
    }

    async fn what_waits_for_an_app_that_is_removed_is_given_up_and_then_forgotten(
        database: TestDatabase
    ) {
        let world = World::new(&database).await;
        let (app, other) = (world.install().await.id, InstallationId::generate(&SystemIds));
        let webhook = world.registry.webhooks(&world.owner, app).await.unwrap()[0].id;
        for app in [app, app, other] {
            let id = || SystemIds.uuid_v7().into();
            world.run(
                "INSERT INTO webhook_delivery (id, webhook_id, app_id, shop_id, event_id, event_type, \
                 correlation_id, body, state, attempts, sent, created_at, next_at) \
                 VALUES ($1, $2, $3, $4, $5, 'order.item.placed', 'x', '{}', 1, 2, 2, 0, 0)",
                [id(), webhook.uuid().into(), app.uuid().into(), id(), id()],
            ).await;
        }
        let state = "INSERT INTO webhook_endpoint_state (webhook_id) VALUES ($1)";
        world.run(state, [webhook.uuid().into()]).await;
        let attempts = "INSERT INTO webhook_attempt (delivery_id, number, at, request_headers, \
                        is_cut, duration_ms) SELECT id, 1, 0, '{}', FALSE, 1 FROM webhook_delivery";
        world.run(attempts, []).await;

        world.registry.uninstall(&world.owner, app).await.unwrap();
        assert_eq!(world.rows("webhook_delivery").await, 1);
        assert_eq!(world.rows("webhook_log WHERE state = 5").await, 2);
        assert_eq!(world.rows("webhook_endpoint_state").await, 0);
        // What is under way may still have something to write.
        assert_eq!(world.registry.sweep().await.unwrap().deliveries, 0);
        world.run("UPDATE webhook_log SET done_at = done_at - 600001", []).await;
        assert_eq!(world.registry.sweep().await.unwrap().deliveries, 2);
        assert_eq!((world.rows("webhook_log").await, world.rows("webhook_attempt").await), (0, 1));
    }

    async fn an_app_that_was_removed_is_not_there_and_can_come_back(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let token = world.app.token();
        world.registry.uninstall(&world.owner, app.id).await.unwrap();
        let gone = world.registry.get(&world.owner, app.id).await.unwrap_err();
        assert!(matches!(gone, AppError::NotFound { .. }), "{gone}");
        let gone = world.registry.enable(&world.owner, app.id).await.unwrap_err();
        assert!(matches!(gone, AppError::NotFound { .. }), "{gone}");
        let gone = world.registry.uninstall(&world.owner, app.id).await.unwrap_err();
        assert!(matches!(gone, AppError::NotFound { .. }), "{gone}");
        let again = world.install().await;
        assert_ne!(again.id, app.id);
        assert_eq!(world.whose(&token).await, None);
        assert_eq!(world.whose(&world.app.token()).await.unwrap().app, again.id);
        assert_eq!(world.registry.config(&world.owner, again.id).await.unwrap(), json!({}));
    }
}
