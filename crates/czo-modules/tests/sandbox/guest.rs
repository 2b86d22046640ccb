//! Components of `examples/modules`, and calls of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use czo_core::{EventFactory, RequestContext, SystemClock, SystemIds};
use czo_module_package::ModuleManifest;
use czo_modules::{
    CallError, EndpointRequest, EngineOptions, Generation, ModuleEngine, Sandbox, SandboxLimits,
    SandboxSpec,
};
use serde_json::json;

use crate::host::TestHost;

/// An engine whose cache all tests share: compiling takes seconds in a build for debugging.
pub(crate) fn engine() -> Result<ModuleEngine> {
    Ok(ModuleEngine::new(options())?)
}

/// What it is made with.
pub(crate) fn options() -> EngineOptions {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("modules-aot");
    EngineOptions { cache_dir: Some(cache), ..EngineOptions::default() }
}

/// The component and the manifest of a module that `cargo xtask modules` built.
pub(crate) fn module(name: &str) -> Result<(Bytes, ModuleManifest)> {
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
    Ok((read("module.wasm")?.into(), manifest))
}

/// The hostile module, linked; `change` may change its manifest and what the server bears.
pub(crate) async fn sandbox(
    host: &Arc<TestHost>,
    change: impl FnOnce(&mut ModuleManifest, &mut SandboxLimits),
) -> Result<Sandbox> {
    sandbox_in(&engine()?, host, change).await
}

/// The same in another engine.
pub(crate) async fn sandbox_in(
    engine: &ModuleEngine,
    host: &Arc<TestHost>,
    change: impl FnOnce(&mut ModuleManifest, &mut SandboxLimits),
) -> Result<Sandbox> {
    let (wasm, mut manifest) = module("hostile")?;
    let mut limits = SandboxLimits::default();
    change(&mut manifest, &mut limits);
    let code = engine.compile(wasm).await?;
    let generation = Generation::new(1);
    let spec = SandboxSpec { manifest: &manifest, generation, host: host.all(), limits };
    Ok(Sandbox::link(engine, &code, spec)?)
}

/// A harm without target.
pub(crate) async fn does(sandbox: &Sandbox, harm: &str) -> Result<Vec<u8>, CallError> {
    does_to(sandbox, harm, "", 0).await
}

/// A harm; `target` and `count` mean what it says in `hostile`.
pub(crate) async fn does_to(
    sandbox: &Sandbox,
    harm: &str,
    target: &str,
    count: u32,
) -> Result<Vec<u8>, CallError> {
    sandbox.handle(request(harm, target, count)).await.map(|response| response.body)
}

pub(crate) fn request(harm: &str, target: &str, count: u32) -> EndpointRequest {
    let body = json!({ "harm": harm, "target": target, "count": count }).to_string();
    EndpointRequest {
        endpoint: "harm".to_owned(),
        method: "POST".to_owned(),
        path: "/harm".to_owned(),
        params: Vec::new(),
        query: Vec::new(),
        headers: Vec::new(),
        body: body.into_bytes(),
        context: context(),
    }
}

pub(crate) fn context() -> RequestContext {
    RequestContext::system(&SystemIds)
}

/// The event `hostile.harm.asked`.
pub(crate) fn event(harm: &str) -> Result<czo_core::DomainEvent> {
    let events = EventFactory::new("tests", Arc::new(SystemClock), Arc::new(SystemIds));
    let asked = HarmAsked { harm: harm.to_owned() };
    Ok(events.event(&context(), &asked)?)
}

/// Somebody wants to see a harm.
#[derive(Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema, czo_core::Event)]
#[event("hostile.harm.asked", version = 1)]
struct HarmAsked {
    harm: String,
}
