//! Who may do what.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::{Actor, Classified, ErrorKind, RequestContext, ShopId};

/// The right to do an action on a resource, written `resource:action`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission {
    resource: Cow<'static, str>,
    action: Cow<'static, str>,
}

impl Permission {
    /// A permission named by literals.
    #[must_use]
    pub const fn new(resource: &'static str, action: &'static str) -> Self {
        Self { resource: Cow::Borrowed(resource), action: Cow::Borrowed(action) }
    }

    /// What is acted on.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// What is done to it.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }
}

/// Text that is not a permission.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a permission: expected `resource:action`, each of a-z, 0-9 and _")]
pub struct PermissionTextError(String);

impl FromStr for Permission {
    type Err = PermissionTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((resource, action)) if is_word(resource) && is_word(action) => Ok(Self {
                resource: Cow::Owned(resource.to_owned()),
                action: Cow::Owned(action.to_owned()),
            }),
            _ => Err(PermissionTextError(text.to_owned())),
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource, self.action)
    }
}

/// Decides who may do what.
///
/// Held as `Arc<dyn PermissionService>`; conveniences are in [`PermissionServiceExt`]. It may be
/// called at the same time from any task, and a dropped call changes nothing.
#[async_trait]
pub trait PermissionService: Send + Sync + fmt::Debug {
    /// Whether `actor` may do this, in `shop` if one is named.
    ///
    /// # Errors
    ///
    /// When it can't be told. A caller then refuses.
    async fn allows(
        &self,
        actor: &Actor,
        permission: &Permission,
        shop: Option<ShopId>,
    ) -> Result<bool, PermissionError>;
}

/// Why an operation is not allowed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PermissionError {
    /// Nobody said who they are.
    #[error(
        "this needs a token with the permission `{permission}`: send `Authorization: Bearer <token>`"
    )]
    Unauthenticated {
        /// What is missing.
        permission: Permission,
    },
    /// Whoever asks lacks the permission.
    #[error("the token lacks the permission `{permission}`")]
    Denied {
        /// What is missing.
        permission: Permission,
    },
    /// Where permissions are kept does not answer.
    #[error("permissions cannot be checked now")]
    Unavailable {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Classified for PermissionError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unauthenticated { .. } => ErrorKind::Unauthenticated,
            Self::Denied { .. } => ErrorKind::Forbidden,
            Self::Unavailable { .. } => ErrorKind::Unavailable,
        }
    }
}

/// Conveniences over every [`PermissionService`].
#[async_trait]
pub trait PermissionServiceExt: PermissionService {
    /// Refuses unless the actor of `ctx` may do this in the shop of `ctx`.
    ///
    /// # Errors
    ///
    /// [`PermissionError`], which says what is missing.
    async fn require(
        &self,
        ctx: &RequestContext,
        permission: &Permission,
    ) -> Result<(), PermissionError> {
        if self.allows(&ctx.actor, permission, ctx.shop_id).await? {
            return Ok(());
        }
        let permission = permission.clone();
        Err(match ctx.actor {
            Actor::Anonymous => PermissionError::Unauthenticated { permission },
            _ => PermissionError::Denied { permission },
        })
    }
}

impl<P: PermissionService + ?Sized> PermissionServiceExt for P {}

/// The permissions of a role: `resource:action`, where each side may be `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    resource: String,
    action: String,
}

/// Text that is not a grant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a permission: expected `resource:action`, where each side may be `*`")]
pub struct GrantError(String);

impl Grant {
    fn covers(&self, permission: &Permission) -> bool {
        let side = |mine: &str, wanted: &str| mine == "*" || mine == wanted;
        side(&self.resource, &permission.resource) && side(&self.action, &permission.action)
    }
}

impl FromStr for Grant {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let side = |text: &str| text == "*" || is_word(text);
        match text.split_once(':') {
            Some((resource, action)) if side(resource) && side(action) => {
                Ok(Self { resource: resource.to_owned(), action: action.to_owned() })
            }
            _ => Err(GrantError(text.to_owned())),
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource, self.action)
    }
}

impl Serialize for Grant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Grant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::deserialize(deserializer)
    }
}

/// Permissions from a fixed table of roles, the same in every shop.
///
/// The role `owner` may do everything and can't be redefined. A role that is not in the table
/// gives nothing. [`Actor::System`] may do everything, a visitor nothing.
///
/// ```
/// use czo_core::StaticRoles;
///
/// let roles = StaticRoles::new([("editor".to_owned(), vec!["product:*".parse()?])]);
/// assert!(roles.is_known("editor") && roles.is_known("owner"));
/// # Ok::<(), czo_core::GrantError>(())
/// ```
#[derive(Clone, Debug)]
pub struct StaticRoles {
    roles: BTreeMap<String, Vec<Grant>>,
}

impl StaticRoles {
    /// The role that may do everything.
    pub const OWNER: &'static str = "owner";

    /// A table of roles, to which `owner` is added.
    #[must_use]
    pub fn new(roles: impl IntoIterator<Item = (String, Vec<Grant>)>) -> Self {
        let mut roles: BTreeMap<_, _> = roles.into_iter().collect();
        let everything = Grant { resource: "*".to_owned(), action: "*".to_owned() };
        roles.insert(Self::OWNER.to_owned(), vec![everything]);
        Self { roles }
    }

    /// The names of the roles, `owner` among them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.roles.keys().map(String::as_str)
    }

    /// Whether a role of this name is in the table.
    #[must_use]
    pub fn is_known(&self, role: &str) -> bool {
        self.roles.contains_key(role)
    }
}

#[async_trait]
impl PermissionService for StaticRoles {
    async fn allows(
        &self,
        actor: &Actor,
        permission: &Permission,
        _shop: Option<ShopId>,
    ) -> Result<bool, PermissionError> {
        Ok(match actor {
            Actor::Anonymous => false,
            Actor::System => true,
            Actor::Known { roles, .. } => roles
                .iter()
                .filter_map(|role| self.roles.get(role))
                .flatten()
                .any(|grant| grant.covers(permission)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActorId, ActorType, SequentialIds};

    const WRITE: Permission = Permission::new("product", "write");

    fn context(roles: &[&str]) -> RequestContext {
        let ids = SequentialIds::default();
        RequestContext {
            actor: Actor::Known {
                id: ActorId::generate(&ids),
                kind: ActorType::User,
                roles: roles.iter().map(ToString::to_string).collect(),
            },
            ..RequestContext::system(&ids)
        }
    }

    async fn verdict(grant: &str, roles: &[&str]) -> Result<(), PermissionError> {
        let table = StaticRoles::new([("editor".to_owned(), vec![grant.parse().unwrap()])]);
        table.require(&context(roles), &WRITE).await
    }

    #[tokio::test]
    async fn a_role_allows_what_its_grants_cover_and_nothing_else() {
        assert!(verdict("product:write", &["editor"]).await.is_ok());
        assert!(verdict("product:*", &["editor"]).await.is_ok());
        assert!(verdict("*:write", &["editor"]).await.is_ok());
        assert!(verdict("product:read", &["editor"]).await.is_err());
        assert!(verdict("order:write", &["editor"]).await.is_err());
        assert!(verdict("product:write", &["stranger"]).await.is_err());
        assert!(verdict("product:write", &[]).await.is_err());
    }

    #[tokio::test]
    async fn owner_may_do_everything_even_when_the_table_says_otherwise() {
        let table = StaticRoles::new([("owner".to_owned(), vec![])]);
        assert!(table.require(&context(&["owner"]), &WRITE).await.is_ok());
    }

    #[tokio::test]
    async fn a_visitor_is_told_to_send_a_token_and_a_token_what_it_lacks() {
        let table = StaticRoles::new([]);
        let visitor = RequestContext { actor: Actor::Anonymous, ..context(&[]) };
        let error = table.require(&visitor, &WRITE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        let error = table.require(&context(&[]), &WRITE).await.unwrap_err();
        assert_eq!(error.to_string(), "the token lacks the permission `product:write`");
    }

    #[test]
    fn a_grant_without_both_sides_is_refused() {
        for text in ["", "product", "product:", ":write", "a:b:c", "Product:write", "a b:c"] {
            assert!(text.parse::<Grant>().is_err(), "{text:?}");
        }
    }
}
