//! What an app may do where others ask.

use std::sync::Arc;

use czo_apps::{AppIdentity, AppPermissions, PermissionScope, app_scope};
use czo_core::{
    Actor, ActorId, ActorType, Permission, PermissionService, ShopId, StaticRoles, SystemIds,
};
use czo_testkit::{TestDatabase, on_each_database};
use serde_json::json;

use crate::world::World;

const READ: Permission = Permission::new("product", "read");
const WRITE: Permission = Permission::new("product", "write");

fn permissions() -> AppPermissions<dyn PermissionService> {
    AppPermissions::new(Arc::new(StaticRoles::new([])))
}

async fn may(actor: &Actor, permission: &Permission, shop: Option<ShopId>) -> bool {
    permissions().allows(actor, permission, shop).await.unwrap()
}

/// An app that was granted this, and its shop.
async fn app(database: &TestDatabase, scope: &str) -> AppIdentity {
    let world = World::new(database).await;
    world.app.say(&world.manifest_with(&[(
        "/permissions",
        json!([{ "resource": "product", "actions": ["read"], "scope": scope, "purpose": "Shows." }]),
    )]));
    world.install().await;
    world.whose(&world.app.token()).await.unwrap()
}

on_each_database! {
    async fn an_app_may_do_what_it_was_granted_in_its_shop_and_nothing_else(database: TestDatabase) {
        for scope in ["own", "shop"] {
            let app = app(&database, scope).await;
            let (actor, other) = (app.actor(), ShopId::generate(&SystemIds));
            assert!(may(&actor, &READ, Some(app.shop)).await);
            assert!(!may(&actor, &WRITE, Some(app.shop)).await);
            assert!(!may(&actor, &READ, Some(other)).await);
            assert!(!may(&actor, &READ, None).await);
        }
    }

    async fn a_global_grant_is_for_every_shop(database: TestDatabase) {
        let app = app(&database, "global").await;
        let (actor, other) = (app.actor(), ShopId::generate(&SystemIds));
        assert!(may(&actor, &READ, Some(other)).await);
        assert!(may(&actor, &READ, None).await);
        assert!(!may(&actor, &WRITE, None).await);
    }

    async fn how_far_a_grant_reaches_can_be_asked(database: TestDatabase) {
        let app = app(&database, "own").await;
        let scope = app_scope(&app.actor(), &READ, Some(app.shop));
        assert_eq!(scope, Some(PermissionScope::Own));
        assert_eq!(app_scope(&app.actor(), &READ, None), None);
        assert_eq!(app_scope(&Actor::System, &READ, Some(app.shop)), None);
    }
}

fn known(kind: ActorType, roles: &[&str]) -> Actor {
    let roles = roles.iter().map(ToString::to_string).collect();
    Actor::Known { id: ActorId::generate(&SystemIds), kind, roles }
}

#[tokio::test]
async fn roles_that_look_like_grants_give_a_person_nothing() {
    let shop = ShopId::generate(&SystemIds);
    let roles = [format!("app_shop:{shop}"), "grant:product:read:global".to_owned()];
    let roles: Vec<_> = roles.iter().map(String::as_str).collect();
    assert!(may(&known(ActorType::App, &roles), &READ, Some(shop)).await);
    assert!(!may(&known(ActorType::User, &roles), &READ, Some(shop)).await);
}

#[tokio::test]
async fn the_role_of_an_owner_gives_an_app_nothing() {
    let shop = ShopId::generate(&SystemIds);
    let shop_role = format!("app_shop:{shop}");
    let app = known(ActorType::App, &["owner", &shop_role]);
    assert!(!may(&app, &READ, Some(shop)).await);
    assert!(may(&known(ActorType::User, &["owner"]), &READ, Some(shop)).await);
}

#[tokio::test]
async fn an_app_of_no_shop_or_of_two_may_do_nothing() {
    let shop = ShopId::generate(&SystemIds);
    let (one, two) =
        (format!("app_shop:{shop}"), format!("app_shop:{}", ShopId::generate(&SystemIds)));
    let grant = "grant:product:read:global";
    for roles in [&[grant][..], &[grant, &one, &two], &[grant, "app_shop:x"]] {
        assert!(!may(&known(ActorType::App, roles), &READ, Some(shop)).await, "{roles:?}");
    }
}

#[tokio::test]
async fn everybody_else_is_for_the_other_service_to_decide() {
    assert!(may(&Actor::System, &READ, None).await);
    assert!(!may(&Actor::Anonymous, &READ, None).await);
}
