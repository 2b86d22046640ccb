//! The section `modules` of the configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use czo_core::describe;
use czo_fetch::{AllowedHost, FetchOptions};
use czo_module_package::{Advisories, Limits, ManifestRules, ModuleName, ModuleSource};
use czo_modules::{EngineOptions, ModulesOptions};
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::error::wrong;

/// `[modules]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ModulesConfig {
    /// Whether modules serve in processes of this configuration. Default yes.
    pub enabled: bool,
    /// Hosts that modules may reach, where their manifest names them, although they are not on the
    /// public internet, each with its port: `127.0.0.1:4200`, for the development of a module.
    /// Default none.
    pub allow: Vec<AllowedHost>,
    /// How often it is looked whether another process has changed a module, in milliseconds. Default
    /// 1000.
    pub follow_milliseconds: u64,
    /// A copy of the OSV database: a folder of its JSON files, or of the `all.zip` of ecosystems. With
    /// it, a module with a dependency that is known to be vulnerable is refused. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub osv: Option<PathBuf>,
    /// The most computing time that a module may ask for one call of it, in milliseconds. Default 1000.
    pub max_cpu_milliseconds: u32,
    /// The most time in all, waiting included, in milliseconds. Default 30000.
    pub max_wall_milliseconds: u32,
    /// The most memory, in MiB. Default 256.
    pub max_memory_mib: u32,
    /// The most requests that one call may send. Default 50.
    pub max_http_requests: u32,
    /// How many calls run at the same time, of all modules together. Default 1000.
    pub instances: u32,
    /// The most memory of all of them together, in MiB. Default 1024.
    pub total_memory_mib: u32,
    /// Where the modules come from: written by `czo module`, beside `czo.lock`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<ModuleName, ModuleSource>,
    /// Whether the process does without them, as most commands do.
    #[serde(skip)]
    pub(crate) left_out: bool,
}

/// The folder with compiled code and exports, in `data_dir`.
const FOLDER: &str = "modules";

impl Default for ModulesConfig {
    fn default() -> Self {
        let (most, engine) = (ManifestRules::MAXIMA, EngineOptions::default());
        Self {
            enabled: true,
            allow: Vec::new(),
            follow_milliseconds: 1_000,
            osv: None,
            max_cpu_milliseconds: most.cpu_ms,
            max_wall_milliseconds: most.wall_ms,
            max_memory_mib: most.memory_mib,
            max_http_requests: most.http_requests,
            instances: engine.max_instances,
            total_memory_mib: engine.total_memory_mib,
            sources: BTreeMap::new(),
            left_out: false,
        }
    }
}

impl ModulesConfig {
    /// What no type says.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.total_memory_mib < self.max_memory_mib {
            let message = format!(
                "expected at least {}, what one call may use by `modules.max_memory_mib`",
                self.max_memory_mib
            );
            return Err(wrong("modules.total_memory_mib", &message));
        }
        Ok(())
    }

    /// The most that the manifest of a module may ask for.
    pub(crate) fn maxima(&self) -> Limits {
        Limits {
            cpu_ms: self.max_cpu_milliseconds,
            wall_ms: self.max_wall_milliseconds,
            memory_mib: self.max_memory_mib,
            http_requests: self.max_http_requests,
        }
    }

    pub(crate) fn options(&self, data_dir: &Path, drain: Duration) -> ModulesOptions {
        let mut options = ModulesOptions::new(data_dir.join(FOLDER));
        options.drain = drain;
        options.follow_every = Duration::from_millis(self.follow_milliseconds);
        options.limits.max_cpu_ms = self.max_cpu_milliseconds;
        options.limits.max_wall_ms = self.max_wall_milliseconds;
        options.engine.max_instances = self.instances;
        options.engine.max_memory_mib = self.max_memory_mib;
        options.engine.total_memory_mib = self.total_memory_mib;
        options
    }

    /// What is known of vulnerable dependencies, where there is a copy of it. It blocks.
    pub(crate) fn advisories(&self) -> Result<Option<Arc<Advisories>>, ConfigError> {
        let Some(path) = &self.osv else { return Ok(None) };
        match Advisories::open(path) {
            Ok(advisories) => Ok(Some(Arc::new(advisories))),
            Err(error) => Err(wrong("modules.osv", &describe(&error))),
        }
    }

    /// How modules reach others.
    pub(crate) fn fetch_options(&self) -> FetchOptions {
        let mut options = FetchOptions::default();
        options.allow.clone_from(&self.allow);
        options
    }
}
