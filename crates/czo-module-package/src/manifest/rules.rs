//! What a manifest is held to, beside its form.

use std::collections::BTreeSet;

use semver::{Prerelease, Version, VersionReq};

use super::Limits;

/// What a manifest is held to, beside its form: the server it is for.
///
/// ```
/// use czo_module_package::{Limits, ManifestRules};
///
/// let rules = ManifestRules::new("0.1.0".parse()?)
///     .maxima(Limits { cpu_ms: 500, wall_ms: 10_000, memory_mib: 128, http_requests: 10 })
///     .hook_points(["catalog.product.create"])
///     .services(["catalog"]);
/// # Ok::<(), semver::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ManifestRules {
    czo_version: Version,
    pub(super) maxima: Limits,
    pub(super) hook_points: Option<BTreeSet<String>>,
    pub(super) services: Option<BTreeSet<String>>,
}

impl ManifestRules {
    /// The most that one call may ask for on a server that says nothing else: 1 s of computing, 30 s
    /// in all, 256 MiB, 50 requests.
    pub const MAXIMA: Limits =
        Limits { cpu_ms: 1_000, wall_ms: 30_000, memory_mib: 256, http_requests: 50 };

    /// The rules of a czo of this version, with [`MAXIMA`](Self::MAXIMA). Which hook points and
    /// services there are is not known, so any may be named.
    #[must_use]
    pub fn new(czo_version: Version) -> Self {
        Self { czo_version, maxima: Self::MAXIMA, hook_points: None, services: None }
    }

    /// The most that one call may ask for.
    #[must_use]
    pub fn maxima(mut self, maxima: Limits) -> Self {
        self.maxima = maxima;
        self
    }

    /// The hook points there are; others are refused.
    #[must_use]
    pub fn hook_points<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.hook_points = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// The services of the server itself; others are refused. Services of modules are not among
    /// them: they need the module in `dependencies`.
    #[must_use]
    pub fn services<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.services = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// The version of czo.
    #[must_use]
    pub fn czo_version(&self) -> &Version {
        &self.czo_version
    }

    /// Whether a module for these versions runs here. A version before a release is taken for the
    /// release: whoever asks for `>=0.2` can try 0.2.0-rc.1, and for whom 0.2 is too new, so is
    /// that.
    pub(super) fn satisfies(&self, range: &VersionReq) -> bool {
        let release = Version { pre: Prerelease::EMPTY, ..self.czo_version.clone() };
        range.matches(&self.czo_version) || range.matches(&release)
    }
}
