//! `module validate`

use anyhow::bail;
use clap::Args;
use czo_module_package::{ModuleSource, PackageError};
use serde_json::json;

use super::candidate::Candidate;
use super::project::Project;
use super::rules;
use crate::cli::GlobalArgs;
use crate::cli::output::{how_many, print, print_json};

/// Which package.
#[derive(Debug, Args)]
pub(super) struct ValidateArgs {
    /// Where it is, as for `add`
    #[arg(value_name = "SOURCE", default_value = ".")]
    source: ModuleSource,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl ValidateArgs {
    pub(super) async fn execute(self, global: &GlobalArgs) -> anyhow::Result<()> {
        let rules = rules(global)?;
        let folder = Project::of(global).folder().to_owned();
        let candidate = match Candidate::of(self.source, &folder, rules, None).await {
            Ok(candidate) => candidate,
            Err(error) => {
                let Some(PackageError::Manifest(wrong)) = error.downcast_ref() else {
                    return Err(error);
                };
                match self.json {
                    true => print_json(&json!({ "violations": wrong.violations() }))?,
                    false => wrong.violations().iter().for_each(|one| print(&one.to_string())),
                }
                let number = how_many(wrong.violations().len() as u64, "problem");
                bail!("the manifest has {number}");
            }
        };
        match self.json {
            true => print_json(&candidate.report)?,
            false => print(candidate.report.to_string().trim_end()),
        }
        match candidate.report.blocks() {
            true => bail!("the package would be refused"),
            false => Ok(()),
        }
    }
}
