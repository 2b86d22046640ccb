//! How modules are run.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use czo_module_package::Advisories;
use semver::Version;

use crate::{EngineOptions, SandboxLimits};

/// How modules are run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ModulesOptions {
    /// Where compiled code is kept, and what is exported before it is deleted.
    pub data_dir: PathBuf,
    /// The version of czo that modules must work with. Default: that of this crate.
    pub czo: Version,
    /// How long calls under way may go on when their version is replaced. Default 10 s.
    pub drain: Duration,
    /// When a module fails too often.
    pub budget: ErrorBudget,
    /// How long a new version is watched: one that fails too often within it goes back to the version
    /// before by itself. Default 10 min.
    pub probation: Duration,
    /// How often the database is asked what other processes have changed. Default 1 s.
    pub follow_every: Duration,
    /// What the engine is made with; its cache is in `data_dir`.
    pub engine: EngineOptions,
    /// What the server bears of one module.
    pub limits: SandboxLimits,
    /// What is known of vulnerable dependencies. Default nothing, which each package is warned of.
    pub advisories: Option<Arc<Advisories>>,
    /// How deep modules may call services of one another. Default 8.
    pub service_depth: usize,
}

/// When a module fails too often: then it is taken out until it is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ErrorBudget {
    /// Over how long calls are counted. Default 1 min.
    pub window: Duration,
    /// From how many calls in it on. Default 20.
    pub calls: u32,
    /// More than this part of them must fail. Default 0.5.
    pub failing: f64,
    /// Or so many calls one after the other that trapped or were stopped. Default 5.
    pub traps_in_a_row: u32,
}

impl ModulesOptions {
    /// The defaults, with this folder.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            czo: Version::parse(env!("CARGO_PKG_VERSION")).expect("Cargo wants a version"),
            drain: Duration::from_secs(10),
            budget: ErrorBudget::default(),
            probation: Duration::from_secs(600),
            follow_every: Duration::from_secs(1),
            engine: EngineOptions::default(),
            limits: SandboxLimits::default(),
            advisories: None,
            service_depth: 8,
        }
    }
}

impl Default for ErrorBudget {
    fn default() -> Self {
        Self { window: Duration::from_secs(60), calls: 20, failing: 0.5, traps_in_a_row: 5 }
    }
}
