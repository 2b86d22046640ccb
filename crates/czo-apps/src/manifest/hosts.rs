//! Where an app is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::{AppManifest, Extension, HttpUrl, Webhook};

/// A host where an update would have the app that was not there before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct NewHost {
    /// Scheme, host and port, such as `https://hooks.example.net`.
    pub host: String,
    /// What would be there: `appUrl`, `manifestUrl`, `handshakeUrl`, `webhook orders`,
    /// `extension points`.
    pub places: Vec<String>,
}

impl fmt::Display for NewHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.host, self.places.join(", "))
    }
}

/// The hosts that somebody has consented to, for each of what is sent or shown. That of `appUrl` is
/// good for all; that of an icon or a help page for nothing.
struct Known<'m> {
    old: &'m AppManifest,
    app: String,
    webhooks: BTreeSet<String>,
    extensions: BTreeSet<String>,
}

fn host(url: &HttpUrl) -> String {
    url.origin().ascii_serialization()
}

impl<'m> Known<'m> {
    fn of(old: &'m AppManifest) -> Self {
        let webhooks = old.webhooks.iter().map(|webhook| host(&webhook.target_url)).collect();
        let extensions = old.extensions.iter().map(|extension| host(&extension.url)).collect();
        Self { old, app: host(&old.app_url), webhooks, extensions }
    }

    fn has(&self, url: &HttpUrl, also: Option<&HttpUrl>) -> bool {
        host(url) == self.app || also.is_some_and(|also| host(also) == host(url))
    }

    fn has_webhook(&self, webhook: &Webhook) -> bool {
        let host = host(&webhook.target_url);
        host == self.app || self.webhooks.contains(&host)
    }

    fn has_extension(&self, extension: &Extension) -> bool {
        let host = host(&extension.url);
        host == self.app || self.extensions.contains(&host)
    }

    fn has_manifest(&self, url: &HttpUrl) -> bool {
        self.has(url, self.old.manifest_url.as_ref())
    }

    fn has_handshake(&self, url: &HttpUrl) -> bool {
        self.has(url, Some(&self.old.handshake_url))
    }
}

/// Where `new` would have the app that `old` has not, sorted.
pub(crate) fn new_hosts(old: &AppManifest, new: &AppManifest) -> Vec<NewHost> {
    let known = Known::of(old);
    let mut found = BTreeMap::<String, Vec<String>>::new();
    let mut note = |url: &HttpUrl, place: String| found.entry(host(url)).or_default().push(place);
    if !known.has(&new.app_url, None) {
        note(&new.app_url, "appUrl".to_owned());
    }
    if let Some(url) = new.manifest_url.as_ref().filter(|url| !known.has_manifest(url)) {
        note(url, "manifestUrl".to_owned());
    }
    if !known.has_handshake(&new.handshake_url) {
        note(&new.handshake_url, "handshakeUrl".to_owned());
    }
    for webhook in new.webhooks.iter().filter(|webhook| !known.has_webhook(webhook)) {
        note(&webhook.target_url, format!("webhook {}", webhook.identifier));
    }
    for extension in new.extensions.iter().filter(|extension| !known.has_extension(extension)) {
        note(&extension.url, format!("extension {}", extension.identifier));
    }
    found.into_iter().map(|(host, places)| NewHost { host, places }).collect()
}

/// What `new` says, as far as it stays at the hosts of `old`: what would be elsewhere is where it was,
/// and what is new there is left out.
pub(crate) fn at_known_hosts(old: &AppManifest, new: &AppManifest) -> AppManifest {
    let known = Known::of(old);
    let mut kept = new.clone();
    if !known.has(&kept.app_url, None) {
        kept.app_url = old.app_url.clone();
    }
    if kept.manifest_url.as_ref().is_some_and(|url| !known.has_manifest(url)) {
        kept.manifest_url.clone_from(&old.manifest_url);
    }
    if !known.has_handshake(&kept.handshake_url) {
        kept.handshake_url = old.handshake_url.clone();
    }
    kept.webhooks.retain_mut(|webhook| {
        known.has_webhook(webhook) || {
            let was = |one: &&Webhook| one.identifier == webhook.identifier;
            stays(&mut webhook.target_url, old.webhooks.iter().find(was).map(|one| &one.target_url))
        }
    });
    kept.extensions.retain_mut(|extension| {
        known.has_extension(extension) || {
            let was = |one: &&Extension| one.identifier == extension.identifier;
            stays(&mut extension.url, old.extensions.iter().find(was).map(|one| &one.url))
        }
    });
    kept
}

/// Puts a part where it was; whether it was anywhere.
fn stays(url: &mut HttpUrl, was: Option<&HttpUrl>) -> bool {
    was.map(|was| *url = was.clone()).is_some()
}
