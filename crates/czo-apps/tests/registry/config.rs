//! What is set up for an app.

use czo_apps::{AppError, AppUpdated, InstallationId};
use czo_core::{Actor, Classified, ErrorKind, FieldErrorCode, RequestContext, SystemIds};
use czo_testkit::on_each_database;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::world::{World, user};

const KEY: &str = "sk_live_12345678";

async fn configure(world: &World, app: InstallationId, config: Value) -> Result<Value, AppError> {
    world.registry.configure(&world.owner, app, &config).await
}

/// What the app itself gets.
async fn own(world: &World) -> Value {
    let app = world.whose(&world.app.token()).await.unwrap();
    // Whatever the shop of the request is.
    let ctx = RequestContext { actor: app.actor(), ..RequestContext::system(&SystemIds) };
    let config = world.registry.own_config(&ctx).await.unwrap().unwrap();
    serde_json::from_str(config.expose_secret()).unwrap()
}

on_each_database! {
    async fn only_an_app_reads_what_is_set_up_for_it(database: TestDatabase) {
        let world = World::new(&database).await;
        world.install().await;
        let nobody = RequestContext { actor: Actor::Anonymous, ..world.owner.clone() };
        let error = world.registry.own_config(&nobody).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        for person in [world.owner.clone(), user("owner").for_shop(world.shop)] {
            let error = world.registry.own_config(&person).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Forbidden, "{person:?}");
        }
    }

    async fn what_is_set_up_is_shown_without_its_secrets(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        assert_eq!(world.registry.config(&world.owner, app.id).await.unwrap(), json!({}));
        let shown = configure(&world, app.id, json!({ "apiKey": KEY, "rate": 2 })).await.unwrap();
        assert_eq!(shown, json!({ "apiKey": "[redacted]", "rate": 2 }));
        assert_eq!(world.registry.config(&world.owner, app.id).await.unwrap(), shown);
        assert!(world.registry.get(&world.owner, app.id).await.unwrap().is_configured);
        assert_eq!(own(&world).await, json!({ "apiKey": KEY, "rate": 2 }));
    }

    async fn a_secret_that_is_handed_in_redacted_stays_what_it_is(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        configure(&world, app.id, json!({ "apiKey": KEY, "rate": 2 })).await.unwrap();
        let change = json!({ "apiKey": "[redacted]", "rate": 3 });
        configure(&world, app.id, change).await.unwrap();
        assert_eq!(own(&world).await, json!({ "apiKey": KEY, "rate": 3 }));
        configure(&world, app.id, json!({ "apiKey": "sk_live_other" })).await.unwrap();
        assert_eq!(own(&world).await, json!({ "apiKey": "sk_live_other" }));
    }

    async fn there_is_nothing_to_keep_before_anything_was_entered(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let error = configure(&world, app.id, json!({ "apiKey": "[redacted]" })).await.unwrap_err();
        let [field] = error.field_errors() else { panic!("{error}") };
        assert_eq!((field.field.join("."), field.code), ("apiKey".into(), FieldErrorCode::Required));
    }

    async fn everything_that_is_wrong_is_told_at_once_and_no_value_is_repeated(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let config = json!({ "apiKey": "s3cr3t", "rate": -1, "label": 5, "color": "red" });
        let error = configure(&world, app.id, config).await.unwrap_err();
        let mut fields: Vec<_> =
            error.field_errors().iter().map(|field| field.field.join(".")).collect();
        fields.sort();
        assert_eq!(fields, ["", "apiKey", "label", "rate"]);
        let told = format!("{error} {error:?}");
        assert!(told.contains("color") && !told.contains("s3cr3t"), "{told}");
        let error = configure(&world, app.id, json!({})).await.unwrap_err();
        let [field] = error.field_errors() else { panic!("{error}") };
        assert_eq!((field.field.join("."), field.code), ("apiKey".into(), FieldErrorCode::Required));
        assert!(!world.registry.get(&world.owner, app.id).await.unwrap().is_configured);
    }

    async fn what_is_no_object_or_too_large_is_refused(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        for config in [json!(null), json!([]), json!("text")] {
            assert!(matches!(configure(&world, app.id, config).await, Err(AppError::Config { .. })));
        }
        let large = json!({ "apiKey": "k".repeat(64 * 1024) });
        let error = configure(&world, app.id, large).await.unwrap_err();
        assert_eq!(error.field_errors()[0].code, FieldErrorCode::TooLong);
    }

    async fn an_app_without_a_schema_has_nothing_to_set_up(database: TestDatabase) {
        let world = World::new(&database).await;
        let mut manifest = world.manifest();
        manifest.as_object_mut().unwrap().remove("configSchema");
        world.app.say(&manifest);
        let app = world.install().await;
        let error = configure(&world, app.id, json!({})).await.unwrap_err();
        assert!(matches!(error, AppError::NoConfigSchema), "{error}");
    }

    async fn a_secret_stays_one_when_the_app_says_that_it_is_none(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        configure(&world, app.id, json!({ "apiKey": KEY })).await.unwrap();
        let schema = json!({ "type": "object", "properties": { "apiKey": { "type": "string" } } });
        world.app.say(&world.manifest_with(&[("/configSchema", schema)]));
        world.registry.update(&world.owner, app.id, None).await.unwrap();
        let redacted = json!({ "apiKey": "[redacted]" });
        assert_eq!(world.registry.config(&world.owner, app.id).await.unwrap(), redacted);
        // Nor does handing it in again make it readable.
        assert_eq!(configure(&world, app.id, redacted.clone()).await.unwrap(), redacted);
        assert_eq!(world.registry.config(&world.owner, app.id).await.unwrap(), redacted);
    }

    async fn what_is_set_up_is_kept_sealed_and_told_without_values(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let _ = world.events.take().await;
        configure(&world, app.id, json!({ "apiKey": KEY, "label": "Visible" })).await.unwrap();
        let sql = if database.is_sqlite() {
            "SELECT hex(config) FROM app_installation"
        } else {
            "SELECT upper(encode(config, 'hex')) FROM app_installation"
        };
        let kept = world.texts(sql).await;
        for plain in [KEY, "Visible", "apiKey"] {
            let plain: String = plain.bytes().map(|byte| format!("{byte:02X}")).collect();
            assert!(!kept[0].contains(&plain));
        }
        let events = world.events.take().await;
        let told: AppUpdated = events[0].decode().unwrap();
        assert_eq!(told.changed, ["config"]);
        assert!(!events[0].data.to_string().contains("Visible"));
    }

    async fn a_configuration_opens_only_in_its_own_row(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        configure(&world, app.id, json!({ "apiKey": KEY })).await.unwrap();
        world.registry.disable(&world.owner, app.id).await.unwrap();
        let other = crate::world::World::new(&database).await;
        other.install().await;
        let copy = "UPDATE app_installation SET config = \
                    (SELECT config FROM app_installation WHERE config IS NOT NULL) \
                    WHERE config IS NULL";
        sea_orm::ConnectionTrait::execute_unprepared(&*world.database, copy).await.unwrap();
        let page = czo_repo::PageRequest::new(Default::default()).unwrap();
        let id = other.registry.list(&other.owner, &page).await.unwrap().nodes[0].id;
        let moved = other.registry.config(&other.owner, id).await.unwrap_err();
        assert!(matches!(moved, AppError::Vault(_)), "{moved}");
    }
}
