//! `app`

mod change;
mod deliveries;
mod fetcher;
mod inspect;
mod install;
mod listen;
mod rotate;
mod schema;
mod secrets;
mod shop;
mod source;
mod validate;

use clap::Subcommand;

use super::{GlobalArgs, boot_quietly, finish};
use crate::{Application, Czo};

/// Install third-party apps, see what is sent to them, and help those who write one.
#[derive(Debug, Subcommand)]
pub enum AppCommand {
    /// Install an app in a shop
    ///
    /// Shows what the app asks for, and asks whether that is right. Then the app is asked to repeat a
    /// challenge, and is sent its token and what messages to it are signed with. An app on one's own
    /// machine must be allowed: `apps.allow` in the configuration of every server and command.
    Install(install::InstallArgs),
    /// List the apps of a shop
    List(inspect::ListArgs),
    /// Show an app, what it may do, its webhooks and tokens
    Show(inspect::ShowArgs),
    /// Update an app to its newest manifest
    ///
    /// In place: its tokens, secrets and what is set up stay. What it asks for in addition it gets once
    /// you consent, and until then stays at the hosts where it is.
    Update(change::UpdateArgs),
    /// Give an app what its last update asks for
    Consent {
        #[command(flatten)]
        which: shop::WhichApp,
        /// Consent without being asked
        #[arg(long)]
        yes: bool,
    },
    /// Keep an app from acting, from the next request on
    Disable(shop::WhichApp),
    /// Let an app act again
    Enable(shop::WhichApp),
    /// Remove an app from its shop
    Uninstall(change::UninstallArgs),
    /// Make a new signing secret and key for an app, shown once
    RotateSecret(rotate::RotateArgs),
    /// Make a new token for an app, shown once
    RotateToken(rotate::RotateArgs),
    /// List what was sent to an app and is to be, the newest first, or show one
    Deliveries(deliveries::DeliveriesArgs),
    /// Send deliveries again, with their ids and bodies
    Resend(deliveries::ResendArgs),
    /// Send again all that was given up since a time: for an app that was away
    Recover(deliveries::RecoverArgs),
    /// List what was given up, or send it again
    Dlq(deliveries::DlqArgs),
    /// Print the JSON Schema of a manifest
    ///
    /// For editors, which take it by the field `$schema` of a manifest, and for generators. What fits it
    /// may still be refused: which events and permissions there are only `validate` knows.
    Schema,
    /// Say everything that is wrong with a manifest
    ///
    /// Each problem stands in a line of its own, with its place as a JSON Pointer and, where something
    /// is near, with what was probably meant. The manifest is held to the version, the events and the
    /// permissions of this program, as at an installation; nothing at the URLs in it is asked. The exit
    /// status is 1 when there is a problem. Needs neither a configuration nor a server.
    Validate(validate::ValidateArgs),
    /// Receive deliveries on this machine, and say of each whether it is czo's
    ///
    /// Listens on 127.0.0.1, takes a POST to any path, and prints one line for each: its id, the
    /// type of the event, and whether the signature fits; secrets are never printed. What fits is
    /// answered with 204, or with what the app says by `--forward`; everything else with 401. It keeps
    /// nothing, and takes no part in a handshake. Ends with Ctrl-C.
    Listen(listen::ListenArgs),
}

impl AppCommand {
    pub(super) async fn execute(self, czo: &Czo, global: &GlobalArgs) -> anyhow::Result<()> {
        match self {
            // None of these needs a configuration.
            Self::Schema => schema::print_schema(),
            Self::Validate(args) => args.execute(czo).await,
            Self::Listen(args) => args.execute().await,
            command => {
                let application = boot_quietly(czo, global).await?;
                let outcome = Box::pin(command.on(&application)).await;
                finish(application).await;
                outcome
            }
        }
    }

    /// What is done with the apps of a database.
    async fn on(self, application: &Application) -> anyhow::Result<()> {
        match self {
            Self::Install(args) => args.execute(application).await,
            Self::List(args) => args.execute(application).await,
            Self::Show(args) => args.execute(application).await,
            Self::Update(args) => args.execute(application).await,
            Self::Consent { which, yes } => which.consent(application, yes).await,
            Self::Disable(which) => which.switch(application, false).await,
            Self::Enable(which) => which.switch(application, true).await,
            Self::Uninstall(args) => args.execute(application).await,
            Self::RotateSecret(args) => args.rotate_secret(application).await,
            Self::RotateToken(args) => args.rotate_token(application).await,
            Self::Deliveries(args) => args.execute(application).await,
            Self::Resend(args) => args.execute(application).await,
            Self::Recover(args) => args.execute(application).await,
            Self::Dlq(args) => args.execute(application).await,
            Self::Schema | Self::Validate(_) | Self::Listen(_) => Ok(()),
        }
    }
}
