//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use czo_core::ShopId;
use czo_runtime::cli::{
    Command as RuntimeCommand, GlobalArgs, ServeArgs, ServerArgs, ServerClient, block_on,
};
use czo_runtime::{Config, CzoBuilder};

use crate::{export, import, serve};

/// A commerce backend in one program.
///
/// Without a command it serves: a demo shop in an embedded database, with nothing to configure.
#[derive(Debug, Parser)]
#[command(
    name = "czo",
    version,
    after_help = "Documentation: README.md; `czo <command> --help` for each command."
)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Runtime(RuntimeCommand),
    /// Bring data into a shop
    #[command(subcommand)]
    Import(ImportCommand),
    /// Take data out of a shop
    #[command(subcommand)]
    Export(ExportCommand),
}

#[derive(Debug, Subcommand)]
enum ImportCommand {
    /// Import products from a file in the Shopify product CSV format
    ///
    /// Each product, all of its rows, is imported whole or not at all. A product whose handle the
    /// shop has is made what the file says; the same file again changes nothing. The exit status
    /// is 2 when rows were rejected. Where no server runs, the events of it wait for the next
    /// start.
    Products {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        target: Target,
        /// Hand the file to the server and don't wait: a job imports it
        ///
        /// Prints the address under which the server tells how far it is, to whoever sends a token
        /// that may write products.
        #[arg(long)]
        background: bool,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
enum ExportCommand {
    /// Export all products to a file in the Shopify product CSV format
    Products {
        #[command(flatten)]
        target: Target,
        /// Write to this file instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// The shop, and how it is reached.
#[derive(Clone, Debug, Args)]
pub(crate) struct Target {
    /// The shop; may be left out where there is only one
    #[arg(long, value_name = "ID")]
    pub(crate) shop: Option<ShopId>,
    #[command(flatten)]
    pub(crate) through: ServerArgs,
}

impl Target {
    /// The server to go through, if one is up.
    pub(crate) async fn server(&self, config: &Config) -> anyhow::Result<Option<ServerClient>> {
        let found = ServerClient::find(config, &self.through).await?;
        Ok(found.map(|server| server.for_shop(self.shop)))
    }
}

/// Runs the program.
pub(crate) fn run(builder: CzoBuilder) -> ExitCode {
    let cli = Cli::parse();
    let global = cli.global;
    block_on(async move {
        let czo = builder.build()?;
        match cli.command.unwrap_or(Command::Runtime(RuntimeCommand::Serve(ServeArgs::default()))) {
            Command::Runtime(RuntimeCommand::Serve(args)) => {
                Box::pin(serve::serve(czo, &args, &global)).await?;
            }
            Command::Runtime(command) => Box::pin(command.execute(czo, &global)).await?,
            Command::Import(ImportCommand::Products { file, target, background, json }) => {
                if background {
                    return Box::pin(import::in_background(&global, &file, &target, json)).await;
                }
                return Box::pin(import::products(&czo, &global, &file, &target, json)).await;
            }
            Command::Export(ExportCommand::Products { target, output }) => {
                Box::pin(export::products(&czo, &global, &target, output.as_deref())).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}
