//! `app list` and `app show`

use clap::Args;
use czo_apps::Installation;

use super::shop::{ShopArgs, WhichApp, all};
use crate::Application;
use crate::apps::AppView;
use crate::cli::output::{one_line, print, print_json, print_table};

/// Of which shop.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    shop: ShopArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Which app.
#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    which: WhichApp,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl ListArgs {
    pub(super) async fn execute(self, application: &Application) -> anyhow::Result<()> {
        let ctx = self.shop.context(application).await?;
        let apps = all(application, &ctx).await?;
        if self.json {
            return print_json(&apps);
        }
        if apps.is_empty() {
            print("no apps");
            return Ok(());
        }
        let row = |app: &Installation| {
            let manifest = &app.manifest;
            let status = match app.pending.is_empty() && app.pending_hosts.is_empty() {
                true => app.status.to_string(),
                false => format!("{}, wants consent", app.status),
            };
            [
                app.id.to_string(),
                manifest.id.to_string(),
                one_line(&manifest.name),
                manifest.version.to_string(),
                status,
            ]
        };
        let rows: Vec<_> = apps.iter().map(row).collect();
        print_table(["ID", "APP", "NAME", "VERSION", "STATUS"], &rows);
        Ok(())
    }
}

impl ShowArgs {
    pub(super) async fn execute(self, application: &Application) -> anyhow::Result<()> {
        let (ctx, id) = self.which.find(application).await?;
        let registry = application.apps().registry();
        let app = registry.get(&ctx, id).await?;
        let webhooks = registry.webhooks(&ctx, id).await?;
        let tokens = registry.tokens(&ctx, id).await?;
        if self.json {
            return print_json(&AppView { app, webhooks, tokens });
        }
        let manifest = &app.manifest;
        print(&format!("{} {} ({})", one_line(&manifest.name), manifest.version, manifest.id));
        print(&format!("id         {}", app.id));
        print(&format!("shop       {}", app.shop_id));
        print(&format!("status     {}", app.status));
        print(&format!("installed  {}", app.created_at.to_rfc3339()));
        for grant in &app.granted {
            print(&format!("may        {grant}"));
        }
        for grant in &app.pending {
            print(&format!("asks for   {grant}"));
        }
        for host in &app.pending_hosts {
            print(&format!("asks for   to be at {host}"));
        }
        for webhook in &webhooks {
            let definition = &webhook.definition;
            let reason = webhook.disabled_reason.as_deref().map(one_line).unwrap_or_default();
            let state =
                if webhook.is_active { "active".to_owned() } else { format!("off, {reason}") };
            let (name, url) = (&definition.identifier, definition.target_url.as_str());
            print(&format!("webhook    {} {name} {url} ({state})", webhook.id));
        }
        for token in &tokens {
            let state = match token.revoked_at {
                Some(at) => format!("revoked {}", at.to_rfc3339()),
                None => format!("until {}", token.expires_at.to_rfc3339()),
            };
            print(&format!("token      {token} {state}"));
        }
        Ok(())
    }
}
