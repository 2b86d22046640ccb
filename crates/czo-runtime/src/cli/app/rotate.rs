//! `app rotate-secret` and `app rotate-token`

use std::time::Duration;

use clap::Args;
use secrecy::ExposeSecret;

use super::shop::WhichApp;
use crate::Application;
use crate::cli::output::{print, print_note};

/// Of which app, and how long the old ones count.
#[derive(Debug, Args)]
pub struct RotateArgs {
    #[command(flatten)]
    which: WhichApp,
    /// How many hours the old ones count still, so that the app has time to change; 720 at most
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u64).range(0..=720))]
    overlap_hours: u64,
}

impl RotateArgs {
    fn overlap(&self) -> Duration {
        Duration::from_secs(self.overlap_hours * 3_600)
    }

    pub(super) async fn rotate_secret(self, application: &Application) -> anyhow::Result<()> {
        let (ctx, id) = self.which.find(application).await?;
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
        let registry = application.apps().registry();
        let issued = registry.rotate_token(&ctx, id, self.overlap()).await?;
        let (ends, old) = (issued.expires_at.to_rfc3339(), issued.old_until.to_rfc3339());
        print_note(&format!("shown this once; good until {ends}, those before it until {old}"));
        print(issued.token.expose_secret());
        Ok(())
    }
}
