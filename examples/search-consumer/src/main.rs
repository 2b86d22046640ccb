//! `search-consumer`: keeps an index of the catalogue's products, and finds in it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use czo_core::EventBus;
use czo_eventbus_amqp::{AmqpBus, AmqpOptions, AmqpUrl, Names};
use czo_telemetry::{LogFormat, LogOptions};
use search_consumer::{GROUP, Index, PATTERN, subscribe};

/// How long handlers may take to finish at the end.
const DRAIN: Duration = Duration::from_secs(10);

/// A service of its own: it reads the catalogue's events over RabbitMQ and keeps an index.
#[derive(Debug, Parser)]
struct Cli {
    /// The file of the index
    #[arg(long, default_value = "search.db", value_name = "FILE")]
    index: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keep the index up to date, until Ctrl-C
    Run {
        /// Where RabbitMQ is
        #[arg(
            long,
            env = "CZO_EVENT_BUS__RABBITMQ__URL",
            hide_env_values = true,
            default_value = "amqp://guest:guest@127.0.0.1:5672/%2f"
        )]
        rabbitmq: AmqpUrl,
        /// What the names of exchanges and queues begin with
        #[arg(long, default_value = "")]
        prefix: String,
    },
    /// Find products by a part of their title or handle
    Find {
        /// The text; all products without one
        #[arg(default_value = "")]
        text: String,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Cli { index, command } = Cli::parse();
    let index = Index::open(&index).await?;
    match command {
        Command::Run { rabbitmq, prefix } => run(rabbitmq, &prefix, index).await,
        Command::Find { text } => find(&index, &text).await,
    }
}

async fn run(rabbitmq: AmqpUrl, prefix: &str, index: Index) -> anyhow::Result<()> {
    let filter = "info,lapin=off".to_owned();
    czo_telemetry::install(&LogOptions { format: LogFormat::Text, filter })?;
    let options = AmqpOptions::new(rabbitmq).connection_name("search-consumer");
    let bus = AmqpBus::new(options.names(Names::prefixed(prefix)?));
    subscribe(&bus, index).await?.detach();
    tracing::info!(group = GROUP, pattern = PATTERN, "listening; Ctrl-C ends it");
    tokio::signal::ctrl_c().await?;
    bus.shutdown(DRAIN).await?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "it is what the command is for")]
async fn find(index: &Index, text: &str) -> anyhow::Result<()> {
    for product in index.find(text).await? {
        println!("{}  {}  {}", product.id, product.handle, product.title);
    }
    Ok(())
}
