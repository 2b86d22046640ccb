//! Which module is enabled before which.

use std::collections::{BTreeMap, BTreeSet};

use czo_core::{Classified, ErrorKind};
use semver::{Version, VersionReq};
use thiserror::Error;

use crate::{ModuleManifest, ModuleName};

/// A module, and what must be there before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleNode {
    /// Its name.
    pub name: ModuleName,
    /// Its version.
    pub version: Version,
    /// The modules it needs.
    pub dependencies: BTreeMap<ModuleName, VersionReq>,
}

impl From<&ModuleManifest> for ModuleNode {
    fn from(manifest: &ModuleManifest) -> Self {
        let ModuleManifest { name, version, dependencies, .. } = manifest;
        Self { name: name.clone(), version: version.clone(), dependencies: dependencies.clone() }
    }
}

/// Why a module can't be enabled after what it needs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DependencyError {
    /// A module that is needed is not there.
    #[error("the module `{module}` needs `{needed}` {range}, which is not installed; add it first")]
    Missing {
        /// Which needs it.
        module: ModuleName,
        /// Which is needed.
        needed: ModuleName,
        /// In which version.
        range: VersionReq,
    },
    /// A module that is needed is there in another version.
    #[error(
        "the module `{module}` needs `{needed}` {range}, and {found} is installed; update one of them"
    )]
    Version {
        /// Which needs it.
        module: ModuleName,
        /// Which is needed.
        needed: ModuleName,
        /// In which version.
        range: VersionReq,
        /// Which version is there.
        found: Version,
    },
    /// Modules need each other.
    #[error("modules need each other: {}; one of them must do without", joined(path))]
    Cycle {
        /// Each needs the next; the last is the first again.
        path: Vec<ModuleName>,
    },
}

fn joined(path: &[ModuleName]) -> String {
    path.iter().map(ModuleName::as_str).collect::<Vec<_>>().join(" -> ")
}

impl Classified for DependencyError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing { .. } => ErrorKind::NotFound,
            Self::Version { .. } | Self::Cycle { .. } => ErrorKind::Conflict,
        }
    }
}

/// In which order modules are enabled, and which can't be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnableOrder {
    /// Each after all that it needs; among those that might be next, by name.
    pub order: Vec<ModuleName>,
    /// Those that can't be enabled, each with why. One that needs such a one is among them too.
    pub refused: Vec<(ModuleName, DependencyError)>,
}

/// Puts modules in order. What is wrong with one does not keep the others from being enabled, unless
/// they need it.
#[must_use]
pub fn enable_order(modules: &[ModuleNode]) -> EnableOrder {
    let known: BTreeMap<_, _> = modules.iter().map(|module| (&module.name, module)).collect();
    let mut result = EnableOrder::default();
    let mut done = BTreeSet::new();
    let mut waiting: Vec<_> = known.values().copied().collect();
    let mut refused = BTreeSet::new();
    waiting.retain(|module| match unmet(module, &known) {
        Some(error) => {
            refused.insert(&module.name);
            result.refused.push((module.name.clone(), error));
            false
        }
        None => true,
    });
    loop {
        // What needs a refused one is refused for the same reason.
        let hopeless = waiting
            .iter()
            .position(|module| module.dependencies.keys().any(|needed| refused.contains(needed)));
        if let Some(index) = hopeless {
            let module = waiting.remove(index);
            if let Some((needed, range)) =
                module.dependencies.iter().find(|(needed, _)| refused.contains(needed))
            {
                let error = DependencyError::Missing {
                    module: module.name.clone(),
                    needed: needed.clone(),
                    range: range.clone(),
                };
                result.refused.push((module.name.clone(), error));
            }
            refused.insert(&module.name);
            continue;
        }
        let ready = waiting
            .iter()
            .position(|module| module.dependencies.keys().all(|needed| done.contains(needed)));
        if let Some(index) = ready {
            let module = waiting.remove(index);
            done.insert(&module.name);
            result.order.push(module.name.clone());
            continue;
        }
        // Each of those left waits for another of them.
        let Some(path) = waiting.first().map(|first| cycle(first, &known, &done)) else { break };
        waiting.retain(|module| {
            let is_in_it = path.contains(&module.name);
            if is_in_it {
                refused.insert(&module.name);
                let error = DependencyError::Cycle { path: path.clone() };
                result.refused.push((module.name.clone(), error));
            }
            !is_in_it
        });
    }
    result
}

/// What `module` needs and is not there as it is needed.
fn unmet(
    module: &ModuleNode,
    known: &BTreeMap<&ModuleName, &ModuleNode>,
) -> Option<DependencyError> {
    module.dependencies.iter().find_map(|(needed, range)| {
        let (module, needed, range) = (module.name.clone(), needed.clone(), range.clone());
        match known.get(&needed) {
            None => Some(DependencyError::Missing { module, needed, range }),
            Some(found) if !range.matches(&found.version) => {
                let found = found.version.clone();
                Some(DependencyError::Version { module, needed, range, found })
            }
            Some(_) => None,
        }
    })
}

/// A way from a module to itself, found by going from `first` to what it waits for again and again.
fn cycle(
    first: &ModuleNode,
    known: &BTreeMap<&ModuleName, &ModuleNode>,
    done: &BTreeSet<&ModuleName>,
) -> Vec<ModuleName> {
    let mut path = vec![first.name.clone()];
    let mut at = first;
    while let Some(next) = at.dependencies.keys().find(|needed| !done.contains(needed)) {
        if let Some(start) = path.iter().position(|name| name == next) {
            path.drain(..start);
            path.push(next.clone());
            break;
        }
        path.push(next.clone());
        match known.get(next) {
            Some(module) => at = module,
            None => break,
        }
    }
    path
}
