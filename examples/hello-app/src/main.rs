//! `hello-app`: is installed into a shop of czo, and keeps a list of what happens to its products.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Parser, Subcommand};
use hello_app::{App, Czo, Inbox, Vault, router};
use tokio::net::TcpListener;

/// A third-party app: it is installed into a shop of czo and keeps a list of what happens to its
/// products.
///
/// What it keeps is in one folder: `credentials.json`, for its owner only, with what czo has given
/// it, and `deliveries.jsonl`, a line for each delivery.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// The folder of what the app keeps
    #[arg(long, global = true, default_value = ".hello-app", value_name = "FOLDER")]
    data: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the manifest, the handshake and the webhook, until Ctrl-C
    Run {
        /// The port, on this machine only
        #[arg(long, default_value_t = 4100)]
        port: u16,
        /// Where the app is reached, if that is not the port: behind a proxy or a tunnel with TLS
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// The czo that may install the app; nobody else may
        #[arg(long, default_value = "http://127.0.0.1:4000", value_name = "URL")]
        czo: String,
    },
    /// Ask czo what the products are called now that there were deliveries about; above them is the
    /// greeting that the shop has set up
    Products,
    /// Forget what czo has given the app, so that it can be installed again; deliveries stay
    Forget,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Cli { data, command } = Cli::parse();
    match command {
        Command::Run { port, url, czo } => run(&data, port, url, &czo).await,
        Command::Products => products(&data).await,
        Command::Forget => Ok(Vault::open(&data)?.forget()?),
    }
}

#[expect(clippy::print_stdout, reason = "whoever starts it wants to know where it is")]
async fn run(data: &Path, port: u16, url: Option<String>, czo: &str) -> anyhow::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from((IpAddr::from(Ipv4Addr::LOCALHOST), port)))
        .await
        .with_context(|| format!("cannot listen at port {port}"))?;
    let url = match url {
        Some(url) => url,
        None => format!("http://{}", listener.local_addr()?),
    };
    let inbox = Inbox::open(data).context("the deliveries cannot be opened")?;
    let app = App::new(&url, czo, Vault::open(data)?, inbox)?;
    println!("the manifest is at {}/manifest.json; Ctrl-C ends it", url.trim_end_matches('/'));
    let ended = async {
        // Without a signal to wait for there is nothing to end it by.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    axum::serve(listener, router(app)).with_graceful_shutdown(ended).await?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "it is what the command is for")]
async fn products(data: &Path) -> anyhow::Result<()> {
    let credentials = Vault::open(data)?.load()?;
    let czo = Czo::new(credentials.context("the app is not installed yet")?)?;
    if let Some(greeting) = czo.settings().await?.greeting {
        println!("{greeting}");
    }
    let deliveries = Inbox::list(data).context("the deliveries cannot be read")?;
    let ids: BTreeSet<&str> = deliveries.iter().filter_map(|one| one.product_id()).collect();
    for id in ids {
        match czo.product(id).await? {
            Some(product) => println!("{id}  {}  {}", product.status, product.title),
            None => println!("{id}  gone"),
        }
    }
    Ok(())
}
