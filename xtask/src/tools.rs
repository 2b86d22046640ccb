//! The cargo tools xtask calls, each at one pinned version.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use cargo_metadata::semver::{Version, VersionReq};

use crate::process;
use crate::terminal;
use crate::workspace::Workspace;

/// Runs the tests.
pub(crate) const NEXTEST: Tool = Tool { name: "cargo-nextest", version: "0.9.143" };
/// Checks licences, bans and sources.
pub(crate) const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
/// Measures coverage with the compiler's instrumentation; needs the component `llvm-tools`.
pub(crate) const LLVM_COV: Tool = Tool { name: "cargo-llvm-cov", version: "0.9.1" };
/// Measures coverage without any component.
pub(crate) const TARPAULIN: Tool = Tool { name: "cargo-tarpaulin", version: "0.37.5" };

/// A cargo subcommand from crates.io, named after its package.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
}

impl Tool {
    /// A command that starts the tool at the root, as `cargo <subcommand>` would.
    ///
    /// A compatible version in the target folder or on `PATH` is used; otherwise the pinned one
    /// is built into `target/tools` first, which can take a minute or more.
    pub(crate) fn command(self, workspace: &Workspace) -> Result<Command> {
        let program = self.installed(workspace)?;
        let mut command = workspace.command(program);
        command.arg(self.subcommand());
        Ok(command)
    }

    fn installed(self, workspace: &Workspace) -> Result<PathBuf> {
        let root = workspace.target().join("tools");
        let ours = root.join("bin").join(self.name);
        if self.serves(&ours) {
            return Ok(ours);
        }
        if let Some(found) = process::on_path(self.name).filter(|found| self.serves(found)) {
            return Ok(found);
        }
        terminal::progress(format_args!("installing {} {} once", self.name, self.version));
        // Unoptimized: these tools wait for the compiler and for tests, and build much sooner so.
        let mut install = workspace.cargo();
        install
            .args(["install", "--locked", "--debug", "--force", "--version"])
            .arg(format!("={}", self.version))
            .arg("--root")
            .arg(&root)
            .arg(self.name)
            .env_remove("CARGO_TARGET_DIR")
            .stdin(Stdio::null());
        process::run(&mut install).with_context(|| format!("{} cannot be installed", self.name))?;
        Ok(ours)
    }

    fn serves(self, program: &Path) -> bool {
        let mut version = Command::new(program);
        version.args([self.subcommand(), "--version"]);
        program.is_file()
            && process::ask(&mut version, Duration::from_secs(10))
                .is_some_and(|said| self.accepts(&said))
    }

    // Releases of one minor line read the same configuration; an older patch may lack a fix.
    fn accepts(self, said: &str) -> bool {
        let Ok(wanted) = VersionReq::parse(&format!("^{}", self.version)) else {
            return false;
        };
        said.split_whitespace()
            .find_map(|word| Version::parse(word).ok())
            .is_some_and(|version| wanted.matches(&version))
    }

    fn subcommand(self) -> &'static str {
        self.name.strip_prefix("cargo-").unwrap_or(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_patch_serves_and_another_minor_line_does_not() {
        assert!(NEXTEST.accepts("cargo-nextest 0.9.143 (60fa45f63 2026-08-04)\nrelease: 0.9.143"));
        assert!(NEXTEST.accepts("cargo-nextest 0.9.150"));
        assert!(!NEXTEST.accepts("cargo-nextest 0.9.90"));
        assert!(!NEXTEST.accepts("cargo-nextest 0.10.0"));
        assert!(!NEXTEST.accepts("no version here"));
    }

    #[test]
    fn the_subcommand_is_the_name_without_cargo() {
        assert_eq!(DENY.subcommand(), "deny");
        assert_eq!(LLVM_COV.subcommand(), "llvm-cov");
    }
}
