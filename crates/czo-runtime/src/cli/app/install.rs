//! `app install`

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use czo_apps::{AppGrant, Consent, HttpUrl, HttpUrlError, InstallRequest, ManifestSource};

use super::shop::ShopArgs;
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

/// Where a manifest is.
#[derive(Clone, Debug)]
pub(super) enum Source {
    File(PathBuf),
    Url(HttpUrl),
}

pub(super) fn source(text: &str) -> Result<Source, HttpUrlError> {
    if text.contains("://") { text.parse().map(Source::Url) } else { Ok(Source::File(text.into())) }
}

impl Source {
    pub(super) fn read(&self) -> anyhow::Result<ManifestSource> {
        match self {
            Self::Url(url) => Ok(ManifestSource::Url(url.clone())),
            Self::File(path) => {
                let read = fs::read(path);
                let bytes = read.with_context(|| format!("cannot read {}", path.display()))?;
                Ok(ManifestSource::Document(bytes))
            }
        }
    }
}

impl InstallArgs {
    pub(super) async fn execute(self, application: &Application) -> anyhow::Result<()> {
        let ctx = self.shop.context(application).await?;
        let registry = application.apps().registry();
        let manifest = self.manifest.read()?;
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
