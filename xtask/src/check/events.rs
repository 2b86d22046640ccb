//! What holds for events: no domain goes around the types, the program lists all that domains
//! have, and no version of an event changes so that those who know it can't read it.

mod code;
mod compatibility;
mod direct;
mod listed;
mod snapshots;

use anyhow::Result;

use self::snapshots::Listing;
use crate::process;
use crate::workspace::Workspace;

/// What is wrong.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let mut problems = direct::check(workspace)?;
    let listing = listing(workspace)?;
    problems.extend(listed::check(workspace, &listing)?);
    problems.extend(snapshots::check(workspace, &listing)?);
    Ok(problems)
}

/// Writes the schemas, unless a change of one breaks somebody; what remains wrong.
pub(super) fn bless(workspace: &Workspace) -> Result<Vec<String>> {
    let mut problems = direct::check(workspace)?;
    let listing = listing(workspace)?;
    problems.extend(listed::check(workspace, &listing)?);
    problems.extend(snapshots::bless(workspace, &listing)?);
    Ok(problems)
}

/// What no other check sees, without building the program.
#[cfg(test)]
pub(super) fn check_sources(workspace: &Workspace) -> Result<Vec<String>> {
    direct::check(workspace)
}

/// The events, as the program lists them.
fn listing(workspace: &Workspace) -> Result<Listing> {
    let mut czo = workspace.cargo();
    let list = ["run", "--quiet", "-p", "czo", "--", "events", "list", "--json"];
    Listing::parse(&process::read(czo.args(list))?)
}
