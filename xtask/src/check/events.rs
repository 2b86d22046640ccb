//! What holds for events: no domain goes around the types, the program lists all that domains
//! have, and no version of an event changes so that those who know it can't read it.

mod code;
mod compatibility;
mod direct;
mod listed;
mod snapshots;

use std::process::Stdio;

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
    // With the tests that start it, as they are built before: alone, its dependencies would be
    // compiled once more, with other features.
    let mut build = workspace.cargo();
    build.args(["build", "--quiet", "--workspace", "--all-features", "--test", "e2e"]);
    process::run(build.stdin(Stdio::null()))?;
    let mut czo = workspace.command(workspace.target().join("debug/czo"));
    Listing::parse(&process::read(czo.args(["events", "list", "--json"]))?)
}
