//! What the bus over RabbitMQ costs: `cargo xtask bench bus`, or where a RabbitMQ runs
//! `cargo bench --package czo-eventbus-amqp --bench bus -- [--quick]`.
//!
//! Beside bare lapin, in turns in one process, over the same queue; a figure is the median round. The
//! broker shares the machine's cores with what is measured. Bare lapin publishes the same message:
//! 288 bytes of JSON with the ids and headers that the bus gives it, mandatory. What it costs the
//! broker to have those is in `bus_publish_*_over_plain_ratio`, which compares with the same JSON and
//! nothing else.
//!
//! Standard output holds lines `figure <name> <value>` and nothing else; those of classic queues end
//! with `_classic`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures and progress are printed")]

mod bare;
mod consuming;
mod latency;
mod options;
mod place;
mod publishing;
mod rounds;
mod sequential;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use czo_eventbus_amqp::QueueKind;

use self::options::Options;
use self::place::Place;

/// That of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let options = Options::parse();
    if !options.bench {
        eprintln!("nothing measured: `cargo xtask bench bus` does");
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
    for kind in options.kinds() {
        let place = Place::new(kind).await?;
        let measured = measure(&place, options).await;
        place.leave().await?;
        measured?;
    }
    Ok(())
}

async fn measure(place: &Place, options: &Options) -> Result<()> {
    if options.wants("publish") {
        place.progress("publishing, with many on their way");
        publishing::measure(place, options).await?;
    }
    if options.wants("sequential") {
        place.progress("publishing one after the other");
        sequential::measure(place, options).await?;
    }
    if options.wants("consume") {
        place.progress("consuming");
        consuming::measure(place, options).await?;
    }
    if options.wants("e2e") {
        place.progress("from publisher to handler at 5,000 a second");
        latency::measure(place, options).await?;
    }
    Ok(())
}

impl Place {
    /// Prints a figure, for machines.
    fn figure(&self, name: &str, value: f64) {
        let kind = match self.kind {
            QueueKind::Classic => "_classic",
            _ => "",
        };
        println!("figure {name}{kind} {value:.3}");
    }

    fn progress(&self, what: &str) {
        eprintln!("bus, {:?} queue: {what}", self.kind);
    }
}
