//! Components that are none, and machine code on disk.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use czo_modules::{
    CodeHash, CompiledModule, EngineError, EngineOptions, Generation, ModuleEngine, Sandbox,
    SandboxLimits, SandboxSpec,
};
use tempfile::TempDir;

use crate::guest::{event, module, options};
use crate::host::TestHost;

fn engine(folder: &TempDir) -> Result<ModuleEngine> {
    let cache_dir = Some(folder.path().join("aot"));
    Ok(ModuleEngine::new(EngineOptions { cache_dir, ..EngineOptions::default() })?)
}

/// The only file of the cache.
fn cached(folder: &TempDir) -> Result<PathBuf> {
    let mut files = fs::read_dir(folder.path().join("aot"))?;
    let file = files.next().context("nothing is cached")??.path();
    assert!(files.next().is_none(), "one component, one file");
    Ok(file)
}

async fn works(engine: &ModuleEngine, code: &CompiledModule) -> Result<()> {
    let (_, manifest) = module("probe")?;
    let spec = SandboxSpec {
        manifest: &manifest,
        generation: Generation::new(1),
        host: TestHost::new().all(),
        limits: SandboxLimits::default(),
    };
    Ok(Sandbox::link(engine, code, spec)?.on_event(&event("none")?).await?)
}

#[tokio::test]
async fn damaged_components_are_refused() -> Result<()> {
    let engine = ModuleEngine::new(EngineOptions::default())?;
    let (wasm, _) = module("hostile")?;
    let core_module = b"\0asm\x01\0\0\0".to_vec();
    let mut flipped = wasm.to_vec();
    let middle = flipped.len() / 2;
    flipped[middle..middle + 64].iter_mut().for_each(|byte| *byte ^= 0xff);
    for damaged in [Vec::new(), b"not wasm".to_vec(), core_module, wasm[..middle].to_vec(), flipped]
    {
        let refused = engine.compile(damaged).await;
        assert!(matches!(refused, Err(EngineError::NotAComponent { .. })), "{refused:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_gigantic_component_is_refused_unread() -> Result<()> {
    let options = EngineOptions { max_component_bytes: 1_000, ..EngineOptions::default() };
    let refused = ModuleEngine::new(options)?.compile(vec![0; 1_001]).await;
    assert!(
        matches!(refused, Err(EngineError::TooLarge { bytes: 1_001, limit: 1_000 })),
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test]
async fn without_addresses_for_a_pool_instances_are_made_on_demand() -> Result<()> {
    // More than a processor can address.
    let engine = ModuleEngine::new(EngineOptions { max_instances: 1 << 24, ..options() })?;
    assert!(!engine.is_pooling());
    let (wasm, _) = module("probe")?;
    let code = engine.compile(wasm).await?;
    works(&engine, &code).await
}

#[tokio::test]
async fn what_was_compiled_is_kept_for_its_owner_only() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (wasm, _) = module("probe")?;
    let hash = CodeHash::of(&wasm);
    assert_eq!(engine(&folder)?.compile(wasm.clone()).await?.hash(), hash);
    let file = cached(&folder)?;
    let name = file.file_name().context("no name")?.to_string_lossy().into_owned();
    assert!(name.starts_with(&hash.to_string()), "{name}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    }
    let written = fs::metadata(&file)?.modified()?;
    let again = engine(&folder)?;
    let code = again.compile(wasm).await?;
    assert_eq!(fs::metadata(&file)?.modified()?, written, "it is read, not made anew");
    works(&again, &code).await
}

#[tokio::test]
async fn damaged_machine_code_is_never_run_but_made_anew() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (wasm, _) = module("probe")?;
    engine(&folder)?.compile(wasm.clone()).await?;
    let file = cached(&folder)?;
    let good = fs::read(&file)?;
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let damaged = [Vec::new(), b"czo-aot1".to_vec(), good[..middle].to_vec(), flipped];
    for bytes in damaged {
        fs::write(&file, &bytes)?;
        let engine = engine(&folder)?;
        let code = engine.compile(wasm.clone()).await?;
        assert_ne!(fs::read(&file)?, bytes, "it was written anew");
        works(&engine, &code).await?;
    }
    Ok(())
}

#[tokio::test]
async fn machine_code_that_nobody_needs_is_forgotten() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (wasm, _) = module("probe")?;
    let engine = engine(&folder)?;
    let hash = engine.compile(wasm).await?.hash();
    engine.retain_cached(move |other| other == hash).await?;
    cached(&folder)?;
    engine.retain_cached(|_| false).await?;
    assert!(cached(&folder).is_err());
    Ok(())
}
