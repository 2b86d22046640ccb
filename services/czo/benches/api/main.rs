//! What the API can take: `cargo xtask bench api`, or without its services
//! `cargo bench --package czo --bench api -- [--quick]`.
//!
//! The release server runs as a process of its own, as it does in production, first on SQLite and
//! then on PostgreSQL, each with 1,000 products of three variants. Sixteen kept-alive connections
//! ask for random products and random pages; one more creates products one after the other. Every
//! answer is looked at: a fast error is no figure. At the end the same load meets a bare axum
//! handler that returns the bytes of one product's answer and does nothing else, which says how
//! much of a figure is the machine.
//!
//! The load comes from the machine that serves, so all figures are lower than with a load
//! generator elsewhere; they compare with what was measured in the same way.
//!
//! Standard output holds lines `figure <name> <value>` and nothing else.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures and progress are printed")]

mod bare;
mod catalogue;
mod child;
mod connection;
mod installation;
mod load;
mod measure;
mod options;
mod postgres;
mod queries;
mod random;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use hyper::body::Bytes;
use tokio::signal::unix::{SignalKind, signal};

use self::bare::BareServer;
use self::installation::Installation;
use self::load::{Calls, Window};
use self::measure::{Figures, measure};
use self::options::Options;
use self::postgres::BenchDatabase;

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match &options.bare {
        Some(answer) => bare::serve(answer),
        None if options.bench => all(&options),
        None => {
            eprintln!("nothing measured: `cargo bench --package czo --bench api` does");
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures everything. One thread is enough for the load, and leaves the rest to the servers.
fn all(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // First, so that nobody waits for figures of SQLite to read that PostgreSQL is missing.
        let database = BenchDatabase::create().await?;
        let outcome = unless_interrupted(Box::pin(on_each(options, &database))).await;
        // Whatever happened; and an error of the work is told before one of the removal.
        let removed = database.remove().await;
        outcome.and(removed)
    })
}

async fn on_each(options: &Options, database: &BenchDatabase) -> Result<()> {
    let (program, window) = (&*options.server, options.window());
    let sqlite = on_sqlite(program, window).await?;
    sqlite.print("sqlite");
    let postgres = on_postgres(program, database, window).await?;
    postgres.print("pg");

    progress("bare: the bytes of one product");
    let bare = on_bare(&postgres, window).await?;
    figure("api_bare_rps", bare.per_second());
    figure("api_bare_p95_ms", bare.percentile_ms(95));
    figure("api_pg_product_bare_ratio", postgres.product.per_second() / bare.per_second());
    // Of the two servers the one that does worse.
    figure("api_rss_mib", f64::max(sqlite.resident_mib, postgres.resident_mib));
    figure("api_start_ms", f64::max(sqlite.start_ms, postgres.start_ms));
    Ok(())
}

async fn on_sqlite(program: &Path, window: Window) -> Result<Figures> {
    let installation = Installation::embedded(program)?;
    measure("sqlite", &installation, window, async || Ok(())).await
}

async fn on_postgres(program: &Path, database: &BenchDatabase, window: Window) -> Result<Figures> {
    let installation = Installation::on_postgres(program, database.url())?;
    installation.migrate()?;
    measure("pg", &installation, window, async || database.settle().await).await
}

async fn on_bare(postgres: &Figures, window: Window) -> Result<load::Measured> {
    let server = BareServer::start(&postgres.answer)?;
    let calls = Calls::same(postgres.question.clone());
    load::parallel(&server.target(), &calls, window).await
}

/// `work`, given up at Ctrl-C or SIGTERM: then servers are killed, folders removed and databases
/// dropped as after an error.
async fn unless_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be awaited")?;
    tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        _ = terminate.recv() => bail!("interrupted"),
    }
}

/// Prints a figure, for machines.
fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}

/// Tells people what is under way.
fn progress(what: &str) {
    eprintln!("{what}");
}

/// What is sent and what comes back is bytes that many share.
type Body = Bytes;
