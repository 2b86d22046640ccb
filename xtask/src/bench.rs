//! `cargo xtask bench`: the benchmarks, by area.

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;

use crate::infra;
use crate::modules;
use crate::process;
use crate::terminal;
use crate::workspace::Workspace;

/// Run the benchmarks of one area and print its figures.
///
/// The services that the benchmarks need are brought up first.
///
/// A benchmark prints its results as lines `figure <name> <value>` on standard output; nothing
/// else of xtask goes there.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// The area to measure; `--list` shows them
    #[arg(required_unless_present = "list")]
    area: Option<String>,
    /// Less exact, but every figure in under a minute once built
    #[arg(long)]
    quick: bool,
    /// List the areas instead of running one
    #[arg(long, conflicts_with_all = ["area", "quick"])]
    list: bool,
    /// Print the list as JSON
    #[arg(long, requires = "list")]
    json: bool,
}

#[derive(Debug)]
struct Area {
    name: &'static str,
    /// What is run, one after the other: packages and their bench targets.
    targets: &'static [(&'static str, &'static str)],
    about: &'static str,
}

const AREAS: &[Area] = &[
    Area {
        name: "api",
        targets: &[("czo", "api")],
        about: "product pages and lists over HTTP, on both databases, next to a bare handler",
    },
    Area {
        name: "bus",
        targets: &[("czo-eventbus-amqp", "bus")],
        about: "events through RabbitMQ: how many, how soon, on both kinds of queue, next to lapin",
    },
    Area {
        name: "cache",
        targets: &[("czo-cache", "cache"), ("czo-repo", "cached")],
        about: "hits in memory, in Redis and instead of a query, next to quick_cache, moka and fred",
    },
    Area {
        name: "events",
        targets: &[("czo-events", "events"), ("czo-events", "allocations"), ("czo-hooks", "hooks")],
        about: "emitting, publishing and hooks, next to dyn calls, tokio's broadcast and hookable",
    },
    Area {
        name: "jobs",
        targets: &[("czo-jobs", "jobs")],
        about: "jobs through every queue, from enqueuing to their end, next to apalis",
    },
    Area {
        name: "modules",
        targets: &[("czo-modules", "modules")],
        about: "calls of a WebAssembly module and from it, and how soon one is enabled",
    },
    Area {
        name: "outbox",
        targets: &[("czo-outbox", "outbox")],
        about: "committed events to a null bus: how many, how soon, and what staging one costs",
    },
    Area {
        name: "repo",
        targets: &[("czo-repo", "repo")],
        about: "repositories next to bare SeaORM, on both databases",
    },
    Area {
        name: "webhooks",
        targets: &[("czo-apps", "webhooks")],
        about: "committed events to receivers: how many, how soon, beside bad ones, next to hyper",
    },
];

/// Lists the areas or runs one.
pub(crate) fn run(workspace: &Workspace, args: &BenchArgs) -> Result<()> {
    if args.list {
        return list(args.json);
    }
    let area = area(args.area.as_deref().context("name an area; `--list` shows them")?)?;
    let environment = infra::up(workspace)?;
    if area.name == "modules" {
        modules::build(workspace)?;
    }
    for (package, target) in area.targets {
        let mut cargo = workspace.cargo();
        // Some providers are behind a feature.
        cargo.args(["bench", "--package", package, "--all-features", "--bench", target, "--"]);
        if args.quick {
            cargo.arg("--quick");
        }
        cargo.env(modules::VARIABLE, modules::folder(workspace));
        process::run(cargo.envs(environment.variables()))?;
    }
    Ok(())
}

fn area(name: &str) -> Result<&'static Area> {
    let Some(area) = AREAS.iter().find(|area| area.name == name) else {
        let known: Vec<&str> = AREAS.iter().map(|area| area.name).collect();
        bail!("no benchmark area is named `{name}`; known areas: {}", known.join(", "));
    };
    Ok(area)
}

fn list(as_json: bool) -> Result<()> {
    if as_json {
        let areas: Vec<_> = AREAS
            .iter()
            .map(|area| {
                let target = |(package, bench): &_| json!({ "package": package, "bench": bench });
                let targets: Vec<_> = area.targets.iter().map(target).collect();
                json!({ "area": area.name, "targets": targets, "about": area.about })
            })
            .collect();
        terminal::result(serde_json::to_string_pretty(&areas)?)?;
    } else {
        for area in AREAS {
            terminal::result(format_args!("{:<12} {}", area.name, area.about))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_area_is_answered_with_the_known_ones() {
        let error = area("apl").unwrap_err().to_string();
        assert!(error.contains("`apl`"), "{error}");
        assert!(
            error.contains(
                "known areas: api, bus, cache, events, jobs, modules, outbox, repo, webhooks"
            ),
            "{error}"
        );
    }

    #[test]
    fn a_known_area_names_its_bench_targets() -> Result<()> {
        let known = [("api", "czo", "api"), ("events", "czo-hooks", "hooks")];
        for (name, package, bench) in known {
            assert!(area(name)?.targets.contains(&(package, bench)), "{name}");
        }
        Ok(())
    }
}
