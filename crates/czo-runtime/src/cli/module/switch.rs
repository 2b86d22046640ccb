//! `module enable`, `module disable`, `module rollback` and `module remove`

use clap::{Args, ValueEnum};
use czo_module_package::ModuleName;
use reqwest::Method;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::WhichModule;
use super::desk::{Content, Desk};
use super::project::Project;
use crate::cli::GlobalArgs;
use crate::cli::confirm::{confirm, confirm_unless};
use crate::cli::output::{print, print_note};

/// Which module.
#[derive(Debug, Args)]
pub(super) struct EnableArgs {
    #[command(flatten)]
    which: WhichModule,
}

/// Which module.
#[derive(Debug, Args)]
pub(super) struct DisableArgs {
    #[command(flatten)]
    which: WhichModule,
}

/// Which module.
#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    #[command(flatten)]
    which: WhichModule,
    /// Do not ask
    #[arg(long, visible_alias = "force")]
    yes: bool,
}

/// Which module, and what becomes of its data.
#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    #[command(flatten)]
    which: WhichModule,
    /// What becomes of its tables and of what it keeps by key: `delete` exports it first
    #[arg(long, value_name = "FATE")]
    data: Option<Fate>,
    /// Also when others depend on it; these are disabled
    #[arg(long)]
    force: bool,
    /// Do not ask; its data stays, unless `--data delete` is said
    #[arg(long)]
    yes: bool,
    /// Leave `czo.toml` and `czo.lock` as they are
    #[arg(long)]
    no_save: bool,
}

/// What becomes of the data of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Fate {
    /// It stays, and is there again when the module comes back
    Keep,
    /// It is exported, and deleted
    Delete,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Activated {
    version: Version,
    generation: u64,
    took_ms: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RolledBack {
    from: Version,
    to: Version,
    migrations_taken_back: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Removed {
    exported_to: Option<String>,
    disabled: Vec<ModuleName>,
}

impl EnableArgs {
    pub(super) async fn execute(self, desk: &Desk) -> anyhow::Result<()> {
        let name = self.which.name;
        let path = format!("/modules/{name}/enable");
        let Activated { version, generation, took_ms } =
            desk.send(Method::POST, &path, &(), Content::Nothing).await?;
        print(&format!("{name} {version} serves (activation {generation}, {took_ms:.1} ms)"));
        Ok(())
    }
}

impl DisableArgs {
    pub(super) async fn execute(self, desk: &Desk) -> anyhow::Result<()> {
        let name = self.which.name;
        let path = format!("/modules/{name}/disable");
        let _: Value = desk.send(Method::POST, &path, &(), Content::Nothing).await?;
        print(&format!("{name} serves no more; its data stays"));
        Ok(())
    }
}

impl RollbackArgs {
    pub(super) async fn execute(self, desk: &Desk) -> anyhow::Result<()> {
        let name = self.which.name;
        let question = format!(
            "Go back to the version of {name} before? What its newer migrations made is taken back."
        );
        confirm(self.yes, &question)?;
        let path = format!("/modules/{name}/rollback");
        let RolledBack { from, to, migrations_taken_back } =
            desk.send(Method::POST, &path, &(), Content::Nothing).await?;
        print(&format!("{name} is {to} again, no more {from}"));
        if migrations_taken_back > 0 {
            print(&format!("{migrations_taken_back} of its migrations were taken back"));
        }
        Ok(())
    }
}

impl RemoveArgs {
    pub(super) async fn execute(self, desk: &Desk, global: &GlobalArgs) -> anyhow::Result<()> {
        let name = self.which.name;
        let data = self.data.unwrap_or(Fate::Keep);
        match data {
            Fate::Keep => {
                let question =
                    format!("Remove {name}? Its data stays (`--data delete` deletes it).");
                confirm_unless(self.yes, &question, "this removes a module")?;
            }
            Fate::Delete => {
                let question = format!("Remove {name}, export its data and delete it?");
                confirm(self.yes, &question)?;
            }
        }
        let how = json!({ "data": data, "force": self.force });
        let path = format!("/modules/{name}");
        let Removed { exported_to, disabled } =
            desk.send(Method::DELETE, &path, &how, Content::Nothing).await?;
        if !self.no_save {
            Project::of(global).forget(&name)?;
        }
        print(&format!("{name} is removed"));
        if let Some(place) = exported_to {
            print(&format!("its data was exported to {place}"));
        }
        for other in disabled {
            print_note(&format!("{other} depends on it, and is disabled"));
        }
        Ok(())
    }
}
