//! What an app may do, where others ask.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use czo_core::{Actor, ActorId, ActorType, Permission, PermissionError, PermissionService, ShopId};

use crate::{AppGrant, InstallationId, PermissionScope};

/// What the role begins with that names the shop of an app, and those that are its grants.
const SHOP: &str = "app_shop:";
const GRANT: &str = "grant:";

/// Decides for apps by what was granted to them, and asks another service about everybody else.
///
/// An app's grants travel in the roles of its [`Actor`], put there by
/// [`AppIdentity::actor`](crate::AppIdentity::actor) when its token was checked: `app_shop:shop_…`
/// once, and `grant:product:read:shop` for each. So they are those of this very request: nothing is
/// looked up again, and no cache has to learn that a token was revoked. Roles of this form mean
/// something for actors of the kind [`ActorType::App`] only, which nothing but a token of an app
/// makes; a person with a role of such a name gets nothing from it here.
///
/// The scopes `own` and `shop` allow in the shop where the app is installed and nowhere else, `global`
/// in every shop. What is asked of all shops at once (no shop is named) needs `global`.
///
/// **Limits.** Who made a row is not known here, so `own` allows as much as `shop`. Those who know ask
/// [`app_scope`] in addition. A job bears the context of whoever enqueued it, and with it the
/// grants of that moment.
pub struct AppPermissions<P: ?Sized> {
    inner: Arc<P>,
}

impl<P: ?Sized> AppPermissions<P> {
    /// Decides for apps, and asks `inner` about everybody else.
    #[must_use]
    pub fn new(inner: Arc<P>) -> Self {
        Self { inner }
    }
}

/// How far a permission of an app reaches in `shop`; `None` where it has none, and for everybody who
/// is no app.
#[must_use]
pub fn app_scope(
    actor: &Actor,
    permission: &Permission,
    shop: Option<ShopId>,
) -> Option<PermissionScope> {
    let Actor::Known { kind: ActorType::App, roles, .. } = actor else { return None };
    let own_shop = own_shop(roles)?;
    let grants = roles.iter().filter_map(|role| role.strip_prefix(GRANT)?.parse().ok());
    let reaches = |grant: &AppGrant| {
        grant.permission == *permission
            && (grant.scope == PermissionScope::Global || shop == Some(own_shop))
    };
    grants.filter(reaches).map(|grant| grant.scope).max()
}

/// Which installation it is, and in which shop; `None` for everybody who is no app.
pub(crate) fn installation_of(actor: &Actor) -> Option<(InstallationId, ShopId)> {
    let Actor::Known { id, kind: ActorType::App, roles } = actor else { return None };
    Some((InstallationId::from(id.uuid()), own_shop(roles)?))
}

/// The shop that the roles of an app name, if it is one.
fn own_shop(roles: &[String]) -> Option<ShopId> {
    let mut shops = roles.iter().filter_map(|role| role.strip_prefix(SHOP));
    let shop = shops.next()?.parse().ok()?;
    shops.next().is_none().then_some(shop)
}

/// An app as whoever acts.
pub(crate) fn actor(app: InstallationId, shop: ShopId, grants: &[AppGrant]) -> Actor {
    let mut roles = vec![format!("{SHOP}{shop}")];
    roles.extend(grants.iter().map(|grant| format!("{GRANT}{grant}")));
    Actor::Known { id: ActorId::from(app.uuid()), kind: ActorType::App, roles }
}

impl<P: ?Sized> Clone for AppPermissions<P> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<P: fmt::Debug + ?Sized> fmt::Debug for AppPermissions<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AppPermissions").field(&self.inner).finish()
    }
}

#[async_trait]
impl<P: PermissionService + ?Sized> PermissionService for AppPermissions<P> {
    async fn allows(
        &self,
        actor: &Actor,
        permission: &Permission,
        shop: Option<ShopId>,
    ) -> Result<bool, PermissionError> {
        match actor {
            Actor::Known { kind: ActorType::App, .. } => {
                Ok(app_scope(actor, permission, shop).is_some())
            }
            _ => self.inner.allows(actor, permission, shop).await,
        }
    }
}
