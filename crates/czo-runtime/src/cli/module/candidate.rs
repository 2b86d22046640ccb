//! A package that was fetched, and what is to be said of it.

use std::path::Path;

use anyhow::bail;
use czo_module_package::{
    FetchOptions, Fetched, ModuleManifest, ModuleSource, Package, Report, fetch, grants,
};

use super::desk::Content;
use crate::cli::output::{print, print_note};
use crate::modules::{PackageRules, tarball};

/// A package that was fetched, and what is to be said of it.
pub(super) struct Candidate {
    pub(super) package: Package,
    pub(super) source: ModuleSource,
    pub(super) fetched: Fetched,
    pub(super) report: Report,
}

impl Candidate {
    /// Fetches a package, with paths relative to `base`, and looks at it, against the version before
    /// where there is one.
    pub(super) async fn of(
        source: ModuleSource,
        base: &Path,
        rules: PackageRules,
        previous: Option<ModuleManifest>,
    ) -> anyhow::Result<Self> {
        let base = base.to_owned();
        let find = move || -> anyhow::Result<Self> {
            let fetched = fetch(&source, &base, &FetchOptions::default())?;
            let package = rules.open(&fetched.root)?;
            let report = rules.report(&package, previous.as_ref());
            Ok(Self { package, source, fetched, report })
        };
        tokio::task::spawn_blocking(find).await?
    }

    /// Shows what was found; an error where it keeps the package from being installed.
    pub(super) fn show_report(&self) -> anyhow::Result<()> {
        let Self { report, .. } = self;
        if !report.findings.is_empty() {
            print_note(report.to_string().trim_end());
            print_note("");
        }
        match report.blocks() {
            true => bail!("the package of {} {} is refused", report.module, report.version),
            false => Ok(()),
        }
    }

    /// Shows what the module may do.
    pub(super) fn show_grants(&self) {
        let manifest = self.package.manifest();
        print(&format!("{} {}: {}", manifest.name, manifest.version, manifest.description));
        print(&format!("by {}, {}", manifest.author, manifest.license));
        for grant in grants(manifest) {
            print(&format!("  it {grant}"));
        }
    }

    /// The package on its way.
    pub(super) fn packed(&self) -> anyhow::Result<Content> {
        Ok(Content::Package(tarball::pack(&self.package)?))
    }
}
