//! Where an app shows itself in the dashboard.

use std::collections::BTreeSet;
use std::fmt;

use czo_core::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::http_url::Urls;
use super::place::{Fields, Place};
use super::{HttpUrl, Identifier, ManifestRules, permission, text, unique};

/// A page of the app that the dashboard shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, title = "Extension")]
pub struct Extension {
    /// Names the extension; the same in all versions of the app.
    pub identifier: Identifier,
    /// Where the dashboard shows it.
    pub mount: Mount,
    /// What it is called there.
    #[schemars(length(min = 1, max = 60))]
    pub label: String,
    /// The page, of another origin than the dashboard's.
    pub url: HttpUrl,
    /// What whoever uses it must be allowed to do, each `resource:action`; some of what the app
    /// asks for.
    #[serde(default, with = "text::permissions")]
    #[schemars(schema_with = "permission::subset_schema")]
    pub permissions: Vec<Permission>,
}

/// A place in the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schemars(title = "Mount")]
#[non_exhaustive]
pub enum Mount {
    /// On the page of a product.
    ProductDetails,
    /// On the page of an order.
    OrderDetails,
    /// A page of its own, in the navigation.
    Navigation,
    /// On the page of the app's settings.
    Settings,
}

impl Mount {
    const ALL: [(&'static str, Self); 4] = [
        ("PRODUCT_DETAILS", Self::ProductDetails),
        ("ORDER_DETAILS", Self::OrderDetails),
        ("NAVIGATION", Self::Navigation),
        ("SETTINGS", Self::Settings),
    ];
}

impl fmt::Display for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ProductDetails => "PRODUCT_DETAILS",
            Self::OrderDetails => "ORDER_DETAILS",
            Self::Navigation => "NAVIGATION",
            Self::Settings => "SETTINGS",
        })
    }
}

impl Extension {
    fn read(
        place: &Place<'_>,
        urls: &Urls<'_>,
        asked: &BTreeSet<Permission>,
        rules: &ManifestRules,
    ) -> Option<Self> {
        let fields = place.fields(&["identifier", "mount", "label", "url", "permissions"])?;
        let identifier = fields.required("identifier").and_then(|place| place.parse());
        let mount = fields.required("mount").and_then(|place| place.choice(&Mount::ALL));
        let label = fields.required("label").and_then(|place| place.line(60));
        let url = fields.required("url").and_then(|place| urls.read_framed(&place));
        let permissions = permission::subset(&fields, asked, rules);
        Some(Self { identifier: identifier?, mount: mount?, label: label?, url: url?, permissions })
    }

    /// Reads all extensions of a manifest.
    pub(super) fn read_all(
        fields: &Fields<'_>,
        urls: &Urls<'_>,
        rules: &ManifestRules,
    ) -> Vec<Self> {
        let asked = permission::asked(fields);
        let read = |place: &Place<'_>| Self::read(place, urls, &asked, rules);
        let extensions = fields.list("extensions", super::AppManifest::MAX_EXTENSIONS, read);
        unique(fields, "extensions");
        extensions.into_iter().map(|(_, extension)| extension).collect()
    }
}
