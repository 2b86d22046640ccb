//! `module update` and `module accept`

use anyhow::bail;
use clap::Args;
use czo_module_package::{GrantsDiff, ModuleManifest, ModuleName, ModuleSource};
use reqwest::Method;
use semver::Version;
use serde::Deserialize;
use serde_json::json;

use super::candidate::Candidate;
use super::desk::{Content, Desk};
use super::project::Project;
use super::{WhichModule, rules};
use crate::cli::GlobalArgs;
use crate::cli::confirm::confirm_unless;
use crate::cli::output::{print, print_note};

/// To what.
#[derive(Debug, Args)]
pub(super) struct UpdateArgs {
    #[command(flatten)]
    which: WhichModule,
    /// Where the new version comes from; without it, where the module came from
    #[arg(value_name = "SOURCE")]
    source: Option<ModuleSource>,
    /// Consent to whatever the new version may do in addition, without being asked
    #[arg(long)]
    yes: bool,
    /// Note it neither in `czo.toml` nor in `czo.lock`
    #[arg(long)]
    no_save: bool,
}

/// Which version.
#[derive(Debug, Args)]
pub(super) struct AcceptArgs {
    #[command(flatten)]
    which: WhichModule,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// What a server says of a module, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    source: String,
    manifest: ModuleManifest,
    waits_for_consent: Option<Widened>,
}

#[derive(Deserialize)]
struct Widened {
    version: Version,
    grants: Vec<String>,
    digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
enum Outcome {
    Unchanged,
    Replaced { to: Version },
    Updated { activated: Activated },
    WaitsForConsent(Widened),
}

#[derive(Deserialize)]
struct Activated {
    version: Version,
}

impl UpdateArgs {
    pub(super) async fn execute(self, desk: &Desk, global: &GlobalArgs) -> anyhow::Result<()> {
        let name = self.which.name;
        let project = Project::of(global);
        let known = known(desk, &name).await?;
        let source = match self.source {
            Some(source) => source,
            None => match project.source(&name)? {
                Some(source) => source,
                None => known.source.parse()?,
            },
        };
        let rules = rules(global)?;
        let previous = Some(known.manifest.clone());
        let candidate = Candidate::of(source, project.folder(), rules, previous).await?;
        let manifest = candidate.package.manifest();
        if manifest.name != name {
            bail!("expected a package of `{name}`, found one of `{}`", manifest.name);
        }
        candidate.show_report()?;
        let gone = GrantsDiff::between(&known.manifest, manifest).removed;
        gone.iter().for_each(|grant| print_note(&format!("no more: it {grant}")));
        let path = format!("/modules/{name}/package");
        let how = json!({ "source": candidate.source.to_string() });
        let content = candidate.packed()?;
        let outcome: Outcome = desk.send(Method::PUT, &path, &how, content).await?;
        if !self.no_save {
            project.note(&candidate)?;
        }
        match outcome {
            Outcome::WaitsForConsent(widened) => accept(desk, &name, &widened, self.yes).await,
            outcome => say(&name, &outcome),
        }
    }
}

impl AcceptArgs {
    pub(super) async fn execute(self, desk: &Desk) -> anyhow::Result<()> {
        let name = self.which.name;
        match known(desk, &name).await?.waits_for_consent {
            Some(widened) => accept(desk, &name, &widened, self.yes).await,
            None => bail!("no version of module `{name}` waits for a consent"),
        }
    }
}

async fn known(desk: &Desk, name: &ModuleName) -> anyhow::Result<Known> {
    desk.send(Method::GET, &format!("/modules/{name}"), &(), Content::Nothing).await
}

/// Consents to exactly what was shown.
async fn accept(
    desk: &Desk,
    name: &ModuleName,
    widened: &Widened,
    yes: bool,
) -> anyhow::Result<()> {
    print_note(&format!("{name} {} asks for more than the version before:", widened.version));
    widened.grants.iter().for_each(|grant| print_note(&format!("  {grant}")));
    print_note(&format!("until then it waits, for `czo module accept {name}`"));
    confirm_unless(yes, "Allow it that?", "this lets a module do more")?;
    let consent = Content::Json(json!({ "consent": widened.digest }));
    let path = format!("/modules/{name}/accept");
    let outcome = desk.send(Method::POST, &path, &(), consent).await?;
    say(name, &outcome)
}

fn say(name: &ModuleName, outcome: &Outcome) -> anyhow::Result<()> {
    match outcome {
        Outcome::Unchanged => print(&format!("{name} is of this version already")),
        Outcome::Replaced { to } => {
            print(&format!("{name} is {to} now; it is not enabled, so nothing serves yet"));
        }
        Outcome::Updated { activated } => {
            print(&format!("{name} {} serves", activated.version));
        }
        Outcome::WaitsForConsent(widened) => {
            bail!("{name} {} asks for something else by now: look at it again", widened.version);
        }
    }
    Ok(())
}
