//! What modules cost: `cargo bench --package czo-modules --bench modules -- [--quick]`.
//!
//! Components of `examples/modules`, in an engine with a pool, on one thread. A figure is the median.
//! Standard output holds lines `figure <name> <value>` and nothing else.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures and progress are printed")]

#[path = "../../tests/sandbox/host.rs"]
#[expect(dead_code, reason = "the tests ask what the host was asked for")]
mod host;
mod subject;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Parser;
use czo_modules::Cause;

use self::host::TestHost;
use self::subject::Subject;

/// How often the component asks for the time in one event.
const HOST_CALLS: u32 = 1_000;

/// Measures calls of a module and from it, and how soon one is enabled.
#[derive(Debug, Parser)]
struct Options {
    /// Less exact, but in under a minute
    #[arg(long)]
    quick: bool,
    /// What cargo says to benchmarks. `cargo test --all-targets` starts them too, without it, and
    /// means no measurement
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if !options.bench {
        eprintln!("nothing measured: `cargo xtask bench modules` does");
        return ExitCode::SUCCESS;
    }
    match all(if options.quick { 2_000 } else { 20_000 }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn all(events: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        measure_calls(&Subject::new("probe", folder.path())?, events).await?;
        measure_enabling(&Subject::new("hostile", folder.path())?, events / 100).await
    })
}

async fn measure_calls(subject: &Subject, events: usize) -> Result<()> {
    let engine = subject.engine()?;
    eprintln!("an event, each in an instance of its own; pool: {}", engine.is_pooling());
    let host = TestHost::new();
    let sandbox = subject.enabled(&engine, &host).await?;
    let (cheap, busy) = (subject::event(0)?, subject::event(HOST_CALLS)?);
    let fresh = median(events, async || sandbox.on_event(&cheap).await).await?;
    figure("modules_event_fresh_us", micros(fresh));

    eprintln!("calls of the server, warm");
    let asking = median(events / 20, async || sandbox.on_event(&busy).await).await?;
    figure("modules_host_call_us", micros(asking.saturating_sub(fresh)) / f64::from(HOST_CALLS));

    eprintln!("an event in an instance that is kept");
    let sandbox = subject.keeping_instance().enabled(&engine, &host).await?;
    let kept = median(events, async || sandbox.on_event(&cheap).await).await?;
    figure("modules_event_kept_us", micros(kept));
    Ok(())
}

async fn measure_enabling(subject: &Subject, times: usize) -> Result<()> {
    let began = Instant::now();
    subject.enabled(&subject.engine()?, &TestHost::new()).await?;
    figure("modules_enable_cold_ms", micros(began.elapsed()) / 1e3);

    eprintln!("from machine code on disk to the end of `init`");
    let (engine, host) = (subject.engine()?, TestHost::new());
    let enable = median(times, async || {
        let sandbox = subject.enabled(&engine, &host).await?;
        sandbox.init(Cause::Enabled, subject::context()).await.map_err(anyhow::Error::from)
    });
    figure("modules_enable_ms", micros(enable.await?) / 1e3);
    Ok(())
}

/// How long `work` takes, most of the time.
async fn median<E>(
    times: usize,
    mut work: impl AsyncFnMut() -> Result<(), E>,
) -> Result<Duration, E> {
    let mut took = Vec::with_capacity(times);
    for _ in 0..times.max(1) {
        let began = Instant::now();
        work().await?;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    Ok(took[took.len() / 2])
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}
