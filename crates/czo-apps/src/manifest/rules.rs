//! What a manifest is held to, beside its form.

use std::collections::BTreeSet;

use czo_core::{EventType, Permission};
use semver::{Prerelease, Version, VersionReq};
use url::{Host, Origin, Url};

use super::HttpUrl;

/// What a manifest is held to, beside its form: what this czo has to offer, and where it runs.
///
/// ```
/// use czo_apps::ManifestRules;
/// use czo_core::{EventType, Permission};
///
/// let rules = ManifestRules::new("0.1.0".parse()?)
///     .permissions([Permission::new("product", "read")])
///     .event_types([EventType::from_static("product.item.created")])
///     .dashboard_origins(["https://dashboard.example.com".parse()?]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ManifestRules {
    pub(super) czo_version: Version,
    pub(super) permissions: BTreeSet<Permission>,
    pub(super) event_types: BTreeSet<EventType>,
    insecure_hosts: BTreeSet<String>,
    dashboard_origins: Vec<Origin>,
}

impl ManifestRules {
    /// The rules of a czo of this version, which so far offers neither permissions nor events.
    #[must_use]
    pub fn new(czo_version: Version) -> Self {
        Self {
            czo_version,
            permissions: BTreeSet::new(),
            event_types: BTreeSet::new(),
            insecure_hosts: BTreeSet::new(),
            dashboard_origins: Vec::new(),
        }
    }

    /// Adds permissions that apps may ask for.
    #[must_use]
    pub fn permissions(mut self, permissions: impl IntoIterator<Item = Permission>) -> Self {
        self.permissions.extend(permissions);
        self
    }

    /// Adds types of events that webhooks may be for.
    #[must_use]
    pub fn event_types(mut self, types: impl IntoIterator<Item = EventType>) -> Self {
        self.event_types.extend(types);
        self
    }

    /// Adds hosts that need no `https`, at any port: for the development of an app on one's own
    /// machine. By default there is none.
    #[must_use]
    pub fn insecure_hosts(mut self, hosts: impl IntoIterator<Item = Host>) -> Self {
        self.insecure_hosts.extend(hosts.into_iter().map(|host| host.to_string()));
        self
    }

    /// Adds URLs of the dashboard. No app is shown from their origins.
    #[must_use]
    pub fn dashboard_origins(mut self, urls: impl IntoIterator<Item = HttpUrl>) -> Self {
        self.dashboard_origins.extend(urls.into_iter().map(|url| url.origin()));
        self
    }

    /// The types of events that webhooks may be for.
    pub(crate) fn known_event_types(&self) -> &BTreeSet<EventType> {
        &self.event_types
    }

    pub(crate) fn may_be_insecure(&self, url: &Url) -> bool {
        url.host_str().is_some_and(|host| self.insecure_hosts.contains(host))
    }

    pub(super) fn is_dashboard(&self, origin: &Origin) -> bool {
        self.dashboard_origins.contains(origin)
    }

    /// Whether an app for these versions runs here. A version before a release is taken for the
    /// release: whoever asks for `>=0.2` can try 0.2.0-rc.1, and for whom 0.2 is too new, so is
    /// that.
    pub(super) fn satisfies(&self, range: &VersionReq) -> bool {
        let release = Version { pre: Prerelease::EMPTY, ..self.czo_version.clone() };
        range.matches(&self.czo_version) || range.matches(&release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_before_a_release_counts_as_the_release() {
        let satisfies = |version: &str, range: &str| {
            ManifestRules::new(version.parse().unwrap()).satisfies(&range.parse().unwrap())
        };
        assert!(satisfies("0.2.3", ">=0.1, <0.3"));
        assert!(satisfies("0.2.0-rc.1", ">=0.2"));
        assert!(satisfies("0.2.0-rc.1", "=0.2.0-rc.1"));
        assert!(!satisfies("0.2.0-rc.1", "<0.2"));
        assert!(!satisfies("0.3.0", "^0.2"));
    }

    #[test]
    fn a_host_is_insecure_however_it_is_written() {
        let hosts = ["LOCALHOST", "[0:0::1]"].map(|host| Host::parse(host).unwrap());
        let rules = ManifestRules::new(Version::new(0, 1, 0)).insecure_hosts(hosts);
        let may = |url: &str| rules.may_be_insecure(&url.parse().unwrap());
        assert!(may("http://localhost:3000/x") && may("http://[::1]/"));
        assert!(!may("http://localhost.example.com/") && !may("http://127.0.0.1/"));
    }
}
