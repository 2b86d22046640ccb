//! `events`

use anyhow::Context;
use clap::Subcommand;
use czo_core::EventType;

use super::output::{print_json, print_table};
use crate::Czo;

/// Show the events that this program publishes.
#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// List them
    List {
        /// Print JSON, with the schemas
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of an event's data
    Schema {
        /// The type, such as `product.item.created`
        event_type: EventType,
    },
}

impl EventsCommand {
    pub(super) fn execute(&self, czo: &Czo) -> anyhow::Result<()> {
        let catalogue = czo.event_catalogue()?;
        match self {
            Self::List { json: true } => print_json(&catalogue.iter().collect::<Vec<_>>()),
            Self::List { json: false } => {
                let rows: Vec<_> = catalogue
                    .iter()
                    .map(|event| {
                        [
                            event.event_type.to_string(),
                            event.version.to_string(),
                            event.producer.clone(),
                            event.summary.clone().unwrap_or_default(),
                        ]
                    })
                    .collect();
                print_table(["TYPE", "VERSION", "PRODUCER", "WHAT HAPPENED"], &rows);
                Ok(())
            }
            Self::Schema { event_type } => {
                let event = catalogue.latest(event_type).with_context(|| {
                    format!(
                        "there is no event `{event_type}`; `czo events list` shows what there is"
                    )
                })?;
                print_json(&event.schema)
            }
        }
    }
}
