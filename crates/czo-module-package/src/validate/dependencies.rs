//! What a package was made of, and what is known of that.

use crate::advisories::{Dependency, Ecosystem};
use crate::{Advisories, ComponentInfo, Finding, ModuleManifest, Package, Severity};

pub(super) fn check(
    package: &Package,
    component: Option<&ComponentInfo>,
    advisories: Option<&Advisories>,
    findings: &mut Vec<Finding>,
) {
    let manifest = package.manifest();
    let mut found = Vec::new();
    let mut warn = |place: &str, code, message: &str, fix: &str| {
        findings.push(Finding {
            severity: Severity::Warning,
            place: place.to_owned(),
            code,
            message: message.to_owned(),
            fix: fix.to_owned(),
        });
    };
    if let (Some(backend), Some(component)) = (&manifest.backend, component) {
        match component.auditable.as_deref().map(Dependency::of_auditable) {
            Some(Ok(crates)) => found.extend(crates.into_iter().map(|one| (&*backend.wasm, one))),
            Some(Err(problem)) => warn(
                &backend.wasm,
                "dependencies-unknown",
                &format!("what it was made of is noted in it, and can't be read: {problem}"),
                "build it again with `cargo auditable build`",
            ),
            None if package.npm_lock().is_none() => warn(
                &backend.wasm,
                "dependencies-unknown",
                "what it was made of is not noted in it, so nothing is known of that",
                "build it with `cargo auditable build`, or add `package-lock.json`",
            ),
            None => {}
        }
    }
    match package.npm_lock().map(|lock| Dependency::of_npm_lock(lock.bytes())) {
        Some(Ok(packages)) => found.extend(packages.into_iter().map(|one| (NPM_LOCK, one))),
        Some(Err(problem)) => warn(
            NPM_LOCK,
            "dependencies-unknown",
            &format!("it can't be read: {problem}"),
            "write it with `npm install --package-lock-only`",
        ),
        None if manifest.dashboard.is_some() => warn(
            ModuleManifest::FILE,
            "dependencies-unknown",
            "there is no `package-lock.json`, so nothing is known of what the pages were made of",
            "add it, also if it is empty",
        ),
        None => {}
    }
    let Some(advisories) = advisories else {
        if !found.is_empty() {
            warn(
                ModuleManifest::FILE,
                "advisories-missing",
                &format!("{} dependencies were not compared with advisories", found.len()),
                "name a copy of the OSV database in the configuration",
            );
        }
        return;
    };
    for (place, dependency) in &found {
        for advisory in advisories.matching(dependency) {
            let Dependency { ecosystem, name, version } = dependency;
            let kind = match ecosystem {
                Ecosystem::CratesIo => "crate",
                Ecosystem::Npm => "npm package",
            };
            findings.push(Finding {
                severity: Severity::Error,
                place: (*place).to_owned(),
                code: "dependency-vulnerable",
                message: format!(
                    "the {kind} {name} {version} is vulnerable: {} {}",
                    advisory.id, advisory.summary
                ),
                fix: match &advisory.fixed {
                    Some(fixed) => format!("build it with {name} {fixed} or later"),
                    None => format!("build it without {name}: there is no fixed version"),
                },
            });
        }
    }
}

const NPM_LOCK: &str = "package-lock.json";
