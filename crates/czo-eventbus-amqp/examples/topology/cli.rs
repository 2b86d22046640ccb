//! The commands, for the main program and for its tests.

mod broker;
mod hold;
mod management;
mod mover;
mod rebuild;
mod tool;

use std::fmt;
use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser};
use czo_eventbus_amqp::{Definitions, Difference, Names, Topology};

pub(crate) use self::tool::Tool;

/// The exit status of a plan that is not empty.
const DIFFERS: u8 = 2;

/// Is told each step. Its error ends the work there.
pub(crate) type Report<'a> = &'a (dyn Fn(Step<'_>) -> Result<()> + Sync);

/// What happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    /// This.
    Done(&'a str),
    /// So many messages in all went to this exchange.
    Moved(usize, &'a str),
}

/// The topology of the whole system and a live broker.
#[derive(Debug, Parser)]
#[command(name = "topology")]
pub(crate) enum Command {
    /// Show the difference; the exit status is 2 if there is one
    Plan {
        #[command(flatten)]
        what: What,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make it so
    Apply {
        #[command(flatten)]
        what: What,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Print it as definitions that RabbitMQ imports
    Export {
        #[command(flatten)]
        what: What,
        /// The virtual host
        #[arg(long, default_value = "/")]
        vhost: String,
        /// Write it to this file
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct What {
    /// What all names begin with
    #[arg(long, default_value = "")]
    prefix: String,
}

/// Where the broker is.
#[derive(Clone)]
pub(crate) struct Place {
    /// The URL of AMQP.
    pub(crate) amqp: String,
    /// The URL of the management API, where it is not at its usual place.
    pub(crate) management: Option<String>,
}

/// Runs a command; returns the exit status.
pub(crate) async fn run(
    command: &Command,
    place: Option<&Place>,
    out: &mut dyn Write,
    report: Report<'_>,
) -> Result<u8> {
    match command {
        Command::Plan { what, json } => {
            let (_, difference) = what.tool(place)?.plan().await?;
            if *json {
                writeln!(out, "{}", serde_json::to_string_pretty(&difference)?)?;
            } else {
                show(&difference, out)?;
            }
            Ok(if difference.is_empty() { 0 } else { DIFFERS })
        }
        Command::Apply { what, yes } => {
            apply(&what.tool(place)?, *yes, out, report).await?;
            Ok(0)
        }
        Command::Export { what, vhost, out: file } => {
            let definitions = Definitions::of(&what.topology()?, vhost);
            match file {
                None => writeln!(out, "{definitions}")?,
                Some(path) => fs::write(path, format!("{definitions}\n"))
                    .with_context(|| format!("cannot write {}", path.display()))?,
            }
            Ok(0)
        }
    }
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(what) => f.write_str(what),
            Self::Moved(count, exchange) => write!(f, "  {count} messages went to {exchange}"),
        }
    }
}

impl What {
    fn topology(&self) -> Result<Topology> {
        Ok(Topology::of_the_system(&Names::prefixed(&self.prefix)?))
    }

    fn tool(&self, place: Option<&Place>) -> Result<Tool> {
        let place = place.context("nobody said where the broker is")?;
        Tool::new(self.topology()?, &place.amqp, place.management.as_deref())
    }
}

async fn apply(tool: &Tool, yes: bool, out: &mut dyn Write, report: Report<'_>) -> Result<()> {
    let (live, difference) = tool.plan().await?;
    show(&difference, out)?;
    if difference.is_empty() {
        return Ok(());
    }
    if !yes {
        confirm()?;
    }
    tool.apply(&live, &difference, report).await?;
    let (_, left) = tool.plan().await?;
    if !left.is_empty() {
        bail!("somebody else is at work on the broker; this still differs:\n{left}");
    }
    writeln!(out, "applied")?;
    Ok(())
}

fn show(difference: &Difference, out: &mut dyn Write) -> io::Result<()> {
    if !(difference.is_empty() && difference.notes.is_empty()) {
        writeln!(out, "{difference}")?;
    }
    match difference.changes.len() {
        0 => writeln!(out, "nothing differs"),
        1 => writeln!(out, "1 change"),
        count => writeln!(out, "{count} changes"),
    }
}

fn confirm() -> Result<()> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        bail!("nothing was changed: nobody is there to be asked; say `--yes`");
    }
    let mut stderr = io::stderr();
    write!(stderr, "apply? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        bail!("nothing was changed");
    }
    Ok(())
}
