//! `app rotate-secret` and `app rotate-token`

use std::time::Duration;

use clap::Args;
use secrecy::ExposeSecret;

use super::shop::WhichApp;
use crate::Application;
use crate::cli::confirm::confirm_unless;
use crate::cli::output::{print, print_note};

/// Of which app, and how long the old ones count.
#[derive(Debug, Args)]
pub struct RotateArgs {
    #[command(flatten)]
    which: WhichApp,
    /// How many hours the old ones count still, so that the app has time to change; 720 at most
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u64).range(0..=720))]
    overlap_hours: u64,
    /// With an overlap of 0: do not ask
    #[arg(long)]
    yes: bool,
}

impl RotateArgs {
    fn overlap(&self) -> Duration {
        Duration::from_secs(self.overlap_hours * 3_600)
    }

    /// Asks where the app has nothing that counts until it has what is new.
    fn confirm(&self, question: &str) -> anyhow::Result<()> {
        let price = "this ends what the app has at once";
        confirm_unless(self.yes || self.overlap_hours > 0, question, price)
    }

    pub(super) async fn rotate_secret(self, application: &Application) -> anyhow::Result<()> {
        let (ctx, id) = self.which.find(application).await?;
        let question =
            "End the secret that the app has now? It believes nothing until it has the new one.";
        self.confirm(question)?;
        let registry = application.apps().registry();
        let rotated = registry.rotate_secret(&ctx, id, self.overlap()).await?;
        let until = rotated.old_until.to_rfc3339();
        print_note(&format!(
            "shown this once; messages bear the old signatures, too, until {until}"
        ));
        print(&format!("secret      {}", rotated.secret.expose_secret()));
        print(&format!("public key  {}", rotated.public_key));
        Ok(())
    }

    pub(super) async fn rotate_token(self, application: &Application) -> anyhow::Result<()> {
        let (ctx, id) = self.which.find(application).await?;
        let question =
            "End the tokens that the app has now? It may do nothing until it has the new one.";
        self.confirm(question)?;
        let registry = application.apps().registry();
        let issued = registry.rotate_token(&ctx, id, self.overlap()).await?;
        let (ends, old) = (issued.expires_at.to_rfc3339(), issued.old_until.to_rfc3339());
        print_note(&format!("shown this once; good until {ends}, those before it until {old}"));
        print(issued.token.expose_secret());
        Ok(())
    }
}
