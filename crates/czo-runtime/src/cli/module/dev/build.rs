//! Building a module from its sources, as its manifest says.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, bail};
use czo_module_package::ModuleManifest;
use serde::Deserialize;
use tokio::process::Command;

/// What is needed of the manifest: the rest may be wrong just now, and is said later.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    backend: Option<Backend>,
}

#[derive(Deserialize)]
struct Backend {
    #[serde(default)]
    build: Vec<String>,
}

/// Runs `backend.build` in the folder of the manifest; what it says is shown as it comes, with the
/// files and lines of the compiler. Nothing happens where nothing is to be built.
///
/// # Errors
///
/// When the manifest can't be read, with line and column, and when building fails.
pub(super) async fn run(folder: &Path) -> anyhow::Result<()> {
    let file = folder.join(ModuleManifest::FILE);
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| {
        anyhow::anyhow!("{}:{}:{}: {error}", file.display(), error.line(), error.column())
    })?;
    let build = manifest.backend.map(|backend| backend.build).unwrap_or_default();
    let Some((program, arguments)) = build.split_first() else { return Ok(()) };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    let status = command.status().await.with_context(|| format!("cannot run `{program}`"))?;
    if !status.success() {
        bail!("`{}` failed ({status})", build.join(" "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manifest_that_is_broken_is_reported_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("czo-module.json"), "{\n  \"name\": \n}").unwrap();
        let error = run(folder.path()).await.unwrap_err().to_string();
        assert!(error.contains("czo-module.json:3:1: "), "{error}");
    }

    #[tokio::test]
    async fn what_builds_it_runs_in_its_folder_and_may_fail() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = |build: &str| {
            let text = format!("{{ \"backend\": {{ \"build\": {build} }} }}");
            std::fs::write(folder.path().join("czo-module.json"), text).unwrap();
        };
        manifest(r#"["touch", "module.wasm"]"#);
        run(folder.path()).await.unwrap();
        assert!(folder.path().join("module.wasm").exists());
        manifest(r#"["false"]"#);
        assert!(run(folder.path()).await.unwrap_err().to_string().contains("`false` failed"));
    }
}
