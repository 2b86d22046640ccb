//! Looking at a package before it is enabled.

mod dashboard;
mod dependencies;
mod imports;
mod javascript;

use crate::grants::GrantsDiff;
use crate::{Advisories, ComponentInfo, Finding, ModuleManifest, Package, Report, Severity};

/// What a package is looked at with.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValidationOptions<'a> {
    /// What is known of vulnerable dependencies. Without it, that is a warning.
    pub advisories: Option<&'a Advisories>,
    /// The manifest of the version that is to be replaced, for what the new one may do beyond it.
    pub previous: Option<&'a ModuleManifest>,
}

/// Looks at a package and says everything that is to be said of it. Nothing of it is executed, and
/// nobody is asked: it works offline. It computes for up to some seconds, so call it where that is
/// allowed.
///
/// Reading JavaScript can be fooled; what keeps a page from evaluating text is the content security
/// policy it is served with. Imports can't: what is not granted is not linked.
#[must_use]
pub fn validate(package: &Package, options: &ValidationOptions<'_>) -> Report {
    let manifest = package.manifest();
    let mut findings = Vec::new();
    let component = component(package, &mut findings);
    if let Some(info) = &component {
        imports::check(manifest, info, &mut findings);
    }
    dashboard::check(package, &mut findings);
    dependencies::check(package, component.as_ref(), options.advisories, &mut findings);
    licence(manifest, &mut findings);
    let grants = options.previous.map(|previous| GrantsDiff::between(previous, manifest));
    for grant in grants.iter().flat_map(|grants| &grants.added) {
        findings.push(Finding {
            severity: Severity::Warning,
            place: ModuleManifest::FILE.to_owned(),
            code: "grant-added",
            message: format!("the version before could not do this: it {grant}"),
            fix: "agree to it, or stay with the version before".to_owned(),
        });
    }
    Report::new(manifest.name.clone(), manifest.version.clone(), findings, grants)
}

fn component(package: &Package, findings: &mut Vec<Finding>) -> Option<ComponentInfo> {
    let backend = package.manifest().backend.as_ref()?;
    let component = package.wasm().map(|wasm| ComponentInfo::read(wasm.bytes()))?;
    component
        .map_err(|problem| {
            findings.push(Finding {
                severity: Severity::Error,
                place: backend.wasm.clone(),
                code: "component-broken",
                message: format!("this can't be loaded: {problem}"),
                fix: "build it again, as a component of WebAssembly".to_owned(),
            });
        })
        .ok()
}

/// A licence that somebody should read before the module is used in a closed product.
fn licence(manifest: &ModuleManifest, findings: &mut Vec<Finding>) {
    let Ok(expression) = spdx::Expression::parse(&manifest.license) else { return };
    let is_free = |requirement: &spdx::LicenseReq| {
        requirement.license.id().is_some_and(|id| id.is_osi_approved() && !id.is_copyleft())
    };
    if !expression.evaluate(is_free) {
        findings.push(Finding {
            severity: Severity::Warning,
            place: format!("{}#/license", ModuleManifest::FILE),
            code: "licence",
            message: format!(
                "the licence `{}` is not one that lets everybody use it as they like",
                manifest.license
            ),
            fix: "read it, and see that it fits how the shop is run".to_owned(),
        });
    }
}
