//! What holds for events: no domain goes around the types, and no version of an event changes so
//! that those who know it can't read it.

mod compatibility;
mod direct;
mod snapshots;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// What is wrong.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let mut problems = direct::check(workspace)?;
    problems.extend(snapshots::check(workspace, &listed(workspace)?)?);
    Ok(problems)
}

/// Writes the schemas, unless a change of one breaks somebody; what remains wrong.
pub(super) fn bless(workspace: &Workspace) -> Result<Vec<String>> {
    let mut problems = direct::check(workspace)?;
    problems.extend(snapshots::bless(workspace, &listed(workspace)?)?);
    Ok(problems)
}

/// What no other check sees, without building the program.
#[cfg(test)]
pub(super) fn check_sources(workspace: &Workspace) -> Result<Vec<String>> {
    direct::check(workspace)
}

/// The events, as the program lists them.
fn listed(workspace: &Workspace) -> Result<String> {
    let mut czo = workspace.cargo();
    process::read(czo.args(["run", "--quiet", "-p", "czo", "--", "events", "list", "--json"]))
}
