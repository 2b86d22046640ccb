//! `module`

mod add;
mod candidate;
mod config;
mod desk;
mod dev;
mod inspect;
mod new;
mod project;
mod switch;
mod template;
mod update;
mod validate;

use clap::{Args, Subcommand};
use czo_module_package::{ModuleManifest, ModuleName};

use self::desk::Desk;
use super::GlobalArgs;
use super::output::print_json;
use super::server::ServerArgs;
use crate::Czo;
use crate::modules::PackageRules;

/// The options of `module`.
#[derive(Debug, Args)]
pub struct ModuleArgs {
    #[command(flatten)]
    server: ServerArgs,
    #[command(subcommand)]
    command: ModuleCommand,
}

/// Install modules, let them serve, replace them, and help those who write one.
#[derive(Debug, Subcommand)]
enum ModuleCommand {
    /// Begin a module: a folder with a manifest, code and what builds it
    New(new::NewArgs),
    /// Install a module
    ///
    /// Fetches the package here, says everything that is to be said of it, shows what it may do, and asks
    /// whether that is right. Nothing of it is executed. It is noted in `czo.toml` and `czo.lock`, and
    /// serves once it is enabled.
    Add(add::AddArgs),
    /// List the modules
    List(inspect::ListArgs),
    /// Show a module, what it may do, its versions, and what it has used
    Show(inspect::ShowArgs),
    /// Let a module serve, on every server
    Enable(switch::EnableArgs),
    /// Let a module serve no more, on every server; its data stays
    Disable(switch::DisableArgs),
    /// Replace a module by another version of it
    ///
    /// The version that serves does so until the new one takes over; where that fails, it goes on. What
    /// is set up stays. A version that may do more than the one before waits until you consent.
    Update(update::UpdateArgs),
    /// Consent to the version of a module that waits, which takes over then
    Accept(update::AcceptArgs),
    /// Go back to the version before
    Rollback(switch::RollbackArgs),
    /// Remove a module and all versions of it
    Remove(switch::RemoveArgs),
    /// Show what is set up for a module in a shop, or set it up
    Config(config::ConfigArgs),
    /// Show what a module has logged in the server
    Logs(inspect::LogsArgs),
    /// Build a module, let the server run it, and do so again whenever a file changes
    ///
    /// What its manifest says builds it is run in its folder. A version that can't be built or can't take
    /// over is reported with file and line, and the one before goes on. What the module hands on to its
    /// next version stays; other modules are not touched. Needs a server. Ends with Ctrl-C.
    Dev(dev::DevArgs),
    /// Say everything that is to be said of a package
    ///
    /// Its manifest, what it imports against what is granted, its JavaScript, its dependencies, its
    /// licence. Nothing of it is executed, and no server is needed. The exit status is 1 when it would be
    /// refused.
    Validate(validate::ValidateArgs),
    /// Print the JSON Schema of a manifest
    ///
    /// For editors, which take it by the field `$schema` of a manifest, and for generators.
    Schema,
}

/// What packages are held to here; whoever installs them may know more.
fn rules(global: &GlobalArgs) -> anyhow::Result<PackageRules> {
    let config = global.load()?.modules;
    Ok(PackageRules::of(&config).knowing(config.advisories()?))
}

/// Which module.
#[derive(Clone, Debug, Args)]
struct WhichModule {
    /// The name of the module
    #[arg(value_name = "NAME")]
    name: ModuleName,
}

impl ModuleArgs {
    pub(super) async fn execute(self, czo: &Czo, global: &GlobalArgs) -> anyhow::Result<()> {
        let Self { server, command } = self;
        match command {
            ModuleCommand::Schema => print_json(&ModuleManifest::json_schema()),
            ModuleCommand::New(args) => args.execute(),
            ModuleCommand::Validate(args) => args.execute(global).await,
            ModuleCommand::Dev(args) => {
                let desk = Desk::of_server(global, &server).await?;
                args.execute(&desk, global).await
            }
            ModuleCommand::Logs(args) => {
                let desk = Desk::of_server(global, &server).await?;
                args.execute(&desk).await
            }
            command => {
                let desk = Desk::find(czo, global, &server, command.shop()).await?;
                let outcome = Box::pin(command.at(&desk, global)).await;
                desk.close().await;
                outcome
            }
        }
    }
}

impl ModuleCommand {
    /// The shop it is about, where it is about one.
    fn shop(&self) -> Option<czo_core::ShopId> {
        match self {
            Self::Config(args) => args.shop(),
            _ => None,
        }
    }

    /// What is asked of a server, or done on the database.
    async fn at(self, desk: &Desk, global: &GlobalArgs) -> anyhow::Result<()> {
        match self {
            Self::Add(args) => args.execute(desk, global).await,
            Self::List(args) => args.execute(desk).await,
            Self::Show(args) => args.execute(desk).await,
            Self::Enable(args) => args.execute(desk).await,
            Self::Disable(args) => args.execute(desk).await,
            Self::Update(args) => args.execute(desk, global).await,
            Self::Accept(args) => args.execute(desk).await,
            Self::Rollback(args) => args.execute(desk).await,
            Self::Remove(args) => args.execute(desk, global).await,
            Self::Config(args) => args.execute(desk).await,
            Self::New(_) | Self::Logs(_) | Self::Dev(_) | Self::Validate(_) | Self::Schema => {
                Ok(())
            }
        }
    }
}
