//! `cargo xtask topology`: what the whole system needs on its broker, and what is there.

use std::ffi::OsString;
use std::fmt;
use std::path::{self, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::infra;
use crate::process;
use crate::workspace::Workspace;

const PACKAGE: &str = "czo-eventbus-amqp";
const EXAMPLE: &str = "topology";

/// Compare the exchanges, queues and bindings of the whole system with those of a RabbitMQ.
///
/// What services have between them is written in czo-eventbus-amqp; a queue that only one service
/// knows is shown as a note and never touched.
#[derive(Debug, Subcommand)]
pub(crate) enum TopologyCommand {
    /// Show what differs; the exit status is 0 if nothing does, and 2 if something does
    ///
    /// An error has the exit status 1. Nothing is changed.
    Plan {
        #[command(flatten)]
        broker: Broker,
        #[command(flatten)]
        names: Names,
        /// Print the difference as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what differs, ask, and make it so without losing messages
    ///
    /// A queue with other arguments is made anew: its messages wait in a queue `<name>:moving`
    /// meanwhile and come back in their order. Nobody may listen to it then. What is published in
    /// the moment of a change may come twice (by the same message id), and may be overtaken. If it
    /// is interrupted, run it again: it goes on from there.
    Apply {
        #[command(flatten)]
        broker: Broker,
        #[command(flatten)]
        names: Names,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Print the definitions that RabbitMQ imports (`rabbitmqctl import_definitions <file>`)
    ///
    /// No broker is needed. An import makes what is missing, and neither changes nor removes
    /// anything.
    Export {
        #[command(flatten)]
        names: Names,
        /// The virtual host
        #[arg(long, default_value = "/")]
        vhost: String,
        /// Write them to this file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// Where the broker is.
#[derive(Args)]
pub(crate) struct Broker {
    /// The broker; by default CZO_TEST_AMQP_URL (of the environment, or of `.env`), or what `infra
    /// up` started, or amqp://guest:guest@127.0.0.1:5672/%2f
    #[arg(long, value_name = "amqp://USER:PASSWORD@HOST:PORT/VHOST")]
    url: Option<String>,
    /// Its management API; by default port 15672 of the same host (15671 with TLS), with the same
    /// login
    #[arg(long, value_name = "http://HOST:PORT")]
    management: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Names {
    /// What all names begin with, for several systems on one virtual host
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
}

// Both URLs may hold a password.
impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker").finish_non_exhaustive()
    }
}

/// Runs one `topology` command; returns the exit status.
pub(crate) fn run(workspace: &Workspace, command: &TopologyCommand) -> Result<ExitCode> {
    let mut build = workspace.cargo();
    process::run(build.args(["build", "--quiet", "--package", PACKAGE, "--example", EXAMPLE]))?;
    let mut tool = workspace.cargo();
    tool.args(["run", "--quiet", "--package", PACKAGE, "--example", EXAMPLE, "--"]);
    tool.args(command.arguments()?);
    if let Some(broker) = command.broker() {
        let (url, management) = broker.place(workspace)?;
        // As variables, which other users of the machine can't see.
        tool.env("CZO_TOPOLOGY_AMQP_URL", url);
        tool.env("CZO_TOPOLOGY_MANAGEMENT_URL", management.unwrap_or_default());
    }
    process::status(&mut tool)
}

impl TopologyCommand {
    /// The arguments of the program that does it.
    fn arguments(&self) -> Result<Vec<OsString>> {
        let mut arguments: Vec<OsString> = Vec::new();
        let names = match self {
            Self::Plan { names, json, .. } => {
                arguments.push("plan".into());
                arguments.extend(json.then(|| "--json".into()));
                names
            }
            Self::Apply { names, yes, .. } => {
                arguments.push("apply".into());
                arguments.extend(yes.then(|| "--yes".into()));
                names
            }
            Self::Export { names, vhost, out } => {
                arguments.extend(["export".into(), "--vhost".into(), vhost.into()]);
                if let Some(out) = out {
                    // The program runs at the root, whatever folder this was called from.
                    arguments.extend(["--out".into(), path::absolute(out)?.into()]);
                }
                names
            }
        };
        arguments.extend(["--prefix".into(), OsString::from(&names.prefix)]);
        Ok(arguments)
    }

    fn broker(&self) -> Option<&Broker> {
        match self {
            Self::Plan { broker, .. } | Self::Apply { broker, .. } => Some(broker),
            Self::Export { .. } => None,
        }
    }
}

impl Broker {
    /// The URL, and that of the management API where it is not at its usual place.
    fn place(&self, workspace: &Workspace) -> Result<(String, Option<String>)> {
        let (url, management) = match &self.url {
            Some(url) => (url.clone(), None),
            None => infra::broker(workspace)?,
        };
        Ok((url, self.management.clone().or(management)))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(subcommand)]
        command: TopologyCommand,
    }

    fn parse(line: &str) -> TopologyCommand {
        Cli::parse_from(format!("topology {line}").split(' ')).command
    }

    #[test]
    fn the_program_gets_neither_url_among_its_arguments() -> Result<()> {
        let command =
            parse("plan --url amqp://u:secret@h --management http://u:secret@h --prefix p. --json");
        assert_eq!(command.arguments()?, ["plan", "--json", "--prefix", "p."]);
        assert!(!format!("{command:?}").contains("secret"));
        Ok(())
    }

    #[test]
    fn a_file_is_where_the_caller_is() -> Result<()> {
        let arguments = parse("export --out definitions.json").arguments()?;
        let here = std::env::current_dir()?.join("definitions.json");
        assert_eq!(arguments[4], here);
        Ok(())
    }
}
