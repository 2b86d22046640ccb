//! What is known of a call while it runs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use czo_core::RequestContext;
use czo_module_package::{Limits, ModuleName, Permissions};

use super::memory::{InstanceMemory, MemoryBudget};
use super::meter::Meter;
use super::wasi::Wasi;
use super::{SandboxLimits, SandboxSpec};
use crate::metrics::ModuleMetrics;
use crate::{CallScope, Generation, LogLevel, LogLine, ModuleEngine, ModuleHost};

/// What holds for all calls of one generation of a module.
pub(crate) struct Confines {
    pub(crate) name: ModuleName,
    pub(crate) generation: Generation,
    pub(crate) permissions: Permissions,
    /// The names of its jobs.
    pub(crate) jobs: BTreeSet<String>,
    pub(crate) limits: Limits,
    pub(crate) bearable: SandboxLimits,
    pub(crate) host: ModuleHost,
    pub(crate) metrics: ModuleMetrics,
    memory: Arc<MemoryBudget>,
}

impl Confines {
    pub(super) fn new(engine: &ModuleEngine, spec: SandboxSpec<'_>) -> Self {
        let manifest = spec.manifest;
        Self {
            name: manifest.name.clone(),
            generation: spec.generation,
            permissions: manifest.permissions.clone(),
            jobs: manifest.jobs.iter().map(|job| job.name.clone()).collect(),
            limits: manifest.limits.clone(),
            bearable: spec.limits,
            host: spec.host,
            metrics: engine.metrics().of(manifest),
            memory: engine.memory().clone(),
        }
    }

    pub(super) fn wall(&self) -> Duration {
        Duration::from_millis(self.limits.wall_ms.into())
    }

    pub(super) fn scope(&self, context: RequestContext) -> CallScope {
        CallScope { module: self.name.clone(), generation: self.generation, context }
    }

    /// Says how many lines of the log a call left out.
    pub(super) fn tell_omitted(&self, meter: &Meter, correlation_id: &str) {
        let omitted = meter.take_omitted_lines();
        if omitted > 0 {
            let line = LogLine {
                level: LogLevel::Warn,
                message: format!("{omitted} more lines of this call are left out"),
                fields: Vec::new(),
                correlation_id: correlation_id.to_owned(),
            };
            self.host.log.write(&self.name, line);
        }
    }
}

/// What is known of a call while it runs; the imports work on it.
pub(crate) struct CallState {
    pub(crate) confines: Arc<Confines>,
    pub(crate) scope: CallScope,
    pub(crate) meter: Meter,
    pub(crate) memory: InstanceMemory,
    /// What it used of what a call may.
    pub(crate) used: Used,
    pub(super) wasi: Option<Box<Wasi>>,
}

/// What a call used of what it may.
#[derive(Default)]
pub(crate) struct Used {
    pub(crate) log_lines: u32,
    pub(crate) log_bytes: usize,
    pub(crate) http_requests: u32,
}

impl CallState {
    pub(super) fn new(confines: Arc<Confines>, scope: CallScope, meter: Meter) -> Self {
        let memory =
            InstanceMemory::new(confines.limits.memory_mib, confines.memory.clone(), meter.clone());
        Self { confines, scope, meter, memory, used: Used::default(), wasi: None }
    }

    /// Forgets the call before.
    pub(super) fn begin(&mut self, scope: CallScope, meter: Meter) {
        self.memory.begin(meter.clone());
        if let Some(wasi) = &mut self.wasi {
            wasi.begin(&meter);
        }
        self.scope = scope;
        self.meter = meter;
        self.used = Used::default();
    }
}
