//! `events`

mod parity;
mod replay;

use std::num::NonZeroU32;

use anyhow::Context;
use clap::Subcommand;
use czo_core::{EventDescriptor, EventType};
use serde::Serialize;

use super::output::{print, print_json, print_table};
use super::{GlobalArgs, boot_quietly, finish};
use crate::{Czo, EventConsumer, EventTopology};

/// Show the events of this program, and publish past ones once more.
#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// List them, with who publishes and who consumes them
    List {
        /// Print JSON, with the schemas
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of an event's data
    Schema {
        /// The type, such as `product.item.created`
        event_type: EventType,
        /// The version; the newest if none is named
        #[arg(long)]
        version: Option<NonZeroU32>,
    },
    /// Print the AsyncAPI 3.0.0 document of channels, messages, producers and consumers
    Asyncapi,
    /// Publish events of the log once more, for one group, with their ids and in their order
    ///
    /// All that is said must be true of an event. Handlers are idempotent by the id of an event,
    /// and what the inbox of a group has seen it does not handle, unless `--again` is said.
    Replay(replay::ReplayArgs),
    /// Show whether the broker did with the events what the bus in memory did, and may take over
    ///
    /// Of the server that runs on the same data folder, or the one that `--server` names, since it began;
    /// it gives events to both. The exit status is 1 unless the broker may take over.
    Parity(parity::ParityArgs),
}

/// Name and version of a program that did not [say them](crate::CzoBuilder::program).
const UNNAMED: (&str, &str) = ("a program made with czo", "not said");

#[derive(Serialize)]
struct Listing<'a> {
    producers: Vec<&'a EventDescriptor>,
    consumers: &'a [EventConsumer],
}

impl EventsCommand {
    /// Only `replay` and `parity` need a configuration, and `replay` the database.
    pub(super) async fn execute(&self, czo: &Czo, global: &GlobalArgs) -> anyhow::Result<()> {
        match self {
            Self::List { json } => list(&czo.event_topology().await?, *json),
            Self::Schema { event_type, version } => {
                let catalogue = czo.event_catalogue()?;
                let event = match version {
                    Some(version) => catalogue.get(event_type, *version),
                    None => catalogue.latest(event_type),
                };
                let event = event.with_context(|| {
                    let version = version.map(|version| format!(" version {version}"));
                    let version = version.unwrap_or_default();
                    format!("there is no event `{event_type}`{version}; `events list` shows what there is")
                })?;
                print_json(&event.schema)
            }
            Self::Asyncapi => {
                let topology = czo.event_topology().await?;
                let (name, version) = program(czo);
                print_json(&topology.asyncapi(name, version))
            }
            Self::Replay(args) => {
                let application = boot_quietly(czo, global).await?;
                let outcome = args.execute(&application).await;
                finish(application).await;
                outcome
            }
            Self::Parity(args) => args.execute(&global.load()?).await,
        }
    }
}

fn program(czo: &Czo) -> (&str, &str) {
    czo.program.as_ref().map_or(UNNAMED, |(name, version)| (name, version))
}

fn list(topology: &EventTopology, json: bool) -> anyhow::Result<()> {
    let EventTopology { catalogue, consumers } = topology;
    if json {
        return print_json(&Listing { producers: catalogue.iter().collect(), consumers });
    }
    let producers: Vec<_> = catalogue
        .iter()
        .map(|event| {
            let elsewhere = if event.external { " (elsewhere)" } else { "" };
            [
                event.event_type.to_string(),
                event.version.to_string(),
                format!("{}{elsewhere}", event.producer),
                event.summary.clone().unwrap_or_default(),
            ]
        })
        .collect();
    print_table(["TYPE", "VERSION", "PRODUCER", "WHAT HAPPENED"], &producers);
    print("");
    let consumers: Vec<_> = consumers
        .iter()
        .map(|consumer| {
            [consumer.pattern.to_string(), consumer.group.to_string(), consumer.consumer.clone()]
        })
        .collect();
    print_table(["PATTERN", "GROUP", "CONSUMER"], &consumers);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_the_name_and_version_of_the_program_and_of_nothing_else() {
        let said = Czo::builder().program("harbour", "4.5.6").build().unwrap();
        assert_eq!(program(&said), ("harbour", "4.5.6"));
        assert_eq!(program(&Czo::builder().build().unwrap()), UNNAMED);
    }
}
