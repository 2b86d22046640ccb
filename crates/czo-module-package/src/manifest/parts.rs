//! What a module takes part in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Events the module is called for, by its group `module.<name>` (MOD 11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EventSubscription {
    /// Which: a type, or a pattern with `*` for one word and `#` for any number.
    pub events: String,
    /// How it is called. Default `direct`.
    #[serde(default)]
    pub mode: SubscriptionMode,
}

/// How a module is called for an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SubscriptionMode {
    /// From the bus, which waits for it and tries again.
    #[default]
    Direct,
    /// By a job: for what takes long.
    Job,
}

/// A place in an operation of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HookSubscription {
    /// The name of the point, e.g. `catalog.product.create`.
    pub point: String,
    /// When.
    pub phase: Phase,
    /// Of two hooks the one of higher priority runs first. Default 0.
    #[serde(default)]
    pub priority: i32,
    /// What becomes of the operation when the module fails. Default `open`: it goes on.
    #[serde(default)]
    pub on_failure: OnHookFailure,
    /// How long the operation waits for it, in milliseconds. Default 250.
    #[serde(default = "hook_timeout")]
    #[schemars(range(min = 1, max = 10_000))]
    pub timeout_ms: u32,
}

fn hook_timeout() -> u32 {
    250
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Before the operation, with its input, which it may change or refuse.
    Before,
    /// After it went well, with its result, which it may change.
    After,
    /// After it failed.
    OnError,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
            Self::OnError => "on-error",
        })
    }
}

/// What becomes of the operation when the module fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnHookFailure {
    /// It goes on as if the hook were not there.
    #[default]
    Open,
    /// It fails.
    Closed,
}

/// One route below `/api/modules/<name>/` (MOD 9).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Endpoint {
    /// What the module knows it by: `[a-z][a-z0-9-]*`.
    #[schemars(length(max = 64), regex(pattern = r"^[a-z][a-z0-9-]*$"))]
    pub name: String,
    /// GET, POST, PUT, PATCH or DELETE.
    #[schemars(extend("enum" = ["GET", "POST", "PUT", "PATCH", "DELETE"]))]
    pub method: String,
    /// Its path: `/points/{customer}`.
    pub path: String,
    /// What it does, for the API's documentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500))]
    pub summary: Option<String>,
    /// The permission that the caller needs, e.g. `loyalty:read`. None lets everybody in who has a
    /// token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// Lets everybody in, without a token. Default false.
    #[serde(default)]
    pub public: bool,
    /// Requests a minute that one shop may make. Default 600.
    #[serde(default = "rate_limit")]
    #[schemars(range(min = 1, max = 60_000))]
    pub rate_limit_per_minute: u32,
    /// A JSON Schema of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Value>,
    /// A JSON Schema of the answer's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Value>,
}

fn rate_limit() -> u32 {
    600
}

/// What a module offers to others (MOD 8).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Service {
    /// Its name: `[a-z][a-z0-9-]*`; others call `<module>.<name>`.
    #[schemars(length(max = 64), regex(pattern = r"^[a-z][a-z0-9-]*$"))]
    pub name: String,
    /// What it can do.
    #[schemars(length(min = 1, max = 50))]
    pub methods: Vec<ServiceMethod>,
}

/// One method of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceMethod {
    /// Its name: `[a-z][a-z0-9-]*`.
    #[schemars(length(max = 64), regex(pattern = r"^[a-z][a-z0-9-]*$"))]
    pub name: String,
    /// A JSON Schema of its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    /// A JSON Schema of what it returns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<Value>,
}

/// Work the module does later, or again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ModuleJob {
    /// Its name: `[a-z][a-z0-9-]*`.
    #[schemars(length(max = 64), regex(pattern = r"^[a-z][a-z0-9-]*$"))]
    pub name: String,
    /// When it is done by itself: `minute hour day month weekday`, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
}

/// Something the module counts or measures (MOD 15).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MetricDeclaration {
    /// Its name: `[a-z][a-z0-9_]*`; shown as `czo_module_<module>_<name>`.
    #[schemars(length(max = 64), regex(pattern = r"^[a-z][a-z0-9_]*$"))]
    pub name: String,
    /// What it is.
    pub kind: MetricKind,
    /// What it tells.
    #[schemars(length(min = 1, max = 200))]
    pub help: String,
    /// Its labels, at most four, each `[a-z][a-z0-9_]*`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4), inner(length(max = 64), regex(pattern = r"^[a-z][a-z0-9_]*$")))]
    pub labels: Vec<String>,
    /// Upper bounds of the buckets of a histogram, rising, at most 30. What is above the last is
    /// counted too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 30))]
    pub buckets: Vec<f64>,
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It is spread over buckets.
    Histogram,
}
