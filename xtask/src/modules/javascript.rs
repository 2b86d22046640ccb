//! Guests in JavaScript.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::process;
use crate::terminal;
use crate::workspace::Workspace;

use super::{fingerprint, package};

/// Written into `node_modules` once the packages are complete.
const INSTALLED: &str = ".installed-lock";

/// Whether a folder holds a guest in JavaScript.
pub(super) fn is_one(module: &Path) -> bool {
    module.join("package.json").is_file()
}

/// Runs the unit tests of a guest, if there is Node.js.
pub(super) fn unit_tests(module: &Path) -> Result<()> {
    let Some(node) = process::on_path("node") else {
        terminal::progress("  skipped: there is no Node.js");
        return Ok(());
    };
    process::run(Command::new(node).arg("--test").current_dir(module).stdin(Stdio::null()))
}

/// The component of a guest, built if its sources, its packages or the WIT package changed since;
/// none without Node.js.
pub(super) fn build(workspace: &Workspace, module: &Path) -> Result<Option<PathBuf>> {
    let name = module.file_name().context("a module has a folder")?;
    let (Some(node), Some(npm)) = (process::on_path("node"), process::on_path("npm")) else {
        let name = name.to_string_lossy();
        terminal::progress(format_args!("  skipped: without Node.js and npm there is no {name}"));
        return Ok(None);
    };
    super::give_wit(workspace, module)?;
    let built = workspace.target().join("modules-javascript").join(name);
    let (component, stamp) = (built.join("module.wasm"), built.join("fingerprint"));
    let fingerprint = fingerprint::of(module)?;
    if component.is_file() && fs::read_to_string(&stamp).is_ok_and(|of| of == fingerprint) {
        return Ok(Some(component));
    }
    install(&npm, module)?;
    let mut build = Command::new(node);
    process::run(build.arg("build.mjs").current_dir(module).stdin(Stdio::null()))
        .with_context(|| format!("{} cannot be built", module.display()))?;
    package::copy(&module.join("module.wasm"), &component)?;
    fs::write(stamp, fingerprint)?;
    Ok(Some(component))
}

/// Installs the packages of the lock file, if it changed. None of their install scripts is run.
fn install(npm: &Path, module: &Path) -> Result<()> {
    let lock = fs::read(module.join("package-lock.json"))?;
    let installed = module.join("node_modules").join(INSTALLED);
    if fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    terminal::progress("installing the packages of npm once");
    let mut install = Command::new(npm);
    install
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(module)
        .stdin(Stdio::null());
    process::run(&mut install)
        .with_context(|| format!("the packages of {} cannot be installed", module.display()))?;
    fs::write(installed, lock)?;
    Ok(())
}
