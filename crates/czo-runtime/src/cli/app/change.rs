//! `app update`, `consent`, `disable`, `enable` and `uninstall`

use clap::Args;
use czo_apps::{AppGrant, Consent, NewHost, UpdateOutcome};

use super::shop::WhichApp;
use super::source::{Source, source};
use crate::Application;
use crate::cli::confirm::{confirm, confirm_unless};
use crate::cli::output::{print, print_note};

/// Which app, and to what.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    #[command(flatten)]
    which: WhichApp,
    /// The new manifest: its URL, or a file. Default: where the app says that its newest is
    #[arg(long, value_name = "URL|FILE", value_parser = source)]
    manifest: Option<Source>,
    /// Consent to what it asks for in addition, without being asked
    #[arg(long)]
    yes: bool,
}

/// Which app is removed.
#[derive(Debug, Args)]
pub struct UninstallArgs {
    #[command(flatten)]
    which: WhichApp,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl UpdateArgs {
    pub(super) async fn execute(self, application: &Application) -> anyhow::Result<()> {
        let (ctx, id) = self.which.find(application).await?;
        let registry = application.apps().registry();
        let manifest = self.manifest.map(|source| source.manifest()).transpose()?;
        let outcome = registry.update(&ctx, id, manifest).await?;
        print(outcome.diff().to_string().trim_end());
        let UpdateOutcome::NeedsConsent { pending, hosts, .. } = outcome else { return Ok(()) };
        print_note(&format!("{id} is updated; what follows waits for `czo app consent {id}`"));
        let question =
            "It keeps what it has, and stays where it is, until then; allow it that, too?";
        ask(&pending, &hosts, self.yes, question)?;
        registry.consent(&ctx, id, &to(pending, hosts)).await?;
        print(&format!("{id} is allowed what it asks for"));
        Ok(())
    }
}

impl WhichApp {
    pub(super) async fn consent(self, application: &Application, yes: bool) -> anyhow::Result<()> {
        let (ctx, id) = self.find(application).await?;
        let registry = application.apps().registry();
        let app = registry.get(&ctx, id).await?;
        let (pending, hosts) = (app.pending, app.pending_hosts);
        if pending.is_empty() && hosts.is_empty() {
            print(&format!("{id} asks for nothing that it does not have"));
            return Ok(());
        }
        ask(&pending, &hosts, yes, "Allow it that?")?;
        registry.consent(&ctx, id, &to(pending, hosts)).await?;
        print(&format!("{id} is allowed what it asks for"));
        Ok(())
    }

    pub(super) async fn switch(self, application: &Application, on: bool) -> anyhow::Result<()> {
        let (ctx, id) = self.find(application).await?;
        let registry = application.apps().registry();
        let app = match on {
            true => registry.enable(&ctx, id).await?,
            false => registry.disable(&ctx, id).await?,
        };
        print(&format!("{id} is {}", app.status));
        Ok(())
    }
}

impl UninstallArgs {
    pub(super) async fn execute(self, application: &Application) -> anyhow::Result<()> {
        let (ctx, id) = self.which.find(application).await?;
        let registry = application.apps().registry();
        let app = registry.get(&ctx, id).await?;
        let question = format!(
            "Uninstall {}? Its tokens, secrets, webhooks and what was set up are gone then.",
            app.manifest.id
        );
        confirm(self.yes, &question)?;
        registry.uninstall(&ctx, id).await?;
        print(&format!("{} is uninstalled", app.manifest.id));
        Ok(())
    }
}

fn ask(pending: &[AppGrant], hosts: &[NewHost], yes: bool, question: &str) -> anyhow::Result<()> {
    print_note("it asks for:");
    pending.iter().for_each(|grant| print_note(&format!("  {grant}")));
    hosts.iter().for_each(|host| print_note(&format!("  to be at {host}")));
    confirm_unless(yes, question, "this lets an app do more, or be elsewhere")
}

/// This and no more: what was shown.
fn to(grants: Vec<AppGrant>, hosts: Vec<NewHost>) -> Consent {
    let hosts = hosts.into_iter().map(|host| host.host).collect();
    Consent::ToUpdate { grants, hosts }
}
