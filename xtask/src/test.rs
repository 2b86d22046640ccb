//! `cargo xtask test`: every test of the workspace, with the services it needs.

use std::env;
use std::process::Stdio;

use anyhow::Result;
use clap::Args;

use crate::infra::{self, Environment};
use crate::modules;
use crate::process;
use crate::steps::Steps;
use crate::tools;
use crate::workspace::Workspace;

/// Run every test: unit, integration, end to end and documentation.
///
/// The services that the tests need are brought up first, and the example modules are built. Then
/// cargo-nextest runs the tests, and cargo the documentation tests.
///
/// The services stay up for the next run; `cargo xtask infra down` stops what was started.
#[derive(Args, Debug)]
pub(crate) struct TestArgs {
    /// Only tests whose name contains this
    pub(crate) filter: Option<String>,
    /// Arguments for cargo-nextest
    #[arg(last = true, value_name = "NEXTEST ARGS")]
    pub(crate) nextest: Vec<String>,
}

/// Runs the tests; the documentation tests run even if others failed.
pub(crate) fn run(workspace: &Workspace, args: &TestArgs) -> Result<()> {
    let mut steps = Steps::new(4);
    let mut environment = None;
    steps.run("infra", || {
        environment = Some(infra::up(workspace)?);
        Ok(())
    });
    steps.run("modules", || modules::build(workspace));
    if let Some(environment) = &environment {
        steps.run("tests", || tests(workspace, args, environment));
        steps.run("doc tests", || doc_tests(workspace, args, environment));
    }
    steps.finish()
}

fn tests(workspace: &Workspace, args: &TestArgs, environment: &Environment) -> Result<()> {
    let mut nextest = tools::NEXTEST.command(workspace)?;
    nextest.args(["run", "--workspace", "--all-features"]);
    if in_ci(env::var("CI").ok().as_deref()) {
        nextest.args(["--profile", "ci"]);
    }
    nextest.args(&args.filter).args(&args.nextest);
    nextest.env(modules::VARIABLE, modules::folder(workspace));
    process::run(nextest.envs(environment.variables()).stdin(Stdio::null()))
}

fn doc_tests(workspace: &Workspace, args: &TestArgs, environment: &Environment) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--doc", "--workspace", "--all-features"]).args(&args.filter);
    process::run(cargo.envs(environment.variables()).stdin(Stdio::null()))
}

fn in_ci(variable: Option<&str>) -> bool {
    variable == Some("true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ci_profile_is_for_ci_only() {
        assert!(in_ci(Some("true")));
        assert!(!in_ci(Some("false")));
        assert!(!in_ci(None));
    }
}
