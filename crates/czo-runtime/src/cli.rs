//! The command line that every program made with czo has.

mod app;
mod cache;
mod config;
mod confirm;
mod dlq;
mod events;
mod jobs;
mod migrate;
mod module;
mod moment;
mod outbox;
mod output;
mod serve;
mod server;
mod shops;
mod tokens;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use czo_core::describe;
use czo_telemetry::LogOptions;
use secrecy::ExposeSecret;

pub use output::{print, print_json, print_note};
pub use serve::{ServeArgs, banner};
pub use server::{ServerArgs, ServerClient};
pub use worker::WorkerArgs;

use crate::{Application, Config, Czo, CzoBuilder, RuntimeError};

/// The commands that every program made with czo has.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Serve the shop's API until SIGTERM or Ctrl-C (this is what no command does)
    Serve(ServeArgs),
    /// Do jobs, without serving anything, until SIGTERM or Ctrl-C
    Worker(WorkerArgs),
    /// Bring the database's schema up or down
    #[command(subcommand)]
    Migrate(migrate::MigrateCommand),
    /// Show the configuration in force
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Show the events of this program, who publishes and who consumes them; replay past ones
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Look at the events that wait for the bus, and at those that could not be published
    #[command(subcommand)]
    Outbox(outbox::OutboxCommand),
    /// Look at the jobs that are done in the background, retry, cancel and purge them
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// Look at the events that groups of subscribers gave up, hand them over again, or purge them
    ///
    /// Through the server that runs on the same data folder, or the one that `--server` names. With the bus
    /// in memory the dead letters are in the memory of that server, and gone when it ends.
    Dlq(dlq::DlqArgs),
    /// Look into the cache, and make it forget
    ///
    /// Through the server that runs on the same data folder, or the one that `--server` names. Where none
    /// runs: in Redis, if the cache has one; a cache in memory ends with its server.
    Cache(cache::CacheArgs),
    /// Install third-party apps, see what is sent to them, and help those who write one
    #[command(subcommand)]
    App(app::AppCommand),
    /// Install modules, let them serve, replace them, and help those who write one
    ///
    /// Through the server that runs on the same data folder, or the one that `--server` names, which
    /// goes on serving meanwhile. Where none runs: on the database.
    Module(module::ModuleArgs),
    /// Open and list shops
    #[command(subcommand)]
    Shops(shops::ShopsCommand),
    /// Make, list and revoke access tokens
    #[command(subcommand)]
    Tokens(tokens::TokensCommand),
}

/// The options that every command has.
#[derive(Clone, Debug, Default, Args)]
pub struct GlobalArgs {
    /// Read this configuration file instead of `czo.toml`
    #[arg(long, global = true, env = "CZO_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl GlobalArgs {
    /// The configuration in force.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Config`].
    pub fn load(&self) -> Result<Config, RuntimeError> {
        Ok(Config::load(self.config.as_deref())?)
    }
}

#[derive(Debug, Parser)]
#[command(version, about = "A commerce backend made with czo")]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What [`CzoBuilder::run`] does.
pub(crate) fn run(builder: CzoBuilder) -> ExitCode {
    let cli = Cli::parse();
    block_on(async move {
        let czo = builder.build()?;
        // On the heap: it is as large as the largest command.
        Box::pin(cli.command.unwrap_or_default().execute(czo, &cli.global)).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Runs a command to its end, and prints its error as one line on standard error. For `main`.
pub fn block_on(command: impl Future<Output = anyhow::Result<ExitCode>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(command),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            output::print_error(&describe(&*error));
            ExitCode::FAILURE
        }
    }
}

impl Default for Command {
    fn default() -> Self {
        Self::Serve(ServeArgs::default())
    }
}

impl Command {
    /// Does what the command says.
    ///
    /// # Errors
    ///
    /// Whatever went wrong, in words for the person at the command line.
    pub async fn execute(self, czo: Czo, global: &GlobalArgs) -> anyhow::Result<()> {
        match self {
            Self::Serve(args) => Box::pin(serve::serve(czo, args, global)).await,
            Self::Worker(args) => worker::work(czo, args, global).await,
            Self::Migrate(command) => command.execute(&czo, &global.load()?).await,
            Self::Config(command) => command.execute(&global.load()?),
            Self::Events(command) => Box::pin(command.execute(&czo, global)).await,
            Self::Outbox(command) => {
                let application = boot_quietly(&czo, global).await?;
                let outcome = command.execute(&application).await;
                finish(application).await;
                outcome
            }
            Self::Jobs(command) => {
                let application = boot_quietly(&czo, global).await?;
                let outcome = command.execute(&application).await;
                finish(application).await;
                outcome
            }
            Self::Dlq(args) => args.execute(&czo, &global.load()?).await,
            Self::Cache(args) => args.execute(&global.load()?).await,
            Self::App(command) => Box::pin(command.execute(&czo, global)).await,
            Self::Module(args) => Box::pin(args.execute(&czo, global)).await,
            Self::Shops(command) => {
                let application = boot_quietly(&czo, global).await?;
                let outcome = command.execute(&application).await;
                finish(application).await;
                outcome
            }
            Self::Tokens(command) => {
                let application = boot_quietly(&czo, global).await?;
                let outcome = command.execute(&application).await;
                finish(application).await;
                outcome
            }
        }
    }
}

/// The program up, for a command that does one thing: only warnings are logged. It neither publishes
/// nor handles events, and has no modules; what it does is told through the outbox.
///
/// # Errors
///
/// As [`Czo::boot`].
pub async fn boot_quietly(czo: &Czo, global: &GlobalArgs) -> Result<Application, RuntimeError> {
    boot(czo, global.load()?.without_modules()).await
}

/// The same with modules, which take part in the operations of domains as in a server.
///
/// # Errors
///
/// As [`Czo::boot`].
pub async fn boot_with_modules(
    czo: &Czo,
    global: &GlobalArgs,
) -> Result<Application, RuntimeError> {
    let application = boot(czo, global.load()?).await?;
    application.start_modules().await;
    Ok(application)
}

async fn boot(czo: &Czo, config: Config) -> Result<Application, RuntimeError> {
    let config = config.without_broker();
    czo_telemetry::install(&LogOptions { filter: "warn".to_owned(), ..config.log_options() })?;
    let application = czo.boot(&config, None).await?;
    if let Some(token) = application.first_token() {
        let path = config.owner_token_path();
        output::print_note(&format!(
            "owner token {}, shown this once; kept in {}",
            token.expose_secret(),
            path.display()
        ));
    }
    Ok(application)
}

/// Ends what [`boot_quietly`] or [`boot_with_modules`] began. The events that it caused are in the outbox; the relay of a
/// server publishes them.
pub async fn finish(application: Application) {
    application.shutdown(Duration::ZERO).await;
}
