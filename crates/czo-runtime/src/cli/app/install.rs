//! `app install`

use clap::Args;
use czo_apps::{AppGrant, Consent, InstallRequest};

use super::shop::ShopArgs;
use super::source::{Source, source};
use crate::Application;
use crate::cli::confirm::confirm_unless;
use crate::cli::output::{one_line, print, print_json, print_note};

/// Which app, and where.
#[derive(Debug, Args)]
pub struct InstallArgs {
    /// The manifest: its URL, or a file
    #[arg(value_name = "URL|FILE", value_parser = source)]
    manifest: Source,
    #[command(flatten)]
    shop: ShopArgs,
    /// Consent to what it asks for, without being asked
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl InstallArgs {
    pub(super) async fn execute(self, application: &Application) -> anyhow::Result<()> {
        let ctx = self.shop.context(application).await?;
        let registry = application.apps().registry();
        let manifest = self.manifest.manifest()?;
        let offered = registry.preview(&ctx, &manifest).await?;
        let asked = AppGrant::asked_by(&offered);
        let name = one_line(&offered.name);
        print_note(&format!("{name} {} ({}) asks for:", offered.version, offered.id));
        for request in &offered.permissions {
            let purpose = one_line(&request.purpose);
            let actions = request.actions.join(", ");
            print_note(&format!(
                "  {}: {actions} ({})  {purpose}",
                request.resource, request.scope
            ));
        }
        if asked.is_empty() {
            print_note("  nothing");
        }
        for webhook in &offered.webhooks {
            let events: Vec<_> = webhook.events.iter().map(ToString::to_string).collect();
            print_note(&format!("  to be told of {}", events.join(", ")));
        }
        let question = format!("Install {name} in this shop, and allow it that?");
        confirm_unless(self.yes, &question, "this lets an app act in the shop")?;
        let shop = ctx.shop()?;
        let request = InstallRequest { shop, manifest, consent: Consent::To(asked) };
        let installed = registry.install(&ctx, request).await?;
        if self.json {
            return print_json(&installed);
        }
        print(&format!("{} is installed: {}", one_line(&installed.manifest.name), installed.id));
        Ok(())
    }
}
