//! `cargo xtask`: what cargo lacks for this workspace.
//!
//! Every command leaves the repository as it found it, except for what git ignores (`.infra/`,
//! `target/`) and the crate graph that `check --bless` rewrites. Progress goes to standard error
//! and results to standard output, so `--json` can be piped. The exit status is 0 only if all
//! that was asked for was done, and 1 if not; `topology plan` has another one for a difference.

mod bench;
mod check;
mod coverage;
mod files;
mod infra;
mod loc;
mod migrate;
mod modules;
mod process;
mod steps;
mod terminal;
mod test;
mod tools;
mod topology;
mod torture;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// What cargo lacks for czo: services for the tests, migrations, the broker's topology, tests,
/// checks, benchmarks, coverage, counts of code and the example modules.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    #[command(subcommand)]
    Infra(infra::InfraCommand),
    Migrate(migrate::MigrateArgs),
    Test(test::TestArgs),
    Check(check::CheckArgs),
    Bench(bench::BenchArgs),
    Torture(torture::TortureArgs),
    #[command(subcommand)]
    Topology(topology::TopologyCommand),
    Coverage(coverage::CoverageArgs),
    Loc(loc::LocArgs),
    Modules(modules::ModulesArgs),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            // A standard error that is gone leaves nobody to tell about it.
            let _ = answer.print();
            return if answer.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    run(cli.task).unwrap_or_else(|error| {
        terminal::error(&error);
        ExitCode::FAILURE
    })
}

fn run(task: Task) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::find()?;
    let done = match task {
        Task::Topology(command) => return topology::run(&workspace, &command),
        Task::Infra(command) => infra::run(&workspace, &command),
        Task::Migrate(args) => migrate::run(&workspace, &args),
        Task::Test(args) => test::run(&workspace, &args),
        Task::Check(args) => check::run(&workspace, &args),
        Task::Bench(args) => bench::run(&workspace, &args),
        Task::Torture(args) => torture::run(&workspace, &args),
        Task::Coverage(_) => coverage::run(&workspace),
        Task::Loc(args) => loc::run(&workspace, &args),
        Task::Modules(args) => modules::run(&workspace, &args),
    };
    done.map(|()| ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments_after_two_dashes_go_to_nextest() {
        let cli = Cli::parse_from(["xtask", "test", "catalog", "--", "--no-capture"]);
        let Task::Test(args) = cli.task else { panic!("expected the test task") };
        assert_eq!(args.filter.as_deref(), Some("catalog"));
        assert_eq!(args.nextest, ["--no-capture"]);
    }

    #[test]
    fn migrate_passes_on_what_it_does_not_know() {
        let cli = Cli::parse_from(["xtask", "migrate", "down", "--steps", "2", "--yes"]);
        let Task::Migrate(args) = cli.task else { panic!("expected the migrate task") };
        assert_eq!(args.for_czo(), ["migrate", "down", "--steps", "2", "--yes"]);
    }

    #[test]
    fn migrate_hands_the_owner_on() {
        let cli = Cli::parse_from(["xtask", "migrate", "up", "--owner", "catalog", "--json"]);
        let Task::Migrate(args) = cli.task else { panic!("expected the migrate task") };
        assert_eq!(args.for_czo(), ["migrate", "up", "--owner", "catalog", "--json"]);
    }
}
