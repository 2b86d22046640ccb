//! What people see of a module.

use chrono::{DateTime, Utc};
use czo_core::CorrelationId;
use czo_module_package::{ModuleManifest, ModuleName};
use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::Widened;
use crate::ModuleStatus;

/// A module in a list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModuleSummary {
    /// Its name.
    pub name: ModuleName,
    /// Its version.
    #[schemars(with = "String")]
    pub version: Version,
    /// Where it stands: `installed`, `enabled`, `disabled`, `quarantined` or `failed`.
    #[schemars(with = "String")]
    pub status: ModuleStatus,
    /// Where it came from.
    pub source: String,
    /// The version that waits for a consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for_consent: Option<Widened>,
    /// Whether it works with this version of czo.
    pub compatible: bool,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

/// Everything about a module.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModuleDetails {
    /// What a list says of it.
    #[serde(flatten)]
    pub summary: ModuleSummary,
    /// What it says of itself.
    pub manifest: ModuleManifest,
    /// Which activation of it serves, or was the last.
    pub generation: u64,
    /// Whether it serves in this process.
    pub serves_here: bool,
    /// Why this process can't bring it up, where it should.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_here: Option<String>,
    /// Why it is quarantined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<QuarantineInfo>,
    /// Its versions that are kept, the newest first.
    pub versions: Vec<VersionInfo>,
    /// What it has used in this process since it began to serve.
    pub usage: Vec<ModuleUsage>,
}

/// Why a module is quarantined, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuarantineInfo {
    /// What it did.
    pub reason: String,
    /// The errors it ended with, the oldest first.
    pub last_errors: Vec<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// How often it was quarantined one after the other.
    pub times: u32,
    /// When it is tried again.
    pub next_try: DateTime<Utc>,
}

/// A version of a module that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionInfo {
    /// Which.
    #[schemars(with = "String")]
    pub version: Version,
    /// The SHA-256 of its package, in hexadecimal.
    pub package_digest: String,
    /// Since when it is here.
    pub added_at: DateTime<Utc>,
    /// Whether it is the one that serves, or would.
    pub is_current: bool,
}

/// What a module has used for one shop.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModuleUsage {
    /// Which shop; none for what belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shop: Option<String>,
    /// How many calls.
    pub calls: u64,
    /// How many of them failed.
    pub failures: u64,
    /// Computing time in all, in milliseconds.
    pub cpu_ms: f64,
    /// The most memory that one call had, in bytes.
    pub memory_peak: u64,
}

/// Which lines of a log are meant. All of them, if nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogFilter {
    /// Lines of this level or above.
    pub level: Option<crate::LogLevel>,
    /// Lines after the one with this number.
    pub after: Option<u64>,
    /// Lines of this request.
    pub correlation_id: Option<CorrelationId>,
    /// At most so many, the last ones.
    pub limit: Option<usize>,
}

/// One line that a module has logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogRecord {
    /// Its number: each line of a module has a greater one than the line before.
    pub number: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// How important it is: `trace`, `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// What it says.
    pub message: String,
    /// More, by name.
    pub fields: Vec<(String, String)>,
    /// The request it belongs to.
    pub correlation_id: String,
}

/// A file of the dashboard part of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its content.
    pub content: Vec<u8>,
    /// The SHA-256 of it, in hexadecimal.
    pub digest: String,
}
