//! Where the workspace is, and how cargo is called in it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

/// The workspace that this xtask belongs to, whatever folder it is called from.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the workspace that holds the running xtask.
    pub(crate) fn find() -> Result<Self> {
        // Cargo sets the variable for `cargo xtask`; the path from build time serves a direct call.
        let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest_dir
            .parent()
            .context("xtask must be a folder of the workspace; call it as `cargo xtask`")?
            .to_path_buf();
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Self { root, target })
    }

    /// The absolute path of the folder with the workspace's `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The absolute path of cargo's target folder.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// A cargo of the pinned toolchain, to run at the root.
    pub(crate) fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// A command to run at the root, without the variables cargo set for xtask itself: they
    /// describe the package xtask, and a nested cargo must not see them.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(describes_the_package) {
                command.env_remove(name);
            }
        }
        command
    }

    /// The members of the workspace, without resolving what they depend on (so it is fast and
    /// needs no network).
    pub(crate) fn metadata(&self) -> Result<Metadata> {
        MetadataCommand::new()
            .manifest_path(self.root.join("Cargo.toml"))
            .no_deps()
            .exec()
            .context("cargo metadata does not accept the workspace")
    }
}

fn describes_the_package(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_cargo_does_not_see_the_variables_of_this_package() {
        assert!(describes_the_package("CARGO_PKG_NAME"));
        assert!(describes_the_package("CARGO_MANIFEST_DIR"));
        assert!(!describes_the_package("CARGO_TARGET_DIR"));
        assert!(!describes_the_package("CARGO_HOME"));
    }

    #[test]
    fn the_root_is_the_folder_above_xtask() -> Result<()> {
        let workspace = Workspace::find()?;
        assert!(workspace.root().join("xtask/Cargo.toml").is_file());
        Ok(())
    }
}
