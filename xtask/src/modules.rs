//! `cargo xtask modules`: the modules of `examples/modules`, built and packed.
//!
//! Each folder there with a `czo-module.json` becomes `target/modules/<name>/`, as a server can
//! install it. Guests in Rust are built by one cargo in a workspace of their own, guests in
//! JavaScript one by one and only when their sources changed.

mod fingerprint;
mod javascript;
mod package;
mod rust;
mod templates;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use crate::steps::Steps;
use crate::terminal;
use crate::workspace::Workspace;

use self::package::Package;

/// The variable that tells tests where the packages are.
pub(crate) const VARIABLE: &str = "CZO_TEST_MODULES";

/// The folder of the examples, and that of the WIT package, from the root.
const EXAMPLES: &str = "examples/modules";
const WIT: &str = "crates/czo-module-sdk/wit";

/// Build the example modules as packages, in target/modules.
///
/// What is missing is installed: the target wasm32-wasip2 by rustup, packages of npm as their lock
/// file says. Without Node.js no module in JavaScript is built.
#[derive(Args, Debug)]
pub(crate) struct ModulesArgs {
    /// Build each template of `czo module new` too, as its user would; the one in Python needs
    /// componentize-py
    #[arg(long)]
    templates: bool,
    /// Run the modules' own unit tests too, on this machine
    #[arg(long)]
    tests: bool,
}

/// Builds the modules, and whatever else is asked for.
pub(crate) fn run(workspace: &Workspace, args: &ModulesArgs) -> Result<()> {
    let templates = if args.templates { &templates::ALL[..] } else { &[] };
    let mut steps = Steps::new(1 + usize::from(args.tests) + templates.len());
    steps.run("modules", || {
        build(workspace)?;
        for package in Package::all(&folder(workspace))? {
            let size = fs::metadata(package.wasm())?.len();
            terminal::result(format_args!("{}\t{size}", package.folder().display()))?;
        }
        Ok(())
    });
    if args.tests {
        steps.run("unit tests", || unit_tests(workspace));
    }
    for template in templates {
        steps.run(template.name(), || template.build(workspace));
    }
    steps.finish()
}

/// The workspace of the modules.
pub(crate) fn sources(workspace: &Workspace) -> PathBuf {
    workspace.root().join(EXAMPLES)
}

/// Where the packages are once [`build`] has written them.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("modules")
}

/// Builds what is not up to date and writes the packages.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    let examples = sources(workspace);
    let folder = folder(workspace);
    rust::build(workspace, &examples)?;
    for package in Package::all(&examples)? {
        let wasm = if javascript::is_one(package.folder()) {
            javascript::build(workspace, package.folder())?
        } else {
            Some(rust::component(&examples, &package))
        };
        if let Some(wasm) = wasm {
            package.write(&wasm, &folder)?;
        }
    }
    Ok(())
}

fn unit_tests(workspace: &Workspace) -> Result<()> {
    let examples = sources(workspace);
    rust::unit_tests(workspace, &examples)?;
    for package in Package::all(&examples)? {
        if javascript::is_one(package.folder()) {
            javascript::unit_tests(package.folder())?;
        }
    }
    Ok(())
}

/// Puts the WIT package where a module that is not in Rust looks for it.
fn give_wit(workspace: &Workspace, module: &Path) -> Result<()> {
    let into = module.join("wit/deps/czo-module");
    fs::create_dir_all(&into).with_context(|| format!("cannot make {}", into.display()))?;
    for file in package::files(&workspace.root().join(WIT))? {
        package::copy(&workspace.root().join(WIT).join(&file), &into.join(&file))?;
    }
    Ok(())
}
