//! What is measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use czo_core::{DomainEvent, EventFactory, RequestContext, SystemClock, SystemIds};
use czo_module_package::ModuleManifest;
use czo_modules::{EngineOptions, Generation, ModuleEngine, Sandbox, SandboxLimits, SandboxSpec};

use crate::host::TestHost;

/// A module of `examples/modules`.
#[derive(Clone)]
pub(crate) struct Subject {
    wasm: Bytes,
    manifest: ModuleManifest,
    cache: PathBuf,
}

impl Subject {
    /// The module with this name, whose machine code is kept in `cache`.
    pub(crate) fn new(name: &str, cache: &Path) -> Result<Self> {
        let built = std::env::var_os("CZO_TEST_MODULES").map_or_else(
            || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("modules"),
            PathBuf::from,
        );
        let read = |file| {
            let path = built.join(name).join(file);
            fs::read(&path)
                .with_context(|| format!("no {}: `cargo xtask modules` makes it", path.display()))
        };
        let manifest = serde_json::from_slice(&read("czo-module.json")?)?;
        Ok(Self { wasm: read("module.wasm")?.into(), manifest, cache: cache.to_owned() })
    }

    pub(crate) fn keeping_instance(&self) -> Self {
        let mut keeping = self.clone();
        if let Some(backend) = &mut keeping.manifest.backend {
            backend.keep_instance = true;
        }
        keeping
    }

    pub(crate) fn engine(&self) -> Result<ModuleEngine> {
        let cache_dir = Some(self.cache.clone());
        Ok(ModuleEngine::new(EngineOptions { cache_dir, ..EngineOptions::default() })?)
    }

    /// Up to where it may be called.
    pub(crate) async fn enabled(
        &self,
        engine: &ModuleEngine,
        host: &Arc<TestHost>,
    ) -> Result<Sandbox> {
        let code = engine.compile(self.wasm.clone()).await?;
        let spec = SandboxSpec {
            manifest: &self.manifest,
            generation: Generation::new(1),
            host: host.all(),
            limits: SandboxLimits::default(),
        };
        Ok(Sandbox::link(engine, &code, spec)?)
    }
}

pub(crate) fn context() -> RequestContext {
    RequestContext::system(&SystemIds)
}

/// An event at which the component asks for the time so often.
pub(crate) fn event(calls: u32) -> Result<DomainEvent> {
    let events = EventFactory::new("bench", Arc::new(SystemClock), Arc::new(SystemIds));
    Ok(events.event(&context(), &WorkAsked { calls })?)
}

/// Somebody wants the component to do something.
#[derive(Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema, czo_core::Event)]
#[event("probe.work.asked", version = 1)]
struct WorkAsked {
    calls: u32,
}
