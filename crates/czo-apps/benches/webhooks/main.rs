//! What deliveries of webhooks can do: `cargo xtask bench webhooks`, or without its services
//! `cargo bench --package czo-apps --bench webhooks -- [--quick]`.
//!
//! On PostgreSQL as it is delivered (`synchronous_commit = on` for who publishes). Writers and
//! dispatcher are this process, the receiver is another, which answers 204 and notes what came
//! when; all of them and the database share the machine's cores.
//!
//! Standard output holds lines `figure <name> <value>` and nothing else.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures and progress are printed")]

mod bare;
mod isolation;
mod latency;
mod options;
mod place;
mod receiver;
mod steady;
mod sustained;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use czo_testkit::torture::perform;

use self::options::Options;
use self::place::Place;
use self::receiver::Receiver;
use self::steady::percentile;

fn main() -> ExitCode {
    let played = perform(async |part, dismissed| {
        tokio::select! {
            outcome = receiver::receive(part) => outcome,
            _ = dismissed => Ok(()),
        }
    });
    if let Some(played) = played {
        return played;
    }
    let options = Options::parse();
    if !options.bench {
        eprintln!("nothing measured: `cargo bench --package czo-apps --bench webhooks` does");
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
    let mut receiver = Receiver::start().await?;
    if options.wants("latency") {
        for (fan_out, suffix) in [(1, ""), (10, "_fan10")] {
            progress(&format!("from commit to request at 200 a second, {fan_out} of each event"));
            let times = latency::measure(place, &mut receiver, options, fan_out).await?;
            for percent in [50, 95, 99] {
                let name = format!("webhooks_commit_to_request_p{percent}_ms{suffix}");
                figure(&name, percentile(&times, percent));
            }
        }
    }
    if options.wants("sustained") {
        progress("as many as two cores can");
        let sustained = sustained::measure(place, &mut receiver, options).await?;
        figure("webhooks_per_s", sustained.per_second);
        figure("webhooks_fresh_per_s", sustained.fresh_per_second);
        figure("webhooks_bare_per_s", sustained.bare_per_second);
        let ratio = sustained.per_second / sustained.bare_per_second;
        figure("webhooks_per_s_over_bare_ratio", ratio);
    }
    if options.wants("isolation") {
        progress("beside a dead receiver and one that takes ten seconds");
        let isolation = isolation::measure(place, &mut receiver, options).await?;
        figure("webhooks_alone_p95_ms", isolation.alone);
        figure("webhooks_beside_good_p95_ms", isolation.beside_good);
        figure("webhooks_beside_bad_p95_ms", isolation.beside_bad);
        figure("webhooks_isolation_ratio", isolation.beside_bad / isolation.alone);
    }
    Ok(())
}

fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}

fn progress(what: &str) {
    eprintln!("webhooks: {what}");
}
