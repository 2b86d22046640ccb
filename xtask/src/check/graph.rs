//! Which crate of the workspace knows which, compared with a committed list.
//!
//! A new edge is a decision about the architecture, so it has to show up in a review.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata};

use crate::terminal;
use crate::workspace::Workspace;

/// The committed list, from the root.
const SNAPSHOT: &str = "xtask/crate-graph.txt";
const BLESS: &str = "cargo xtask check --only graph --bless";

const HEADER: &str = "\
# Which crate of the workspace depends on which; `(dev)` is for tests, examples and benches only.
# Written by `cargo xtask check --only graph --bless`; a new line is a decision to review.
";

/// What differs from the committed list.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let graph = Graph::of(&workspace.metadata()?);
    let path = workspace.root().join(SNAPSHOT);
    let committed = fs::read_to_string(&path)
        .with_context(|| format!("cannot read {SNAPSHOT}; `{BLESS}` writes it"))?;
    Ok(graph.differences(&committed))
}

/// Writes the list.
pub(super) fn bless(workspace: &Workspace) -> Result<()> {
    let graph = Graph::of(&workspace.metadata()?);
    fs::write(workspace.root().join(SNAPSHOT), graph.to_text())
        .with_context(|| format!("cannot write {SNAPSHOT}"))?;
    terminal::progress(format_args!("wrote {} edges to {SNAPSHOT}", graph.edges.len()));
    Ok(())
}

/// The edges, each with whether it is for development only.
#[derive(Debug, Default, Eq, PartialEq)]
struct Graph {
    edges: BTreeMap<(String, String), Use>,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Use {
    Shipped,
    Dev,
}

impl Graph {
    fn of(metadata: &Metadata) -> Self {
        let members: BTreeSet<&str> =
            metadata.packages.iter().map(|package| package.name.as_str()).collect();
        let edges = metadata.packages.iter().flat_map(|package| {
            package
                .dependencies
                .iter()
                .filter(|dependency| dependency.path.is_some())
                .filter(|dependency| members.contains(dependency.name.as_str()))
                .map(|dependency| {
                    (package.name.as_str(), dependency.name.as_str(), use_of(dependency.kind))
                })
        });
        Self::from_edges(edges)
    }

    // Of two edges between the same crates the one that ships is the one that counts.
    fn from_edges<'a>(edges: impl IntoIterator<Item = (&'a str, &'a str, Use)>) -> Self {
        let mut graph = Self::default();
        for (from, to, kind) in edges {
            let known = graph.edges.entry((from.to_owned(), to.to_owned())).or_insert(kind);
            *known = kind.min(*known);
        }
        graph
    }

    fn lines(&self) -> BTreeSet<String> {
        self.edges
            .iter()
            .map(|((from, to), kind)| match kind {
                Use::Shipped => format!("{from} -> {to}"),
                Use::Dev => format!("{from} -> {to} (dev)"),
            })
            .collect()
    }

    fn to_text(&self) -> String {
        let mut text = HEADER.to_owned();
        for line in self.lines() {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    fn differences(&self, committed: &str) -> Vec<String> {
        let now = self.lines();
        let before: BTreeSet<String> = committed
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::to_owned)
            .collect();
        let new = now.difference(&before).map(|edge| {
            format!("new edge `{edge}`: if the architecture is meant to change, run `{BLESS}` and commit {SNAPSHOT}")
        });
        let gone = before
            .difference(&now)
            .map(|edge| format!("edge `{edge}` is gone: run `{BLESS}` and commit {SNAPSHOT}"));
        new.chain(gone).collect()
    }
}

fn use_of(kind: DependencyKind) -> Use {
    if kind == DependencyKind::Development { Use::Dev } else { Use::Shipped }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph() -> Graph {
        Graph::from_edges([
            ("shop", "core", Use::Dev),
            ("shop", "core", Use::Shipped),
            ("shop", "kit", Use::Shipped),
            ("core", "kit", Use::Dev),
        ])
    }

    #[test]
    fn an_unchanged_graph_has_no_differences() {
        assert_eq!(graph().differences(&graph().to_text()), [""; 0]);
    }

    #[test]
    fn an_edge_that_ships_is_not_listed_as_dev_too() {
        let lines: Vec<_> = graph().lines().into_iter().collect();
        assert_eq!(lines, ["core -> kit (dev)", "shop -> core", "shop -> kit"]);
    }

    #[test]
    fn a_new_edge_is_named_with_the_command_that_accepts_it() {
        let differences = graph().differences("core -> kit (dev)\nshop -> core\n");
        assert_eq!(differences.len(), 1);
        assert!(differences[0].contains("new edge `shop -> kit`"), "{differences:?}");
        assert!(differences[0].contains("--only graph --bless"), "{differences:?}");
    }

    #[test]
    fn a_dev_edge_that_starts_to_ship_is_new() {
        let committed = graph().to_text().replace("shop -> core", "shop -> core (dev)");
        let differences = graph().differences(&committed);
        assert!(differences[0].contains("new edge `shop -> core`"), "{differences:?}");
        assert!(differences[1].contains("`shop -> core (dev)` is gone"), "{differences:?}");
    }
}
