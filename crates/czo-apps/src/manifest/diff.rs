//! What is new in a manifest.

mod display;
mod fields;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use czo_core::Permission;
use schemars::JsonSchema;
use semver::Version;
use serde::{Serialize, Serializer};

use self::fields::changed;
use super::{AppManifest, Extension, Identifier, NewHost, PermissionScope, Webhook, new_hosts};

/// What is new in a manifest, for whoever decides on an update.
///
/// ```
/// use czo_apps::{AppManifest, ManifestDiff};
///
/// fn question(old: &AppManifest, new: &AppManifest) -> Option<String> {
///     let diff = ManifestDiff::between(old, new);
///     diff.needs_consent().then(|| diff.to_string())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManifestDiff {
    /// The versions.
    pub version: VersionChange,
    /// What the app would be allowed that it was not, wider scopes among it.
    pub added_permissions: Vec<PermissionChange>,
    /// What it would no longer be allowed, narrower scopes among it.
    pub removed_permissions: Vec<PermissionChange>,
    /// Where the app would be that it was not: what is sent would go to others.
    pub new_hosts: Vec<NewHost>,
    /// The webhooks.
    pub webhooks: PartChanges,
    /// The extensions.
    pub extensions: PartChanges,
    /// Whether the schema of the configuration is another, so that what is set up may not fit.
    pub config_schema_changed: bool,
    /// The other fields that have changed, such as `appUrl` or `handshakeUrl`, by name.
    pub fields: Vec<String>,
}

/// The versions of two manifests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VersionChange {
    /// The old one.
    #[schemars(with = "String")]
    pub from: Version,
    /// The new one.
    #[schemars(with = "String")]
    pub to: Version,
    /// Which is later.
    pub direction: Direction,
}

/// Which version is later, as semantic versioning has it, where builds do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The new one.
    Up,
    /// The old one.
    Down,
    /// Neither.
    Same,
}

/// A permission whose scope has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PermissionChange {
    /// The permission.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub permission: Permission,
    /// Its scope before, unless it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<PermissionScope>,
    /// Its scope now, unless it is not asked for any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<PermissionScope>,
}

/// What has become of the parts of an app that have identifiers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PartChanges {
    /// Those that are new.
    pub added: Vec<Identifier>,
    /// Those that are no more.
    pub removed: Vec<Identifier>,
    /// Those of which something is different.
    pub changed: Vec<PartChange>,
}

/// A part of which something is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PartChange {
    /// The part.
    pub identifier: Identifier,
    /// What is different, by the names of its fields.
    pub fields: Vec<String>,
}

impl ManifestDiff {
    /// What is new in `new`. Both are of the same app; if not, `id` is among the fields.
    #[must_use]
    pub fn between(old: &AppManifest, new: &AppManifest) -> Self {
        let (added_permissions, removed_permissions) = permissions(old, new);
        Self {
            version: VersionChange {
                from: old.version.clone(),
                to: new.version.clone(),
                direction: match new.version.cmp_precedence(&old.version) {
                    Ordering::Greater => Direction::Up,
                    Ordering::Less => Direction::Down,
                    Ordering::Equal => Direction::Same,
                },
            },
            added_permissions,
            removed_permissions,
            new_hosts: new_hosts(old, new),
            webhooks: PartChanges::between(&webhooks(old), &webhooks(new)),
            extensions: PartChanges::between(&extensions(old), &extensions(new)),
            config_schema_changed: old.config_schema != new.config_schema,
            fields: fields::of_manifest(old, new),
        }
    }

    /// Whether somebody has to consent once more: only when the app asks for more than it has, or
    /// wants to be at another host.
    #[must_use]
    pub fn needs_consent(&self) -> bool {
        !(self.added_permissions.is_empty() && self.new_hosts.is_empty())
    }

    /// Whether both manifests say the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.version.from == self.version.to
            && self.added_permissions.is_empty()
            && self.removed_permissions.is_empty()
            && self.webhooks.is_empty()
            && self.extensions.is_empty()
            && !self.config_schema_changed
            && self.fields.is_empty()
    }
}

impl PartChanges {
    /// Whether nothing has changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    fn between<T: Serialize>(old: &Parts<'_, T>, new: &Parts<'_, T>) -> Self {
        let only = |here: &Parts<'_, T>, there: &Parts<'_, T>| {
            let missing = here.keys().filter(|identifier| !there.contains_key(*identifier));
            missing.map(|identifier| (*identifier).clone()).collect()
        };
        let changed = old.iter().filter_map(|(identifier, old)| {
            let fields = changed(old, new.get(identifier)?);
            let identifier = (*identifier).clone();
            (!fields.is_empty()).then_some(PartChange { identifier, fields })
        });
        Self { added: only(new, old), removed: only(old, new), changed: changed.collect() }
    }
}

fn webhooks(manifest: &AppManifest) -> Parts<'_, Webhook> {
    manifest.webhooks.iter().map(|webhook| (&webhook.identifier, webhook)).collect()
}

fn extensions(manifest: &AppManifest) -> Parts<'_, Extension> {
    manifest.extensions.iter().map(|extension| (&extension.identifier, extension)).collect()
}

type Parts<'a, T> = BTreeMap<&'a Identifier, &'a T>;

/// Permissions with wider and with narrower scopes. None at all is narrower than any.
fn permissions(
    old: &AppManifest,
    new: &AppManifest,
) -> (Vec<PermissionChange>, Vec<PermissionChange>) {
    let (old, new) = (scopes(old), scopes(new));
    let mut all: Vec<_> = old.keys().chain(new.keys()).collect();
    all.sort();
    all.dedup();
    let change = |permission: &Permission| {
        let (from, to) = (old.get(permission).copied(), new.get(permission).copied());
        PermissionChange { permission: permission.clone(), from, to }
    };
    let changes: Vec<_> =
        all.into_iter().map(change).filter(|change| change.from != change.to).collect();
    changes.into_iter().partition(|change| change.to > change.from)
}

fn scopes(manifest: &AppManifest) -> BTreeMap<Permission, PermissionScope> {
    let requests = manifest.permissions.iter();
    let permissions =
        requests.flat_map(|request| request.permissions().map(|one| (one, request.scope)));
    permissions.collect()
}

fn as_text<S: Serializer>(permission: &Permission, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(permission)
}
