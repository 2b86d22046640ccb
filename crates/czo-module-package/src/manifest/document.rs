//! The manifest as a whole.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::parts::{
    Endpoint, EventSubscription, HookSubscription, MetricDeclaration, ModuleJob, Service,
};
use crate::ModuleName;

/// What a module says of itself: `czo-module.json` at the root of its package (MOD 1).
///
/// [`ModuleManifest::read`] gives none that breaks a rule. Serializing one and deserializing it
/// again gives the same; deserializing alone checks the form only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Manifest of a module of czo")]
pub struct ModuleManifest {
    /// The URL of the schema, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Its name, unique on a server.
    pub name: ModuleName,
    /// Its version (SemVer).
    #[schemars(with = "String", length(min = 1, max = 100))]
    pub version: Version,
    /// What it does, in a sentence or two.
    #[schemars(length(min = 1, max = 1000))]
    pub description: String,
    /// Who made it.
    #[schemars(length(min = 1, max = 200))]
    pub author: String,
    /// An SPDX expression, such as `MIT OR Apache-2.0`.
    #[schemars(length(min = 1, max = 200))]
    pub license: String,
    /// Which versions of czo it works with, such as `>=0.1, <0.3`.
    #[schemars(with = "String", length(min = 1, max = 100))]
    pub czo: VersionReq,
    /// What runs in the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<Backend>,
    /// What is shown in the dashboard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard: Option<Dashboard>,
    /// What it may do; nothing else is linked.
    #[serde(default)]
    pub permissions: Permissions,
    /// The folder of its migrations, relative to the manifest. Needs `permissions.sql`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrations: Option<String>,
    /// The events it is called for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub subscriptions: Vec<EventSubscription>,
    /// The places in operations of domains where it is called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub hooks: Vec<HookSubscription>,
    /// Its part of the HTTP API, below `/api/modules/<name>/`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub endpoints: Vec<Endpoint>,
    /// What it offers to other modules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub services: Vec<Service>,
    /// What it does later or again and again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub jobs: Vec<ModuleJob>,
    /// What it counts and measures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub metrics: Vec<MetricDeclaration>,
    /// A JSON Schema of its configuration; an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Value>,
    /// What one call of it may use.
    #[serde(default)]
    pub limits: Limits,
    /// The modules that must be enabled before it, and which versions of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<ModuleName, String>")]
    pub dependencies: BTreeMap<ModuleName, VersionReq>,
}

/// What runs in the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Backend {
    /// A WebAssembly component, relative to the manifest.
    pub wasm: String,
    /// Keeps one instance, which answers one call after the other, instead of a fresh one for each
    /// call: for what takes long to build up. Default false.
    #[serde(default)]
    pub keep_instance: bool,
    /// What builds `wasm` from its sources: a command and its arguments, run by `czo module dev` in
    /// the folder of the manifest, and never when the module is installed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub build: Vec<String>,
}

/// What is shown in the dashboard: in a frame of its own (MOD 10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Dashboard {
    /// The folder whose files are served, relative to the manifest.
    pub assets: String,
    /// Its pages.
    #[schemars(length(min = 1, max = 50))]
    pub pages: Vec<DashboardPage>,
    /// Its entries in the navigation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub navigation: Vec<NavigationEntry>,
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DashboardPage {
    /// Its name in URLs: `[a-z][a-z0-9-]*`.
    #[schemars(length(max = 64), regex(pattern = r"^[a-z][a-z0-9-]*$"))]
    pub name: String,
    /// The HTML file, relative to `assets`.
    pub entry: String,
    /// Its title.
    #[schemars(length(min = 1, max = 100))]
    pub title: String,
    /// The permission that who opens it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
}

/// One entry in the navigation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NavigationEntry {
    /// What it says.
    #[schemars(length(min = 1, max = 100))]
    pub label: String,
    /// The page it leads to.
    pub page: String,
    /// The name of an icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
}

/// What a module may do beyond computing, logging and reading its configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Permissions {
    /// The hosts it may send requests to: `api.example.com`, `api.example.com:8443`,
    /// `*.example.com` for every name below.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = 100))]
    pub http: BTreeSet<String>,
    /// The environment variables it may read.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = 100))]
    pub env: BTreeSet<String>,
    /// Whether it has tables.
    pub sql: bool,
    /// Whether it keeps values by key.
    pub kv: bool,
    /// The types of the events it publishes: `<name>.<entity>.<action>`, with `_` for each hyphen of
    /// the name.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = 100))]
    pub events: BTreeSet<String>,
    /// The services it calls: `<module>.<service>`, or one of the server.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = 100))]
    pub services: BTreeSet<String>,
}

/// What one call may use. What is more than the server allows is refused when it is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Limits {
    /// Computing time, in milliseconds. Default 100.
    #[schemars(range(min = 1))]
    pub cpu_ms: u32,
    /// Time in all, waiting included, in milliseconds. Default 5,000.
    #[schemars(range(min = 1))]
    pub wall_ms: u32,
    /// Memory, in MiB. Default 64.
    #[schemars(range(min = 1))]
    pub memory_mib: u32,
    /// Requests it sends. Default 5.
    pub http_requests: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { cpu_ms: 100, wall_ms: 5_000, memory_mib: 64, http_requests: 5 }
    }
}
