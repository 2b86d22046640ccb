//! What the outbox can do and what it costs: `cargo xtask bench outbox`, or without its services
//! `cargo bench --package czo-outbox --bench outbox -- [--quick]`.
//!
//! On PostgreSQL as it is delivered (`synchronous_commit = on`), which shares the machine's cores
//! with what is measured. Writers commit transactions of one row and one event each, and a relay
//! takes the events to a bus that does nothing.
//!
//! Standard output holds lines `figure <name> <value>` and nothing else.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures and progress are printed")]

mod big_table;
mod latency;
mod null_bus;
mod options;
mod place;
mod stage_cost;
mod sustained;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use self::options::Options;
use self::place::Place;

fn main() -> ExitCode {
    let options = Options::parse();
    if !options.bench {
        eprintln!("nothing measured: `cargo bench --package czo-outbox --bench outbox` does");
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(all(&options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn all(options: &Options) -> Result<()> {
    place::on_postgres(async |place| measure(&place, options).await).await
}

async fn measure(place: &Place, options: &Options) -> Result<()> {
    if options.wants("cost") {
        progress("what staging an event costs a transaction");
        let cost = stage_cost::measure(place, options).await?;
        figure("outbox_stage_cost_ratio", cost.with_event);
        figure("outbox_stage_cost_over_seaorm_ratio", cost.over_seaorm);
        figure("outbox_stage_cost_without_fsync_ratio", cost.without_fsync);
    }
    if options.wants("latency") {
        progress("from commit to bus at 1,000 a second");
        let latency = latency::measure(place, options).await?;
        figure("outbox_commit_to_publish_p50_ms", latency.p50);
        figure("outbox_commit_to_publish_p99_ms", latency.p99);
    }
    if options.wants("backlog") {
        progress("what has waited");
        figure("outbox_backlog_per_s", sustained::backlog(place, options).await?);
    }
    if options.wants("sustained") {
        progress("as many as two cores can");
        let empty = sustained::measure(place, options).await?;
        figure("outbox_events_per_s", empty.events_per_second);
        figure("outbox_commits_without_events_per_s", empty.bare_per_second);

        progress("with a million published events in the log");
        big_table::fill(place).await?;
        let full = sustained::measure(place, options).await?;
        figure("outbox_big_table_events_per_s", full.events_per_second);
        figure("outbox_big_table_ratio", full.events_per_second / empty.events_per_second);
        let latency = latency::measure(place, options).await?;
        figure("outbox_big_table_commit_to_publish_p99_ms", latency.p99);
    }
    Ok(())
}

fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}

fn progress(what: &str) {
    eprintln!("outbox: {what}");
}
