//! `module add`

use clap::Args;
use czo_module_package::ModuleSource;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::candidate::Candidate;
use super::desk::Desk;
use super::project::Project;
use super::rules;
use crate::cli::GlobalArgs;
use crate::cli::confirm::confirm_unless;
use crate::cli::output::{print, print_note};

/// From where, and how.
#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// Where it comes from: `./folder`, `github:user/repo[@ref][#folder]`, the URL of a git repository,
    /// `@scope/name[@version]` or `npm:name[@version]`
    #[arg(value_name = "SOURCE")]
    source: ModuleSource,
    /// Let it serve at once
    #[arg(long)]
    enable: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Note it neither in `czo.toml` nor in `czo.lock`
    #[arg(long)]
    no_save: bool,
}

#[derive(Deserialize)]
struct Added {
    warnings: Vec<String>,
}

impl AddArgs {
    pub(super) async fn execute(self, desk: &Desk, global: &GlobalArgs) -> anyhow::Result<()> {
        let project = Project::of(global);
        let rules = rules(global)?;
        let candidate = Candidate::of(self.source, project.folder(), rules, None).await?;
        candidate.show_report()?;
        project.check(&candidate.package)?;
        candidate.show_grants();
        let manifest = candidate.package.manifest();
        let (name, version) = (&manifest.name, &manifest.version);
        let question = format!("Install {name} {version}, and let it do that?");
        confirm_unless(self.yes, &question, "this lets a module do what is listed above")?;
        let how = json!({ "source": candidate.source.to_string(), "enable": self.enable });
        let content = candidate.packed()?;
        let added: Added = desk.send(Method::POST, "/packages", &how, content).await?;
        added.warnings.iter().for_each(|warning| print_note(&format!("warning: {warning}")));
        if !self.no_save {
            project.note(&candidate)?;
        }
        match self.enable {
            true => print(&format!("{name} {version} is installed and serves")),
            false => print(&format!(
                "{name} {version} is installed; `czo module enable {name}` lets it serve"
            )),
        }
        Ok(())
    }
}
