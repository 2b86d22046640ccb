//! Values of the module `loyalty`.

use czo_core::{RequestContext, ShopId, SystemIds};
use czo_migrations::Migrator;
use czo_modules::{CallScope, Generation, SqlKeyValue};
use czo_repo::Database;
use sea_orm::ConnectionTrait;

pub(crate) async fn values(database: &Database) -> SqlKeyValue {
    let migrator = Migrator::new(vec![czo_migrations::modules()]);
    migrator.up(database).await.expect("the tables of modules");
    SqlKeyValue::new(database)
}

pub(crate) fn scope(module: &str, shop: Option<ShopId>) -> CallScope {
    let mut context = RequestContext::system(&SystemIds);
    context.shop_id = shop;
    let module = module.parse().expect("a name");
    CallScope { module, generation: Generation::new(1), context }
}

pub(crate) fn loyalty() -> CallScope {
    scope("loyalty", None)
}

/// As if a minute had passed for all that runs out.
pub(crate) async fn a_minute_passes(database: &Database) {
    let age = "UPDATE modules_kv SET expires_at = expires_at - 60000";
    database.execute_unprepared(age).await.expect("aged");
}
