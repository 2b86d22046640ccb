//! `module dev`

mod build;
mod watch;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Args;
use czo_core::describe;
use czo_module_package::{ModuleManifest, ModuleName, ModuleSource};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use self::watch::Watch;
use super::candidate::Candidate;
use super::desk::{Content, Desk};
use super::rules;
use crate::cli::GlobalArgs;
use crate::cli::confirm::confirm_unless;
use crate::cli::output::{print, print_note};
use crate::modules::PackageRules;

/// Which module.
#[derive(Debug, Args)]
pub(super) struct DevArgs {
    /// Its folder, with `czo-module.json`
    #[arg(value_name = "FOLDER", default_value = ".")]
    path: PathBuf,
    /// Build it and let the server run it once, and end
    #[arg(long)]
    once: bool,
    /// Do not ask whether the module may do what its manifest says
    #[arg(long)]
    yes: bool,
}

impl DevArgs {
    pub(super) async fn execute(self, desk: &Desk, global: &GlobalArgs) -> anyhow::Result<()> {
        let cannot = || format!("cannot find {}", self.path.display());
        let folder = self.path.canonicalize().with_context(cannot)?;
        let session = Session { desk, rules: rules(global)?, folder };
        let name = session.begin(self.yes).await?;
        if self.once {
            return session.turn(&name).await;
        }
        let mut watch = Watch::of(&session.folder);
        print(&format!("{name}: watching {}; Ctrl-C ends", session.folder.display()));
        loop {
            if let Err(error) = session.turn(&name).await {
                print_note(&describe(&*error));
                print_note(&format!("{name}: not replaced; what served before goes on"));
            }
            // What building it wrote is no change.
            watch.settle();
            tokio::select! {
                () = watch.changed() => {}
                _ = tokio::signal::ctrl_c() => return Ok(()),
            }
        }
    }
}

/// A module under development.
struct Session<'d> {
    desk: &'d Desk,
    rules: PackageRules,
    folder: PathBuf,
}

impl Session<'_> {
    /// Installs the module where it is not installed yet, after its first build.
    async fn begin(&self, yes: bool) -> anyhow::Result<ModuleName> {
        let name = self.name()?;
        let list: Value = self.desk.send(Method::GET, "/modules", &(), Content::Nothing).await?;
        let mut modules = list["modules"].as_array().into_iter().flatten();
        if modules.any(|module| module["name"] == name.as_str()) {
            return Ok(name);
        }
        build::run(&self.folder).await?;
        let candidate = self.candidate().await?;
        candidate.show_report()?;
        candidate.show_grants();
        let question = format!("Let {name} do that, and whatever its manifest says later?");
        confirm_unless(yes, &question, "this lets a module do what is listed above")?;
        let how = json!({ "source": candidate.source.to_string() });
        let content = candidate.packed()?;
        let _: Value = self.desk.send(Method::POST, "/packages", &how, content).await?;
        let path = format!("/modules/{name}/enable");
        let _: Value = self.desk.send(Method::POST, &path, &(), Content::Nothing).await?;
        Ok(name)
    }

    /// Builds the module and lets the server run it in place of what it runs.
    async fn turn(&self, name: &ModuleName) -> anyhow::Result<()> {
        let began = Instant::now();
        build::run(&self.folder).await?;
        let built = began.elapsed();
        let candidate = self.candidate().await?;
        candidate.show_report()?;
        if candidate.package.manifest().name != *name {
            bail!("its name is another now: begin again with `czo module dev`");
        }
        let path = format!("/modules/{name}/development");
        let content = candidate.packed()?;
        let outcome: Value = self.desk.send(Method::PUT, &path, &(), content).await?;
        let generation = &outcome["activated"]["generation"];
        let replaced = began.elapsed() - built;
        match generation.as_u64() {
            Some(generation) => print(&format!(
                "{name}: serves as activation {generation}, built in {built:.1?}, replaced in \
                 {replaced:.1?}"
            )),
            None => print(&format!("{name}: built in {built:.1?}; it is what serves already")),
        }
        Ok(())
    }

    /// The name that the manifest has now.
    fn name(&self) -> anyhow::Result<ModuleName> {
        #[derive(Deserialize)]
        struct Named {
            name: ModuleName,
        }
        let file = self.folder.join(ModuleManifest::FILE);
        let cannot = || format!("cannot read {}", file.display());
        let text = std::fs::read_to_string(&file).with_context(cannot)?;
        let named: Named = serde_json::from_str(&text)
            .with_context(|| format!("{} is no manifest", file.display()))?;
        Ok(named.name)
    }

    async fn candidate(&self) -> anyhow::Result<Candidate> {
        let source = ModuleSource::Path(self.folder.clone());
        Candidate::of(source, Path::new("."), self.rules.clone(), None).await
    }
}
