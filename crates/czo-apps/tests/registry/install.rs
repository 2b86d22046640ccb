//! An app comes into a shop, or does not.

use std::sync::Arc;

use async_trait::async_trait;
use czo_apps::{
    AppError, AppInstalled, Consent, InstallRequest, InstallationStatus, ManifestSource,
};
use czo_core::{
    Actor, Classified, ErrorKind, Permission, PermissionError, PermissionService, ShopId, SystemIds,
};
use czo_testkit::on_each_database;
use serde_json::json;

use crate::world::{Setting, World, grants, user};

/// Lets everybody do everything in any one shop, and nothing in all of them at once.
#[derive(Debug)]
struct OneShop;

#[async_trait]
impl PermissionService for OneShop {
    async fn allows(
        &self,
        _: &Actor,
        _: &Permission,
        shop: Option<ShopId>,
    ) -> Result<bool, PermissionError> {
        Ok(shop.is_some())
    }
}

on_each_database! {
    async fn an_app_that_answers_is_installed_and_may_act(database: TestDatabase) {
        let world = World::new(&database).await;
        let installed = world.install().await;
        assert_eq!(installed.status, InstallationStatus::Enabled);
        assert_eq!(installed.manifest.name, "Loyalty");
        assert_eq!(installed.installed_by, world.owner.actor.id());
        let granted = grants(&["order:read:shop", "product:read:own", "product:write:own"]);
        assert_eq!(installed.granted, granted);
        let identity = world.whose(&world.app.token()).await.unwrap();
        assert_eq!((identity.app, identity.shop), (installed.id, world.shop));
        assert_eq!(identity.grants, granted);
        assert_eq!(world.registry.get(&world.owner, installed.id).await.unwrap(), installed);
    }

    async fn an_installation_is_told_once_with_what_the_app_may(database: TestDatabase) {
        let world = World::new(&database).await;
        let installed = world.install().await;
        let events = world.events.take().await;
        let [event] = events.as_slice() else { panic!("one event, not {events:?}") };
        assert_eq!(event.event_type.as_str(), "app.installation.created");
        assert_eq!(event.metadata.shop_id, Some(world.shop));
        let told: AppInstalled = event.decode().unwrap();
        assert_eq!(told.installation_id, installed.id);
        assert_eq!(told.granted, installed.granted);
        let text = event.data.to_string();
        assert!(!text.contains("czoapp_") && !text.contains("whsec_"), "{text}");
    }

    async fn where_a_manifest_was_found_is_where_updates_are_looked_for(database: TestDatabase) {
        let world = World::new(&database).await;
        let installed = world.install().await;
        let url = installed.manifest.manifest_url.unwrap();
        assert_eq!(url.as_str(), format!("{}/manifest.json", world.app.url));
    }

    async fn a_manifest_can_be_handed_in(database: TestDatabase) {
        let world = World::new(&database).await;
        let manifest = ManifestSource::Document(world.manifest().to_string().into_bytes());
        let request = InstallRequest { manifest, ..world.request() };
        let installed = world.registry.install(&world.owner, request).await.unwrap();
        assert_eq!(installed.manifest.manifest_url, None);
    }

    async fn a_manifest_that_breaks_rules_is_refused_with_all_of_them(database: TestDatabase) {
        let world = World::new(&database).await;
        world.app.say(&world.manifest_with(&[
            ("/version", json!("one")),
            ("/permissions/0/resource", json!("everything")),
            ("/handshakeUrl", json!("http://169.254.169.254/latest/meta-data")),
        ]));
        let error = world.try_install().await.unwrap_err();
        let places: Vec<_> =
            error.field_errors().iter().map(|field| field.field.join("/")).collect();
        assert_eq!(places, ["handshakeUrl", "permissions/0/resource", "version"]);
        assert!(world.app.received().is_empty());
        assert_eq!(world.rows("app_installation").await, 0);
    }

    async fn what_is_no_manifest_at_all_is_refused(database: TestDatabase) {
        let world = World::new(&database).await;
        let deep = "[".repeat(10_000);
        let twice = world.manifest().to_string().replacen('{', r#"{"id":"com.example.other","#, 1);
        for hostile in ["", "<html>", "null", "\u{0}", deep.as_str(), twice.as_str()] {
            world.app.say_bytes(hostile.to_owned());
            let error = world.try_install().await.unwrap_err();
            assert!(matches!(error, AppError::Manifest(_)), "{error}");
        }
        assert_eq!(world.rows("app_installation").await, 0);
    }

    async fn what_a_database_could_not_keep_is_refused_wherever_it_is(database: TestDatabase) {
        let world = World::new(&database).await;
        for place in ["/author", "/permissions/0/purpose", "/configSchema/properties/label/title"] {
            let mut manifest = world.manifest();
            let (parent, name) = place.rsplit_once('/').unwrap();
            manifest.pointer_mut(parent).unwrap()[name] = json!("a\u{0}b");
            world.app.say(&manifest);
            let error = world.try_install().await.unwrap_err();
            assert_eq!(error.field_errors()[0].field.join("/"), place[1..], "{error}");
        }
    }

    async fn a_manifest_that_is_too_large_is_not_read(database: TestDatabase) {
        let world = World::new(&database).await;
        world.app.say_bytes(vec![b' '; 300 * 1024]);
        let error = world.try_install().await.unwrap_err();
        assert!(matches!(error, AppError::Fetch { .. }), "{error}");
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }

    async fn a_manifest_is_fetched_over_https_only(database: TestDatabase) {
        let world = World::new(&database).await;
        let url = "http://shop.example.com/manifest.json".parse().unwrap();
        let request = InstallRequest { manifest: ManifestSource::Url(url), ..world.request() };
        let error = world.registry.install(&world.owner, request).await.unwrap_err();
        assert!(matches!(error, AppError::Insecure { .. }), "{error}");
    }

    async fn nobody_installs_what_they_may_not_do_themselves(database: TestDatabase) {
        let world = World::new(&database).await;
        world.app.say(&world.manifest_with(&[(
            "/permissions/0",
            json!({ "resource": "order", "actions": ["read", "write"], "scope": "shop", "purpose": "All." }),
        )]));
        let clerk = user("clerk").for_shop(world.shop);
        let error = world.registry.install(&clerk, world.request()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert_eq!(
            error.to_string(),
            "the app asks for what you may not do yourself: order:write, product:write"
        );
        assert!(world.app.received().is_empty());
    }

    async fn whoever_may_do_everything_in_one_shop_lets_no_app_into_all_of_them(database: TestDatabase) {
        let setting = Setting { permissions: Some(Arc::new(OneShop)), ..Default::default() };
        let world = World::with(&database, setting).await;
        world.app.say(&world.manifest_with(&[("/permissions/0/scope", json!("global"))]));
        let error = world.try_install().await.unwrap_err();
        let AppError::NotYours { missing } = error else { panic!("{error}") };
        assert_eq!(missing, [Permission::new("order", "read")]);
        world.app.say(&world.manifest());
        world.install().await;
    }

    async fn an_app_that_asks_for_more_than_was_consented_to_is_not_installed(database: TestDatabase) {
        let world = World::new(&database).await;
        let consent = Consent::To(grants(&["order:read:own", "product:read:shop"]));
        let request = InstallRequest { consent, ..world.request() };
        let error = world.registry.install(&world.owner, request).await.unwrap_err();
        let AppError::NotConsented { missing } = error else { panic!("{error}") };
        assert_eq!(missing, grants(&["order:read:shop", "product:write:own"]));
        assert!(world.app.received().is_empty());
    }

    async fn a_preview_shows_what_is_to_be_consented_to_and_installs_nothing(database: TestDatabase) {
        let world = World::new(&database).await;
        let request = world.request();
        let manifest = world.registry.preview(&world.owner, &request.manifest).await.unwrap();
        let consent = Consent::To(czo_apps::AppGrant::asked_by(&manifest));
        assert_eq!(world.rows("app_installation").await, 0);
        let request = InstallRequest { consent, ..request };
        world.registry.install(&world.owner, request).await.unwrap();
    }

    async fn an_app_is_in_a_shop_once(database: TestDatabase) {
        let world = World::new(&database).await;
        world.install().await;
        let error = world.try_install().await.unwrap_err();
        assert!(matches!(error, AppError::AlreadyInstalled { .. }), "{error}");
        assert_eq!(error.kind(), ErrorKind::Conflict);
        // The first one is not disturbed by the second.
        assert!(world.whose(&world.app.token()).await.is_some());
    }

    async fn of_two_that_install_an_app_at_once_one_does(database: TestDatabase) {
        let world = World::new(&database).await;
        let (first, second) = tokio::join!(world.try_install(), world.try_install());
        let (installed, refused) = match (first, second) {
            (Ok(installed), Err(error)) | (Err(error), Ok(installed)) => (installed, error),
            (first, second) => panic!("{first:?} and {second:?}"),
        };
        assert!(matches!(refused, AppError::AlreadyInstalled { .. }), "{refused}");
        assert_eq!(world.rows("app_installation").await, 1);
        assert_eq!(world.rows("app_token").await, 1);
        assert_eq!(world.whose(&world.app.token()).await.unwrap().app, installed.id);
    }

    async fn each_shop_has_an_installation_of_its_own(database: TestDatabase) {
        let world = World::new(&database).await;
        let first = world.install().await;
        let first_token = world.app.token();
        let shop = ShopId::generate(&SystemIds);
        let request = InstallRequest { shop, ..world.request() };
        let second = world.registry.install(&world.owner, request).await.unwrap();
        assert_eq!(world.whose(&first_token).await.unwrap().shop, world.shop);
        assert_eq!(world.whose(&world.app.token()).await.unwrap().shop, shop);
        let error = world.registry.get(&world.owner, second.id).await.unwrap_err();
        assert!(matches!(error, AppError::NotFound { .. }), "{error}");
        let page = czo_repo::PageRequest::new(Default::default()).unwrap();
        let listed = world.registry.list(&world.owner, &page).await.unwrap();
        assert_eq!(listed.nodes, [first]);
    }
}
