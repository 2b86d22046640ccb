//! The AsyncAPI document is one, says AsyncAPI's own parser.
//!
//! The document is the committed one, which a test of the program compares with what the program
//! prints; so this check builds nothing.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::process;
use crate::terminal;
use crate::workspace::Workspace;

/// The committed document, from the root.
const DOCUMENT: &str = "services/czo/asyncapi.json";

/// The parser's pinned packages and the script around it, from the root.
const SCRIPT: &str = "xtask/asyncapi";
const FILES: [&str; 3] = ["package.json", "package-lock.json", "validate.mjs"];

/// Written once the packages are complete.
const INSTALLED: &str = ".installed-lock";

pub(super) fn check(workspace: &Workspace) -> Result<()> {
    let (Some(node), Some(npm)) = (process::on_path("node"), process::on_path("npm")) else {
        terminal::progress("  skipped: without Node.js and npm there is no AsyncAPI parser");
        return Ok(());
    };
    let folder = installed(workspace, &npm)?;
    let path = workspace.root().join(DOCUMENT);
    let document = fs::File::open(&path).with_context(|| format!("cannot read {DOCUMENT}"))?;
    let mut validate = Command::new(node);
    validate.arg("validate.mjs").current_dir(folder).stdin(document);
    process::run(&mut validate).with_context(|| format!("{DOCUMENT} is no AsyncAPI document"))
}

/// The folder with script and packages, which are installed when the pinned ones changed. None
/// of their install scripts is run.
fn installed(workspace: &Workspace, npm: &std::path::Path) -> Result<PathBuf> {
    let folder = workspace.target().join("tools/asyncapi");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for file in FILES {
        let from = workspace.root().join(SCRIPT).join(file);
        fs::copy(&from, folder.join(file))
            .with_context(|| format!("cannot copy {SCRIPT}/{file}"))?;
    }
    let lock = fs::read(folder.join("package-lock.json"))?;
    if fs::read(folder.join(INSTALLED)).is_ok_and(|installed| installed == lock) {
        return Ok(folder);
    }
    terminal::progress("installing the AsyncAPI parser once");
    let mut install = Command::new(npm);
    install
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&folder)
        .stdin(Stdio::null());
    process::run(&mut install).context("the AsyncAPI parser cannot be installed")?;
    fs::write(folder.join(INSTALLED), lock)?;
    Ok(folder)
}
