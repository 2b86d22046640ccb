//! What an app asks to be allowed.

use std::collections::BTreeSet;
use std::fmt;

use czo_core::{FieldErrorCode, Permission};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::place::{Fields, Place, excerpt};
use super::suggestion::nearest;
use super::{AppManifest, ManifestRules};

/// The most actions of one request.
const MAX_ACTIONS: usize = 20;

/// Something an app asks to be allowed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, title = "Permission request")]
pub struct PermissionRequest {
    /// What is acted on, such as `product`.
    #[schemars(regex(pattern = "^[a-z0-9_]+$"))]
    pub resource: String,
    /// What is done to it, such as `read`.
    #[schemars(schema_with = "actions_schema")]
    pub actions: Vec<String>,
    /// Of whom.
    pub scope: PermissionScope,
    /// What for, in words that the merchant reads before consenting.
    #[schemars(length(min = 1, max = 500))]
    pub purpose: String,
}

/// How far a permission reaches. Each scope includes those before it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(title = "Scope of a permission")]
pub enum PermissionScope {
    /// What the app itself has made.
    Own,
    /// Everything of the shop where the app is installed.
    Shop,
    /// Everything of every shop.
    Global,
}

impl fmt::Display for PermissionScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "own",
            Self::Shop => "shop",
            Self::Global => "global",
        })
    }
}

impl PermissionRequest {
    /// The permissions, one for each action.
    pub fn permissions(&self) -> impl Iterator<Item = Permission> {
        // What was read consists of permissions.
        self.actions.iter().filter_map(|action| permission(&self.resource, action))
    }

    pub(super) fn read(place: &Place<'_>, rules: &ManifestRules) -> Option<Self> {
        let fields = place.fields(&["resource", "actions", "scope", "purpose"])?;
        let resource = fields.required("resource").and_then(|place| resource(&place, rules));
        let actions = fields.required("actions").and_then(|place| place.items(1..=MAX_ACTIONS));
        let actions = actions.unwrap_or_default();
        let actions = actions.iter().filter_map(|action| {
            // The actions of a resource that there is not are not known.
            resource.map_or_else(|| action.text(), |resource| known(action, resource, rules))
        });
        let actions = actions.map(str::to_owned).collect();
        let scope = fields.required("scope").and_then(|place| {
            place.choice(&[
                ("own", PermissionScope::Own),
                ("shop", PermissionScope::Shop),
                ("global", PermissionScope::Global),
            ])
        });
        let purpose = fields.required("purpose").and_then(|place| place.prose(500));
        Some(Self { resource: resource?.to_owned(), actions, scope: scope?, purpose: purpose? })
    }

    /// Reads all that a manifest asks for. Each permission is asked for once.
    pub(super) fn read_all(fields: &Fields<'_>, rules: &ManifestRules) -> Vec<Self> {
        let read = |place: &Place<'_>| Self::read(place, rules);
        let requests = fields.list("permissions", AppManifest::MAX_PERMISSIONS, read);
        let mut seen = BTreeSet::new();
        for request in fields.elements("permissions") {
            let resource = request.value.get("resource").and_then(Value::as_str);
            for action in request.elements("actions") {
                let (Some(resource), Some(text)) = (resource, action.value.as_str()) else {
                    continue;
                };
                if !seen.insert((resource, text)) {
                    let problem = format!("`{resource}:{}` is asked for twice", excerpt(text));
                    action.refuse(FieldErrorCode::Duplicate, problem);
                }
            }
        }
        requests.into_iter().map(|(_, request)| request).collect()
    }
}

fn permission(resource: &str, action: &str) -> Option<Permission> {
    format!("{resource}:{action}").parse().ok()
}

/// A resource that some permission is about.
fn resource<'a>(place: &Place<'a>, rules: &ManifestRules) -> Option<&'a str> {
    let text = place.text()?;
    let resources = || rules.permissions.iter().map(Permission::resource);
    if resources().any(|known| known == text) {
        return Some(text);
    }
    let meant = place.did_you_mean(|| nearest(text, resources().map(str::to_owned)));
    let problem = format!("there is no resource `{}`{meant}", excerpt(text));
    place.refuse(FieldErrorCode::NotFound, problem);
    None
}

/// An action that there is for `resource`.
fn known<'a>(place: &Place<'a>, resource: &str, rules: &ManifestRules) -> Option<&'a str> {
    let text = place.text()?;
    let of_resource = rules.permissions.iter().filter(|known| known.resource() == resource);
    let actions: Vec<_> = of_resource.map(Permission::action).collect();
    if actions.contains(&text) {
        return Some(text);
    }
    let near = || nearest(text, actions.iter().map(|action| (*action).to_owned()));
    let mut hint = place.did_you_mean(near);
    // Few enough to name them all.
    if hint.is_empty() && actions.len() <= 8 {
        hint = format!("; there is `{}`", actions.join("`, `"));
    }
    let problem = format!("there is no permission `{resource}:{}`{hint}", excerpt(text));
    place.refuse(FieldErrorCode::NotFound, problem);
    None
}

/// The permissions that a manifest asks for, whatever else is wrong with its requests.
pub(super) fn asked(fields: &Fields<'_>) -> BTreeSet<Permission> {
    let mut asked = BTreeSet::new();
    for request in fields.elements("permissions") {
        let Some(resource) = request.value.get("resource").and_then(Value::as_str) else {
            continue;
        };
        let actions = request.elements("actions");
        let actions = actions.filter_map(|action| action.value.as_str());
        asked.extend(actions.filter_map(|action| permission(resource, action)));
    }
    asked
}

/// Reads the permissions that a part of an app needs: some of those that the app asks for.
pub(super) fn subset(
    fields: &Fields<'_>,
    asked: &BTreeSet<Permission>,
    rules: &ManifestRules,
) -> Vec<Permission> {
    let read = |place: &Place<'_>| {
        let permission: Permission = place.parse()?;
        if !asked.contains(&permission) {
            let known = asked.intersection(&rules.permissions).map(ToString::to_string);
            let text = permission.to_string();
            let problem = format!(
                "the app does not ask for `{permission}` in its `permissions`{}",
                place.did_you_mean(|| nearest(&text, known))
            );
            place.refuse(FieldErrorCode::NotFound, problem);
            return None;
        }
        Some(permission)
    };
    let permissions = fields.list("permissions", AppManifest::MAX_PERMISSIONS, read);
    let mut seen = BTreeSet::new();
    for (place, permission) in &permissions {
        if !seen.insert(permission) {
            place.refuse(FieldErrorCode::Duplicate, format!("`{permission}` is named twice"));
        }
    }
    permissions.into_iter().map(|(_, permission)| permission).collect()
}

fn actions_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": { "type": "string", "pattern": "^[a-z0-9_]+$" },
        "minItems": 1,
        "maxItems": MAX_ACTIONS,
    })
}

/// The schema of a list of permissions.
pub(super) fn subset_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": { "type": "string", "pattern": "^[a-z0-9_]+:[a-z0-9_]+$" },
        "maxItems": AppManifest::MAX_PERMISSIONS,
    })
}
