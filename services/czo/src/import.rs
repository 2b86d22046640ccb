//! `czo import products`

use std::fs::File;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use czo_catalog::{Import, ImportReport, Products, Tally};
use czo_core::{RequestContext, ShopDirectory, ShopId, SystemIds};
use czo_runtime::cli::{
    GlobalArgs, ServerClient, boot_with_modules, finish, print, print_json, print_note,
};
use czo_runtime::{Application, Czo};
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Response;
use tokio_util::io::ReaderStream;

use crate::cli::Target;

/// The exit status when rows were rejected.
const SOME_REJECTED: u8 = 2;
/// How many errors are printed for people; all of them are in the JSON report.
const SHOWN_ERRORS: usize = 50;

pub(crate) async fn products(
    czo: &Czo,
    global: &GlobalArgs,
    file: &Path,
    target: &Target,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let bytes = file_size(file)?;
    let progress = progress_bar(bytes);
    let report = match target.server(&global.load()?).await? {
        Some(server) => upload(&server, file, bytes, &progress).await?,
        None => {
            let application = boot_with_modules(czo, global).await?;
            let report = import(&application, file, target, &progress).await;
            say_what_waits(&application).await;
            finish(application).await;
            report?
        }
    };
    progress.finish_and_clear();
    if json {
        print_json(&report)?;
    } else {
        show(&report);
    }
    let all_well = report.rejected.products == 0;
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(SOME_REJECTED) })
}

fn file_size(file: &Path) -> anyhow::Result<u64> {
    let open = || format!("the file {} cannot be read", file.display());
    let metadata = std::fs::metadata(file).with_context(open)?;
    if metadata.is_dir() {
        bail!("{} is a folder: name a CSV file", file.display());
    }
    Ok(metadata.len())
}

/// A bar on a terminal; elsewhere it draws nothing, and the report says it all.
fn progress_bar(bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        print_note(&format!("importing {bytes} bytes"));
    }
    let bar = ProgressBar::new(bytes);
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {eta} {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Hands the file to the server, and says where it tells how far it is.
pub(crate) async fn in_background(
    global: &GlobalArgs,
    file: &Path,
    target: &Target,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let bytes = file_size(file)?;
    let Some(server) = target.server(&global.load()?).await? else {
        bail!(
            "no server runs on this data folder: start it with `czo serve`, or name one with `--server`"
        );
    };
    let progress = progress_bar(bytes);
    let response = send(&server, file, bytes, &progress, true).await?;
    progress.finish_and_clear();
    let import: Import = response.json().await.context("the server imports in no background")?;
    if json {
        print_json(&import)?;
    } else {
        print(&server.address(&format!("/api/catalog/imports/{}", import.id)));
        print_note(&format!("job {} imports {bytes} bytes", import.job_id));
    }
    Ok(ExitCode::SUCCESS)
}

/// Through the server, so that its subscribers hear of the events.
async fn upload(
    server: &ServerClient,
    file: &Path,
    bytes: u64,
    progress: &ProgressBar,
) -> anyhow::Result<ImportReport> {
    Ok(send(server, file, bytes, progress, false).await?.json().await?)
}

async fn send(
    server: &ServerClient,
    file: &Path,
    bytes: u64,
    progress: &ProgressBar,
    is_later: bool,
) -> anyhow::Result<Response> {
    let reader = tokio::fs::File::open(file)
        .await
        .with_context(|| format!("the file {} cannot be read", file.display()))?;
    let body = ReaderStream::new(progress.wrap_async_read(reader));
    let mut request = server
        .post("/api/catalog/import")
        .header("Content-Type", "text/csv")
        .header("Content-Length", bytes);
    if is_later {
        request = request.header("Prefer", "respond-async");
    }
    let response = request.body(reqwest::Body::wrap_stream(body)).send().await;
    server.accepted(response.context("the upload to the server was cut off")?).await
}

/// Directly on the database.
async fn import(
    application: &Application,
    file: &Path,
    target: &Target,
    progress: &ProgressBar,
) -> anyhow::Result<ImportReport> {
    let shop = shop(application, target).await?;
    let ctx = RequestContext::system(&SystemIds).for_shop(shop);
    let input = progress.wrap_read(
        File::open(file).with_context(|| format!("the file {} cannot be read", file.display()))?,
    );
    let products = Products::new(application.context());
    let report = products
        .import(&ctx, input, |report| {
            progress.set_message(format!("{} rows", report.rows()));
        })
        .await?;
    Ok(report)
}

/// Says that nobody has heard of what was written, where that is so.
async fn say_what_waits(application: &Application) {
    // Best effort: it is no reason for the import to fail.
    let Ok(status) = application.outbox().status().await else { return };
    if status.waiting > 0 && status.relays == 0 {
        print_note(&format!("{} events wait in the outbox until a server runs", status.waiting));
    }
}

/// The shop asked for, or the only one.
pub(crate) async fn shop(application: &Application, target: &Target) -> anyhow::Result<ShopId> {
    let shops = application.shops();
    if let Some(id) = target.shop {
        let found = shops.find(id).await?;
        return found.map(|shop| shop.id).with_context(|| {
            format!("there is no shop {id}; `czo shops list` shows what there is")
        });
    }
    let only = shops.only_shop().await?;
    only.map(|shop| shop.id).context(
        "name the shop with `--shop`: `czo shops list` shows what there is, `czo shops create` opens one",
    )
}

fn show(report: &ImportReport) {
    let line = |what: &str, Tally { products, rows }: Tally| {
        print(&format!("{what:<9} {products:>7} products  {rows:>8} rows"));
    };
    line("created", report.created);
    line("updated", report.updated);
    line("skipped", report.skipped);
    line("rejected", report.rejected);
    if !report.ignored_columns.is_empty() {
        print(&format!(
            "not imported, though they hold values: {}",
            report.ignored_columns.join(", ")
        ));
    }
    for rejected in report.errors.iter().take(SHOWN_ERRORS) {
        let handle = rejected.handle.as_deref().unwrap_or("?");
        print_note(&format!("{handle}: {}", rejected.error));
    }
    let shown = report.errors.len().min(SHOWN_ERRORS);
    let more = report.errors.len() - shown;
    let more = u64::try_from(more).unwrap_or(u64::MAX).saturating_add(report.more_errors);
    if more > 0 {
        print_note(&format!("… and {more} more errors; --json shows up to 1,000"));
    }
}
