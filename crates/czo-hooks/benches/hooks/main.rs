//! What hooks cost: `cargo bench --package czo-hooks --bench hooks -- [--quick]`.
//!
//! The same operation runs bare, at a point without hooks, at points with hooks, and, for the
//! scale of things, with six `dyn` calls written out. All take turns in one process, in short
//! rounds, so that whatever else the machine does hits them alike; a figure is the median round.
//!
//! Standard output holds lines `figure <name> <value>` and nothing else.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures and progress are printed")]

mod rounds;
mod subject;

use std::process::ExitCode;

use clap::Parser;
use metrics_exporter_prometheus::PrometheusBuilder;

use self::rounds::Rounds;
use self::subject::{Bare, Dyn, Subject};

/// Measures hooks next to the bare call.
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
        eprintln!("nothing measured: `cargo bench --package czo-hooks --bench hooks` does");
        return ExitCode::SUCCESS;
    }
    match all(if options.quick { 150 } else { 1_500 }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn all(rounds: usize) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let alone = Bare::new();
    let empty = Subject::without_hooks();
    let closures = Subject::with_closures()?;
    let async_functions = Subject::with_async_functions()?;
    let fail_open = Subject::with_fail_open_closures()?;
    let six = Dyn::six();

    eprintln!("nobody listens to the durations");
    let measured = Rounds::<6>::run(rounds, async |way, order| match way {
        0 => alone.run(order).await,
        1 => empty.run(order).await,
        2 => six.run(order).await,
        3 => closures.run(order).await,
        4 => async_functions.run(order).await,
        _ => fail_open.run(order).await,
    });
    let measured = runtime.block_on(measured)?;
    figure("hooks_bare_ns", measured.nanoseconds(0));
    figure("hooks_empty_ns", measured.more(1, 0));
    figure("hooks_six_dyn_calls_ns", measured.nanoseconds(2));
    figure("hooks_three_three_ns", measured.nanoseconds(3));
    figure("hooks_three_three_async_ns", measured.nanoseconds(4));
    figure("hooks_three_three_fail_open_ns", measured.nanoseconds(5));

    figure("hooks_empty_allocations", subject::allocations(&empty)?);
    figure("hooks_three_three_allocations", subject::allocations(&closures)?);
    figure("hooks_three_three_async_allocations", subject::allocations(&async_functions)?);

    eprintln!("a Prometheus recorder listens");
    let recorder = PrometheusBuilder::new().install_recorder()?;
    let closures = Subject::with_closures()?;
    let measured = Rounds::<3>::run(rounds / 3, async |way, order| match way {
        0 => alone.run(order).await,
        1 => empty.run(order).await,
        _ => closures.run(order).await,
    });
    let measured = runtime.block_on(measured)?;
    recorder.run_upkeep();
    figure("hooks_empty_recorded_ns", measured.more(1, 0));
    figure("hooks_three_three_recorded_ns", measured.nanoseconds(2));
    Ok(())
}

/// Prints a figure, for machines.
fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.2}");
}
