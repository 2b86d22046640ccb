//! What is asked of a change of a module, and what came of it.

use std::time::Duration;

use czo_module_package::ModuleName;
use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

/// How a package is added.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddOptions {
    /// Where it comes from, as somebody wrote it.
    pub source: String,
    /// Whether it serves at once. Default no.
    pub enable: bool,
}

impl AddOptions {
    /// It comes from there, and does not serve yet.
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        Self { source: source.into(), enable: false }
    }

    /// Lets it serve at once.
    #[must_use]
    pub fn enable(mut self) -> Self {
        self.enable = true;
        self
    }
}

/// What of an update that asks for more than the version before somebody has agreed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// Nothing: what asks for more waits.
    #[default]
    Nothing,
    /// Exactly this: the [digest](Widened::digest) of what was shown to a person.
    Exactly(String),
    /// Whatever it asks for.
    Everything,
}

/// What a version asks for that the one before had not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Widened {
    /// The version.
    #[schemars(with = "String")]
    pub version: Version,
    /// Each thing, in words: `http: api.example.com`.
    pub grants: Vec<String>,
    /// What a consent to exactly this names.
    pub digest: String,
}

/// What becomes of the data of a module that is removed: its tables and what it keeps by key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataFate {
    /// It stays, and is there again when the module comes back.
    #[default]
    Keep,
    /// It is deleted, after it was exported.
    Delete,
}

/// How a module is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoveOptions {
    /// What becomes of its data. Default [`DataFate::Keep`].
    pub data: DataFate,
    /// Whether it goes also when others depend on it; these are disabled. Default no.
    pub force: bool,
}

impl RemoveOptions {
    /// What becomes of its data.
    #[must_use]
    pub fn data(mut self, data: DataFate) -> Self {
        self.data = data;
        self
    }

    /// Also when others depend on it.
    #[must_use]
    pub fn force(mut self) -> Self {
        self.force = true;
        self
    }
}

/// A module was added.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Added {
    /// Which.
    pub name: ModuleName,
    /// Which version.
    #[schemars(with = "String")]
    pub version: Version,
    /// Where it serves already, how.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activated: Option<Activated>,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

/// A version of a module serves.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Activated {
    /// Which version.
    #[schemars(with = "String")]
    pub version: Version,
    /// Which activation of the module it is.
    pub generation: u64,
    /// How long it took from the first step until it served, in milliseconds.
    pub took_ms: f64,
}

/// What came of an update.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", tag = "is")]
#[non_exhaustive]
pub enum UpdateOutcome {
    /// The module is of this version already, with the same files.
    Unchanged,
    /// The new version is the one that is enabled next; the module does not serve.
    Replaced {
        /// The version before.
        #[schemars(with = "String")]
        from: Version,
        /// The version now.
        #[schemars(with = "String")]
        to: Version,
    },
    /// The new version serves.
    Updated {
        /// The version before.
        #[schemars(with = "String")]
        from: Version,
        /// The version now.
        activated: Activated,
    },
    /// The new version asks for more: it waits for a consent, and the old one is still the one.
    WaitsForConsent(Widened),
}

/// A module went back to the version before.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolledBack {
    /// The version it was.
    #[schemars(with = "String")]
    pub from: Version,
    /// The version it is.
    #[schemars(with = "String")]
    pub to: Version,
    /// How many migrations were taken back.
    pub migrations_taken_back: usize,
    /// How it serves, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activated: Option<Activated>,
}

/// A module was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Removed {
    /// Which.
    pub name: ModuleName,
    /// Where its data was exported to, if it was deleted and there was some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exported_to: Option<String>,
    /// The modules that were disabled since they depend on it.
    pub disabled: Vec<ModuleName>,
}

/// What came of a module at the start of the process.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// Which.
    pub name: ModuleName,
    /// How long it took until it served.
    pub took: Duration,
    /// Why it does not, where it does not.
    pub failure: Option<String>,
}
