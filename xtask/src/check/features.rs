//! Every crate compiles alone, with each of its features alone and with none.
//!
//! In a build of the whole workspace cargo unites the features of all crates, which hides that one
//! of them forgot to ask for something.

use std::process::Stdio;

use anyhow::{Result, bail};
use cargo_metadata::Metadata;

use crate::process;
use crate::terminal;
use crate::workspace::Workspace;

/// Compiles every combination, also after one failed.
pub(super) fn check(workspace: &Workspace) -> Result<()> {
    let members = members(&workspace.metadata()?);
    let plan = plan(&members);
    let mut failed = Vec::new();
    for arguments in &plan {
        terminal::progress(format_args!("  cargo check {}", arguments.join(" ")));
        let mut cargo = workspace.cargo();
        cargo.args(["check", "--quiet"]).args(arguments).stdin(Stdio::null());
        if process::run(&mut cargo).is_err() {
            failed.push(format!("`cargo check {}`", arguments.join(" ")));
        }
    }
    if !failed.is_empty() {
        bail!("{} of {} failed: {}", failed.len(), plan.len(), failed.join(", "));
    }
    Ok(())
}

/// A crate and its features.
struct Member {
    name: String,
    features: Vec<String>,
}

fn members(metadata: &Metadata) -> Vec<Member> {
    metadata
        .packages
        .iter()
        .map(|package| Member {
            name: package.name.to_string(),
            features: package.features.keys().cloned().collect(),
        })
        .collect()
}

/// The arguments of each `cargo check`.
fn plan(members: &[Member]) -> Vec<Vec<&str>> {
    let mut plan = Vec::new();
    for member in members {
        let package = ["--package", &member.name];
        if member.features.is_empty() {
            plan.push(package.to_vec());
            continue;
        }
        let bare = [package.as_slice(), &["--no-default-features"]].concat();
        plan.push(bare.clone());
        for feature in &member.features {
            plan.push([bare.as_slice(), &["--features", feature]].concat());
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(features: &[&str]) -> Vec<String> {
        let features = features.iter().map(|feature| (*feature).to_owned()).collect();
        let members = [Member { name: "czo-x".into(), features }];
        plan(&members).iter().map(|arguments| arguments.join(" ")).collect()
    }

    #[test]
    fn a_crate_without_features_is_compiled_once() {
        assert_eq!(planned(&[]), ["--package czo-x"]);
    }

    #[test]
    fn a_crate_is_compiled_with_none_and_each_of_its_features() {
        assert_eq!(
            planned(&["default", "sqlite"]),
            [
                "--package czo-x --no-default-features",
                "--package czo-x --no-default-features --features default",
                "--package czo-x --no-default-features --features sqlite",
            ]
        );
    }
}
