//! `cargo xtask migrate`: the migrations, through the `czo` binary that owns them.

use clap::{Args, ValueEnum};

use crate::process;
use crate::workspace::Workspace;

/// Apply, undo or show the migrations of the database that czo is configured for.
///
/// This calls `czo migrate` with the same arguments; options not listed here (such as `--yes`,
/// `--json` and `--steps`) are passed on as they are.
#[derive(Args, Debug)]
pub(crate) struct MigrateArgs {
    /// What to do
    #[arg(value_enum)]
    action: Action,
    /// Only the migrations of this owner, for example a domain
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Further arguments for `czo migrate`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    rest: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Action {
    /// Apply every migration that is not applied yet
    Up,
    /// Undo the newest migrations
    Down,
    /// List the migrations and whether each is applied
    Status,
    /// Undo everything and apply it again; all data is lost
    Fresh,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Action::Up => "up",
            Action::Down => "down",
            Action::Status => "status",
            Action::Fresh => "fresh",
        }
    }
}

impl MigrateArgs {
    /// The arguments of the `czo` binary.
    pub(crate) fn for_czo(&self) -> Vec<&str> {
        let mut arguments = vec!["migrate", self.action.name()];
        if let Some(owner) = &self.owner {
            arguments.extend(["--owner", owner]);
        }
        arguments.extend(self.rest.iter().map(String::as_str));
        arguments
    }
}

/// Runs `czo migrate`.
pub(crate) fn run(workspace: &Workspace, args: &MigrateArgs) -> anyhow::Result<()> {
    let mut czo = workspace.cargo();
    czo.args(["run", "--quiet", "--package", "czo", "--"]).args(args.for_czo());
    process::run(&mut czo)
}
