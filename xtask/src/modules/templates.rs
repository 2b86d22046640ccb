//! The templates of `czo module new`, built as their users would.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::process;
use crate::terminal;
use crate::workspace::Workspace;

use super::package::{self, Package};
use super::rust;

const TEMPLATES: &str = "crates/czo-module-sdk/templates";

/// All of them.
pub(super) const ALL: [Template; 3] = [Template::Rust, Template::Js, Template::Python];

/// A language that modules are begun in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Template {
    Rust,
    Js,
    Python,
}

impl Template {
    /// The name of its folder, and what `czo module new --lang` takes.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Js => "js",
            Self::Python => "python",
        }
    }

    /// Writes a module from the template, prepares what its README says and runs its build command.
    pub(super) fn build(self, workspace: &Workspace) -> Result<()> {
        let module = workspace.target().join("modules-templates").join(self.name());
        self.write(workspace, &module)?;
        let package = Package::of(module.clone())?;
        let Some((program, arguments)) = package.build_command().split_first() else {
            bail!("the manifest of the template does not say what builds it");
        };
        let mut build = match self {
            Self::Rust => {
                rust::install_target(workspace)?;
                rust::cargo(workspace, &module)
            }
            Self::Js => {
                super::give_wit(workspace, &module)?;
                process::run(
                    Command::new("npm").args(["install", "--ignore-scripts"]).current_dir(&module),
                )?;
                Command::new(program)
            }
            Self::Python => {
                super::give_wit(workspace, &module)?;
                if process::on_path(program).is_none() {
                    terminal::progress(format_args!("  skipped: there is no {program}"));
                    return Ok(());
                }
                Command::new(program)
            }
        };
        process::run(build.args(arguments).current_dir(&module))?;
        let wasm = package.wasm();
        let size = fs::metadata(&wasm).with_context(|| format!("no {}", wasm.display()))?.len();
        terminal::result(format_args!("{}\t{size}", module.display()))?;
        Ok(())
    }

    /// The template with its places filled.
    fn write(self, workspace: &Workspace, into: &Path) -> Result<()> {
        let sdk = workspace.root().join("crates/czo-module-sdk");
        let places = [
            ("{{name}}", "my-module".to_owned()),
            ("{{czo}}", format!("^{}", env!("CARGO_PKG_VERSION"))),
            ("{{sdk}}", format!("{{ path = {:?} }}", sdk.display().to_string())),
        ];
        let template = workspace.root().join(TEMPLATES).join(self.name());
        for file in package::files(&template)? {
            let from = template.join(&file);
            let mut text = fs::read_to_string(&from)
                .with_context(|| format!("cannot read {}", from.display()))?;
            for (place, value) in &places {
                text = text.replace(place, value);
            }
            ensure!(!text.contains("{{"), "{} has a place that nobody fills", from.display());
            let to = into.join(&file);
            fs::create_dir_all(to.parent().context("a file has a folder")?)?;
            fs::write(&to, text).with_context(|| format!("cannot write {}", to.display()))?;
        }
        Ok(())
    }
}
