//! The topology of the whole system and a live broker: `cargo xtask topology plan|apply|export`.
//!
//! Where the broker is, is in the environment, as it holds passwords: `CZO_TOPOLOGY_AMQP_URL`, and
//! `CZO_TOPOLOGY_MANAGEMENT_URL` where its management API is not at its usual place.

#![expect(clippy::print_stderr, reason = "progress is printed")]

#[path = "cli.rs"]
mod cli;

use std::env;
use std::io;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Parser;

use self::cli::{Command, Place, Step, run};

/// How often a person wants to read how many messages were moved.
const BETWEEN_COUNTS: Duration = Duration::from_secs(1);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let command = Command::parse();
    let setting = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let place = setting("CZO_TOPOLOGY_AMQP_URL")
        .map(|amqp| Place { amqp, management: setting("CZO_TOPOLOGY_MANAGEMENT_URL") });
    let last = Mutex::new(Instant::now());
    let report = |step: Step<'_>| {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        // There is one for every few messages.
        if !matches!(step, Step::Moved(..)) || last.elapsed() > BETWEEN_COUNTS {
            *last = Instant::now();
            eprintln!("{step}");
        }
        Ok(())
    };
    match run(&command, place.as_ref(), &mut io::stdout(), &report).await {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
