//! What a sandbox is made of.

use czo_module_package::ModuleManifest;

use crate::{EngineOptions, Generation, LinkError, ModuleHost};

/// What a sandbox is made of, next to the code.
#[derive(Clone, Debug)]
pub struct SandboxSpec<'a> {
    /// What the module says of itself and may do.
    pub manifest: &'a ModuleManifest,
    /// Which activation this is.
    pub generation: Generation,
    /// What the server does for it.
    pub host: ModuleHost,
    /// What the server bears.
    pub limits: SandboxLimits,
}

/// What the server bears of one module, whatever its manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxLimits {
    /// How many of its calls run at the same time; others wait. Default 256.
    pub concurrency: u32,
    /// The longest computing time that `limits.cpuMs` may ask for. Default 10,000 ms.
    pub max_cpu_ms: u32,
    /// The longest time in all that `limits.wallMs` may ask for. Default 60,000 ms.
    pub max_wall_ms: u32,
    /// How many lines of the log one call writes; the rest is counted. Default 100.
    pub log_lines: u32,
    /// How many bytes of the log one call writes; the rest is counted. Default 64 KiB.
    pub log_bytes: u32,
    /// How many shops are accounted for apart; the rest is one. Default 1,000.
    pub shops: usize,
}

impl Default for SandboxLimits {
    fn default() -> Self {
        Self {
            concurrency: 256,
            max_cpu_ms: 10_000,
            max_wall_ms: 60_000,
            log_lines: 100,
            log_bytes: 64 << 10,
            shops: 1_000,
        }
    }
}

impl SandboxSpec<'_> {
    /// Whether the manifest asks for no more than the server has.
    pub(super) fn check(&self, engine: &EngineOptions) -> Result<(), LinkError> {
        let asked = &self.manifest.limits;
        let limits = [
            ("cpuMs", asked.cpu_ms, self.limits.max_cpu_ms),
            ("wallMs", asked.wall_ms, self.limits.max_wall_ms),
            ("memoryMib", asked.memory_mib, engine.max_memory_mib),
        ];
        limits.into_iter().try_for_each(|(limit, asked, allowed)| {
            if asked > allowed {
                return Err(LinkError::Limit { limit, asked, allowed });
            }
            Ok(())
        })
    }
}
