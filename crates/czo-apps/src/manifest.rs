//! What an app is, what it asks for, and where it is reached.

mod app_id;
mod characters;
mod config_schema;
mod diff;
mod document;
mod embedded_schema;
mod extension;
mod filter;
mod hosts;
mod http_url;
mod permission;
mod place;
mod rules;
mod schema;
mod suggestion;
mod text;
mod violation;
mod webhook;

use std::collections::BTreeSet;

use czo_core::FieldErrorCode;
use schemars::JsonSchema;
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::app_id::{AppId, AppIdError, Identifier, IdentifierError};
pub(crate) use self::config_schema::ResponseCheck;
pub use self::config_schema::{ConfigSchema, ResponseSchema};
pub use self::diff::{
    Direction, ManifestDiff, PartChange, PartChanges, PermissionChange, VersionChange,
};
pub use self::extension::{Extension, Mount};
pub use self::filter::Filter;
pub use self::hosts::NewHost;
pub(crate) use self::hosts::{at_known_hosts, new_hosts};
pub use self::http_url::{HttpUrl, HttpUrlError};
pub use self::permission::{PermissionRequest, PermissionScope};
pub use self::rules::ManifestRules;
pub use self::violation::{ManifestError, Violation};
pub use self::webhook::{OnFailure, OrderBy, SyncCall, Webhook, WebhookMode, WebhookOrder};

pub(crate) use self::characters::printable;
use self::embedded_schema::Budget;
use self::http_url::Urls;
pub(crate) use self::place::excerpt;
use self::place::{Fields, Place, Report};

/// What an app is, what it asks for, and where it is reached (requirement APP 1).
///
/// [`AppManifest::read`] gives none that breaks a rule. Serializing one and deserializing it again,
/// as for keeping it in a database, gives the same; deserializing alone checks the form only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(
    deny_unknown_fields,
    title = "App manifest",
    description = "What an app is, what it asks for, and where it is reached."
)]
#[non_exhaustive]
pub struct AppManifest {
    /// Names the app, the same in all versions: a domain of the author's turned around, or one
    /// word.
    pub id: AppId,
    /// What the app is called.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// The version of the app, by semantic versioning.
    #[schemars(schema_with = "schema::version")]
    pub version: Version,
    /// What the app does, in a few sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2000))]
    pub about: Option<String>,
    /// Who made it.
    #[schemars(length(min = 1, max = 100))]
    pub author: String,
    /// The app's home page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<HttpUrl>,
    /// Where merchants get help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support_url: Option<HttpUrl>,
    /// What the app does with personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy_url: Option<HttpUrl>,
    /// A picture of the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<HttpUrl>,
    /// Where the app is: its page in the dashboard, of another origin than the dashboard's. It is
    /// absolute; other URLs may be relative to it.
    #[schemars(schema_with = "http_url::absolute_schema")]
    pub app_url: HttpUrl,
    /// Where the newest manifest is. It is absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "http_url::absolute_schema")]
    pub manifest_url: Option<HttpUrl>,
    /// Where the challenge of an installation is sent, and then the token.
    pub handshake_url: HttpUrl,
    /// What the app asks to be allowed.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub permissions: Vec<PermissionRequest>,
    /// What the app wants to be told, and asked.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub webhooks: Vec<Webhook>,
    /// Where the app shows itself in the dashboard.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub extensions: Vec<Extension>,
    /// What a merchant sets up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_schema: Option<ConfigSchema>,
    /// The versions of czo that the app is made for, such as `>=0.1, <0.3`.
    #[schemars(schema_with = "schema::version_range")]
    pub czo: VersionReq,
}

/// The fields of a manifest.
const FIELDS: [&str; 18] = [
    // For editors; it is not kept.
    "$schema",
    "id",
    "name",
    "version",
    "about",
    "author",
    "homepage",
    "supportUrl",
    "privacyUrl",
    "icon",
    "appUrl",
    "manifestUrl",
    "handshakeUrl",
    "permissions",
    "webhooks",
    "extensions",
    "configSchema",
    "czo",
];

impl AppManifest {
    /// The largest manifest, in bytes.
    pub const MAX_BYTES: usize = 256 * 1024;
    /// The most levels of lists and objects.
    pub const MAX_DEPTH: usize = 32;
    /// The most permission requests.
    pub const MAX_PERMISSIONS: usize = 100;
    /// The most webhooks.
    pub const MAX_WEBHOOKS: usize = 100;
    /// The most extensions.
    pub const MAX_EXTENSIONS: usize = 50;

    /// Reads a manifest and holds it to the rules. Relative URLs become absolute.
    ///
    /// What it takes of time and memory is bounded, whoever wrote the manifest, and it asks nobody:
    /// what is at the URLs is not looked at.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its place. Only of what can't be read as JSON
    /// there is no more to say than that.
    pub fn read(bytes: &[u8], rules: &ManifestRules) -> Result<Self, ManifestError> {
        let report = Report::default();
        let document = document::read(bytes, &report);
        let manifest =
            document.as_ref().and_then(|value| Self::read_at(&Place::root(value, &report), rules));
        report.conclude(manifest)
    }

    /// The JSON Schema of a manifest, draft 2020-12, for editors and generators. A manifest that
    /// [`read`](Self::read) takes fits it; not all that fit it are taken, since a schema can't say
    /// which permissions there are.
    #[must_use]
    pub fn schema() -> Value {
        schema::of_manifest()
    }

    fn read_at(place: &Place<'_>, rules: &ManifestRules) -> Option<Self> {
        let fields = place.fields(&FIELDS)?;
        let _ = fields.optional("$schema").and_then(|place| place.text());
        let id = fields.required("id").and_then(|place| place.parse());
        let name = fields.required("name").and_then(|place| place.line(100));
        let version = fields.required("version").and_then(|place| version(&place));
        let about = fields.optional("about").and_then(|place| place.prose(2000));
        let author = fields.required("author").and_then(|place| place.line(100));
        let app_url = fields.required("appUrl");
        let app_url = app_url.and_then(|place| http_url::app_url(&place, rules));
        let manifest_url = fields.optional("manifestUrl");
        let manifest_url = manifest_url.and_then(|place| http_url::absolute(&place, rules));
        let urls = Urls::relative_to(app_url.as_ref(), rules);
        let url = |name| fields.optional(name).and_then(|place| urls.read(&place));
        let [homepage, support_url, privacy_url, icon] =
            ["homepage", "supportUrl", "privacyUrl", "icon"].map(url);
        let handshake_url = fields.required("handshakeUrl").and_then(|place| urls.read(&place));
        let permissions = PermissionRequest::read_all(&fields, rules);
        let budget = Budget::default();
        let webhooks = Webhook::read_all(&fields, &urls, rules, &budget);
        let extensions = Extension::read_all(&fields, &urls, rules);
        let config_schema = fields.optional("configSchema");
        let config_schema = config_schema.and_then(|place| ConfigSchema::read(&place, &budget));
        let czo = fields.required("czo").and_then(|place| czo_range(&place, rules));
        Some(Self {
            id: id?,
            name: name?,
            version: version?,
            about,
            author: author?,
            homepage,
            support_url,
            privacy_url,
            icon,
            app_url: app_url?,
            manifest_url,
            handshake_url: handshake_url?,
            permissions,
            webhooks,
            extensions,
            config_schema,
            czo: czo?,
        })
    }
}

/// The longest version, and the longest range of versions, in characters.
const MAX_VERSION: usize = 100;

fn version(place: &Place<'_>) -> Option<Version> {
    let text = place.text()?;
    if !place.fits(text, MAX_VERSION) {
        return None;
    }
    let version = text.parse().ok();
    if version.is_none() {
        let found = excerpt(text);
        place.invalid(format!("expected a semantic version such as `1.4.0`, found `{found}`"));
    }
    version
}

fn czo_range(place: &Place<'_>, rules: &ManifestRules) -> Option<VersionReq> {
    let text = place.text()?;
    if !place.fits(text, MAX_VERSION) {
        return None;
    }
    let Ok(range) = text.parse() else {
        let found = excerpt(text);
        place.invalid(format!(
            "expected a range of versions such as `>=0.1, <0.3`, found `{found}`"
        ));
        return None;
    };
    if !rules.satisfies(&range) {
        let here = &rules.czo_version;
        place.invalid(format!("the app is made for czo {range}, and this is czo {here}"));
        return None;
    }
    Some(range)
}

/// Notes each identifier of a list that another part of it has, too.
fn unique(fields: &Fields<'_>, list: &str) {
    let mut seen = BTreeSet::new();
    for part in fields.elements(list) {
        let Some(value) = part.value.get("identifier") else { continue };
        let Some(text) = value.as_str() else { continue };
        if !seen.insert(text) {
            let problem = format!("`{}` names another one already", excerpt(text));
            part.below("identifier", value).refuse(FieldErrorCode::Duplicate, problem);
        }
    }
}
