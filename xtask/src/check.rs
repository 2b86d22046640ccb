//! `cargo xtask check`: everything that has to hold before a change is taken, apart from tests.

mod asyncapi;
mod events;
mod features;
mod graph;
mod manifests;
mod private;

use std::io::{self, IsTerminal};
use std::process::Stdio;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::modules;
use crate::process;
use crate::steps::Steps;
use crate::terminal;
use crate::tools;
use crate::workspace::Workspace;

/// Check all that has to hold for a change, apart from tests.
///
/// Every check runs, also after one failed; at the end stands how long each took.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Run one check only
    #[arg(long, value_enum, value_name = "NAME")]
    only: Option<Check>,
    /// Write the crate graph to xtask/crate-graph.txt, and the schemas of events that changed
    /// without breaking anybody to services/czo/events, instead of comparing them
    #[arg(long)]
    bless: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Check {
    /// The code is formatted
    Fmt,
    /// Clippy has no warning, with all targets and features
    Clippy,
    /// The documentation builds without a warning, such as a broken link
    Docs,
    /// Licences, banned crates and sources are as deny.toml allows
    Deny,
    /// No edge between the crates is new
    Graph,
    /// Manifests, READMEs and file names follow the house rules
    Manifests,
    /// No domain publishes around the types, and no version of an event changes what it means
    Events,
    /// The AsyncAPI document of the program is one, says AsyncAPI's parser (needs Node.js)
    Asyncapi,
    /// Every crate compiles alone, with each of its features alone and with none
    Features,
    /// No tracked file names a folder of the machine it was written on
    Private,
}

impl Check {
    fn name(self) -> &'static str {
        match self {
            Check::Fmt => "fmt",
            Check::Clippy => "clippy",
            Check::Docs => "docs",
            Check::Deny => "deny",
            Check::Graph => "graph",
            Check::Manifests => "manifests",
            Check::Events => "events",
            Check::Asyncapi => "asyncapi",
            Check::Features => "features",
            Check::Private => "private",
        }
    }

    fn run(self, workspace: &Workspace, bless: bool) -> Result<()> {
        match self {
            Check::Fmt => fmt(workspace),
            Check::Clippy => clippy(workspace),
            Check::Docs => docs(workspace),
            Check::Deny => deny(workspace),
            Check::Graph if bless => graph::bless(workspace),
            Check::Graph => report(&graph::check(workspace)?),
            Check::Manifests => report(&manifests::check(workspace)?),
            Check::Events if bless => report(&events::bless(workspace)?),
            Check::Events => report(&events::check(workspace)?),
            Check::Asyncapi => asyncapi::check(workspace),
            Check::Features => features::check(workspace),
            Check::Private => report(&private::check(workspace)?),
        }
    }
}

/// Runs the checks.
pub(crate) fn run(workspace: &Workspace, args: &CheckArgs) -> Result<()> {
    let checks = args.only.map_or_else(|| Check::value_variants().to_vec(), |only| vec![only]);
    let mut steps = Steps::new(checks.len());
    for check in checks {
        steps.run(check.name(), || check.run(workspace, args.bless));
    }
    steps.finish()
}

fn fmt(workspace: &Workspace) -> Result<()> {
    // Left to itself, rustfmt colours its diff wherever TERM is set.
    let colour = if io::stdout().is_terminal() { "auto" } else { "never" };
    let arguments = ["fmt", "--all", "--check", "--", "--color", colour];
    cargo(workspace, &arguments)?;
    // The modules are a workspace of their own.
    let mut modules = workspace.cargo();
    process::run(modules.args(arguments).current_dir(modules::sources(workspace)))
}

fn clippy(workspace: &Workspace) -> Result<()> {
    let arguments =
        ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    cargo(workspace, &arguments)
}

fn docs(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["doc", "--workspace", "--no-deps", "--all-features"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .stdin(Stdio::null());
    process::run(&mut cargo)
}

fn deny(workspace: &Workspace) -> Result<()> {
    let brief = cargo_deny(workspace, &["check", "--hide-inclusion-graph"]);
    if brief.is_ok() {
        return brief;
    }
    // Warnings would bury it, but of what is refused it matters through whom it came in.
    cargo_deny(workspace, &["--log-level", "error", "check"])
}

fn cargo_deny(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let mut deny = tools::DENY.command(workspace)?;
    deny.args(arguments).args(["licenses", "bans", "sources"]).stdin(Stdio::null());
    process::run(&mut deny)
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    process::run(workspace.cargo().args(arguments).stdin(Stdio::null()))
}

fn report(problems: &[String]) -> Result<()> {
    for problem in problems {
        terminal::progress(format_args!("  {problem}"));
    }
    match problems.len() {
        0 => Ok(()),
        1 => bail!("1 problem"),
        count => bail!("{count} problems"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The quick checks run with the tests too, so that a change that breaks one is seen early.

    #[test]
    fn the_workspace_follows_its_own_rules() -> Result<()> {
        let none: [String; 0] = [];
        assert_eq!(manifests::check(&Workspace::find()?)?, none);
        Ok(())
    }

    #[test]
    fn no_domain_publishes_around_the_types() -> Result<()> {
        let none: [String; 0] = [];
        assert_eq!(events::check_sources(&Workspace::find()?)?, none);
        Ok(())
    }

    #[test]
    fn the_crate_graph_is_the_committed_one() -> Result<()> {
        let none: [String; 0] = [];
        assert_eq!(graph::check(&Workspace::find()?)?, none);
        Ok(())
    }
}
