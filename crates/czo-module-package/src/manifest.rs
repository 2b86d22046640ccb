//! `czo-module.json`.

mod characters;
mod check;
mod document;
mod embedded_schema;
mod json;
mod parts;
mod place;
mod rules;
mod schema;
mod suggestion;
mod violation;

use serde::Deserialize;
use serde_json::Value;

pub use document::{
    Backend, Dashboard, DashboardPage, Limits, ModuleManifest, NavigationEntry, Permissions,
};
pub use parts::{
    Endpoint, EventSubscription, HookSubscription, MetricDeclaration, MetricKind, ModuleJob,
    OnHookFailure, Phase, Service, ServiceMethod, SubscriptionMode,
};
pub use rules::ManifestRules;
pub use violation::{ManifestError, Violation};

pub(crate) use characters::printable;
pub(crate) use place::excerpt;
use place::{Notes, Place};

impl ModuleManifest {
    /// The name of the file, at the root of a package.
    pub const FILE: &'static str = "czo-module.json";
    /// The largest manifest, in bytes.
    pub const MAX_BYTES: usize = 256 * 1024;
    /// The most levels of lists and objects.
    pub const MAX_DEPTH: usize = 32;

    /// Reads a manifest and holds it to the rules. What it takes of time and memory is bounded,
    /// whoever wrote the manifest, and it looks at nothing else.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its place. Only of what can't be read as JSON
    /// there is no more to say than that.
    pub fn read(bytes: &[u8], rules: &ManifestRules) -> Result<Self, ManifestError> {
        let notes = Notes::default();
        let document = json::read(bytes, &notes);
        let manifest = document.as_ref().and_then(|value| {
            let place = Place::root(value, &notes);
            schema::check(&place);
            check::check(&place, rules);
            match Self::deserialize(value) {
                Ok(manifest) => Some(manifest),
                // What the types refuse, the schema or a rule has refused, with a better message.
                Err(error) if notes.is_empty() => {
                    place.invalid(error.to_string());
                    None
                }
                Err(_) => None,
            }
        });
        notes.conclude(manifest)
    }

    /// The JSON Schema of a manifest, draft 2020-12, for editors and generators. A manifest that
    /// [`read`](Self::read) takes fits it; not all that fit it are taken, since a schema can't say
    /// which hook points there are.
    #[must_use]
    pub fn json_schema() -> Value {
        schema::schema().clone()
    }
}
