//! What an app is allowed.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use czo_core::{Permission, PermissionTextError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{AppManifest, PermissionScope};

/// A permission that an app has or asks for, and how far it reaches: `product:read:shop` as text.
///
/// ```
/// use czo_apps::{AppGrant, PermissionScope};
///
/// let grant: AppGrant = "product:read:shop".parse()?;
/// assert_eq!(grant.permission.to_string(), "product:read");
/// assert_eq!(grant.scope, PermissionScope::Shop);
/// # Ok::<(), czo_apps::AppGrantError>(())
/// ```
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct AppGrant {
    /// The permission.
    #[serde(with = "text")]
    #[schemars(with = "String")]
    pub permission: Permission,
    /// How far it reaches.
    pub scope: PermissionScope,
}

/// Text that is not a grant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected `resource:action:scope`, where the scope is own, shop or global")]
pub struct AppGrantError;

impl From<PermissionTextError> for AppGrantError {
    fn from(_: PermissionTextError) -> Self {
        Self
    }
}

impl AppGrant {
    /// All that a manifest asks for, sorted.
    #[must_use]
    pub fn asked_by(manifest: &AppManifest) -> Vec<Self> {
        let mut asked: Vec<_> = manifest
            .permissions
            .iter()
            .flat_map(|request| {
                let scope = request.scope;
                request.permissions().map(move |permission| Self { permission, scope })
            })
            .collect();
        asked.sort();
        asked
    }

    /// Whether this allows all that `other` does.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.permission == other.permission && self.scope >= other.scope
    }
}

impl fmt::Display for AppGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.permission, self.scope)
    }
}

impl FromStr for AppGrant {
    type Err = AppGrantError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (permission, scope) = text.rsplit_once(':').ok_or(AppGrantError)?;
        let scope = match scope {
            "own" => PermissionScope::Own,
            "shop" => PermissionScope::Shop,
            "global" => PermissionScope::Global,
            _ => return Err(AppGrantError),
        };
        Ok(Self { permission: permission.parse()?, scope })
    }
}

mod text {
    use czo_core::Permission;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        permission: &Permission,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(permission)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Permission, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Of what is `asked`, what `granted` does not cover.
pub(crate) fn not_covered(asked: &[AppGrant], granted: &[AppGrant]) -> Vec<AppGrant> {
    let is_covered = |ask: &&AppGrant| granted.iter().any(|grant| grant.covers(ask));
    asked.iter().filter(|ask| !is_covered(ask)).cloned().collect()
}

/// What an app keeps of what it was granted when it asks for something else from now on: nothing
/// that it does not ask for, and nothing with a wider scope than it asks for.
pub(crate) fn kept(asked: &[AppGrant], granted: &[AppGrant]) -> Vec<AppGrant> {
    let scopes: BTreeMap<_, _> = granted.iter().map(|g| (&g.permission, g.scope)).collect();
    let keep = |ask: &AppGrant| {
        let scope = (*scopes.get(&ask.permission)?).min(ask.scope);
        Some(AppGrant { permission: ask.permission.clone(), scope })
    };
    asked.iter().filter_map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(texts: &[&str]) -> Vec<AppGrant> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_grant_reads_back_from_its_text_and_its_json() {
        for text in ["product:read:own", "product:read:shop", "order:write:global"] {
            let grant: AppGrant = text.parse().unwrap();
            assert_eq!(grant.to_string(), text);
            let json = serde_json::to_string(&grant).unwrap();
            assert_eq!(serde_json::from_str::<AppGrant>(&json).unwrap(), grant);
        }
        for text in ["", "product:read", "product:read:", "product:read:all", "a:b:c:own"] {
            assert!(text.parse::<AppGrant>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_wider_scope_covers_a_narrower_one_and_not_the_other_way_round() {
        let granted = grants(&["product:read:shop", "order:read:own"]);
        let asked = grants(&["product:read:own", "order:read:shop", "order:write:own"]);
        assert_eq!(not_covered(&asked, &granted), grants(&["order:read:shop", "order:write:own"]));
    }

    #[test]
    fn what_is_kept_is_neither_more_than_asked_nor_more_than_granted() {
        let granted = grants(&["product:read:global", "order:read:own", "order:write:shop"]);
        let asked = grants(&["product:read:shop", "order:read:shop", "product:write:own"]);
        assert_eq!(kept(&asked, &granted), grants(&["product:read:shop", "order:read:own"]));
    }
}
