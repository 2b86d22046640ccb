//! Guests in Rust.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::process;
use crate::terminal;
use crate::workspace::Workspace;

use super::package::Package;

const TARGET: &str = "wasm32-wasip2";

/// Builds every guest of the workspace in `examples`, which has a target folder of its own.
pub(super) fn build(workspace: &Workspace, examples: &Path) -> Result<()> {
    install_target(workspace)?;
    let mut cargo = cargo(workspace, examples);
    cargo.args(["build", "--workspace", "--release", "--locked", "--target", TARGET]);
    process::run(&mut cargo).context("the modules in Rust cannot be built")
}

/// Runs the unit tests of every guest on this machine. With the profile of the components, whose
/// macros are built already.
pub(super) fn unit_tests(workspace: &Workspace, examples: &Path) -> Result<()> {
    let mut cargo = cargo(workspace, examples);
    process::run(cargo.args(["test", "--workspace", "--release", "--locked", "--quiet"]))
}

/// Where the component of a guest is then.
pub(super) fn component(examples: &Path, package: &Package) -> PathBuf {
    let file = format!("{}.wasm", package.name().replace('-', "_"));
    examples.join("target").join(TARGET).join("release").join(file)
}

/// Installs the standard library for guests, if the toolchain has not got it.
pub(super) fn install_target(workspace: &Workspace) -> Result<()> {
    let mut rustc = workspace.command("rustc");
    let libdir = process::read(rustc.args(["--print", "target-libdir", "--target", TARGET]))?;
    if Path::new(libdir.trim()).is_dir() {
        return Ok(());
    }
    terminal::progress(format_args!("installing the target {TARGET} once"));
    process::run(workspace.command("rustup").args(["target", "add", TARGET]).stdin(Stdio::null()))
        .with_context(|| format!("the target {TARGET} cannot be installed"))
}

/// A cargo for guests: without what is set for the machine's own code, such as instrumentation.
pub(super) fn cargo(workspace: &Workspace, folder: &Path) -> Command {
    let mut cargo = workspace.cargo();
    for variable in
        ["CARGO_BUILD_TARGET", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "RUSTFLAGS"]
    {
        cargo.env_remove(variable);
    }
    cargo.current_dir(folder).stdin(Stdio::null());
    cargo
}
