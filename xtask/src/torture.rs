//! `cargo xtask torture`: what is promised, under attack.

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;

use crate::process;
use crate::terminal;
use crate::workspace::Workspace;

/// Kill, freeze and crash what takes part in one area, and show that its promises hold.
///
/// It starts its own processes and services on free ports and kills only those. At the end it
/// prints a ledger, and lines `figure <name> <value>` on standard output; it fails when something
/// that must not happen did.
#[derive(Args, Debug)]
pub(crate) struct TortureArgs {
    /// The area; `--list` shows them
    #[arg(required_unless_present = "list")]
    area: Option<String>,
    /// For how long; parts of a minute are allowed
    #[arg(long, default_value_t = 3.0)]
    minutes: f64,
    /// Do again what a run before did to whom; a run prints its seed
    #[arg(long)]
    seed: Option<u64>,
    /// List the areas instead of running one
    #[arg(long, conflicts_with_all = ["area", "seed"])]
    list: bool,
    /// Print the list as JSON
    #[arg(long, requires = "list")]
    json: bool,
}

#[derive(Debug)]
struct Area {
    name: &'static str,
    package: &'static str,
    example: &'static str,
    about: &'static str,
}

const AREAS: &[Area] = &[
    Area {
        name: "bus",
        package: "czo-eventbus-amqp",
        example: "bus-torture",
        about: "RabbitMQ, networks, queues and consumers are harmed: confirmed, handled, lost",
    },
    Area {
        name: "cache",
        package: "czo-cache",
        example: "cache-torture",
        about: "Redis is frozen, killed, emptied and slowed: reads, worst latency, worst staleness",
    },
    Area {
        name: "outbox",
        package: "czo-outbox",
        example: "outbox-torture",
        about: "relays, writers and consumers are killed, PostgreSQL crashes: sent, arrived, lost",
    },
    Area {
        name: "webhooks",
        package: "czo-apps",
        example: "webhooks-torture",
        about: "dispatchers and writers are killed, receivers are bad: due, delivered, lost",
    },
];

/// Lists the areas or runs one.
pub(crate) fn run(workspace: &Workspace, args: &TortureArgs) -> Result<()> {
    if args.list {
        return list(args.json);
    }
    let area = area(args.area.as_deref().context("name an area; `--list` shows them")?)?;
    if !(args.minutes.is_finite() && args.minutes > 0.0) {
        bail!("`--minutes` is more than 0, such as 3 or 0.5");
    }
    let mut cargo = workspace.cargo();
    // Some providers are behind a feature.
    cargo.args([
        "run",
        "--package",
        area.package,
        "--all-features",
        "--example",
        area.example,
        "--",
    ]);
    cargo.arg("--minutes").arg(args.minutes.to_string());
    if let Some(seed) = args.seed {
        cargo.arg("--seed").arg(seed.to_string());
    }
    process::run(&mut cargo)
}

fn area(name: &str) -> Result<&'static Area> {
    let Some(area) = AREAS.iter().find(|area| area.name == name) else {
        let known: Vec<&str> = AREAS.iter().map(|area| area.name).collect();
        bail!("nothing to torture is named `{name}`; known areas: {}", known.join(", "));
    };
    Ok(area)
}

fn list(as_json: bool) -> Result<()> {
    if as_json {
        let areas: Vec<_> = AREAS
            .iter()
            .map(|area| {
                let Area { name, package, example, about } = area;
                json!({ "area": name, "package": package, "example": example, "about": about })
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
        let error = area("outbx").unwrap_err().to_string();
        assert!(
            error.contains("`outbx`")
                && error.contains("known areas: bus, cache, outbox, webhooks"),
            "{error}"
        );
    }
}
