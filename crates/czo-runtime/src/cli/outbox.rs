//! `outbox`

use anyhow::bail;
use clap::{ArgGroup, Args, Subcommand};
use czo_core::{EventId, EventType};
use czo_outbox::{Outbox, OutboxStatus, ParkedFilter};
use serde_json::json;

use super::confirm::confirm;
use super::output::{how_many, one_line, print, print_json, print_note, print_table};
use crate::Application;

/// Look at the events that wait for the bus, and at those that could not be published.
#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// Show how many events wait, since when, and how many were put aside
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the events that could not be published, with the reason, oldest first
    List {
        #[command(flatten)]
        which: Which,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Print JSON, with the events themselves
        #[arg(long)]
        json: bool,
    },
    /// Have events published after all that could not be
    Retry(Meant),
    /// Throw events away that could not be published; they are lost
    Purge {
        #[command(flatten)]
        meant: Meant,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Which of the events that could not be published: those of which all that is said is true.
#[derive(Debug, Args)]
pub struct Which {
    /// Only this event
    #[arg(long, value_name = "ID")]
    event: Option<EventId>,
    /// Only events of this type
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<EventType>,
    /// Only events whose error contains this text
    #[arg(long, value_name = "TEXT")]
    error: Option<String>,
}

/// The same, said out loud.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("meant").args(["event", "event_type", "error", "all"]).required(true).multiple(true))]
pub struct Meant {
    #[command(flatten)]
    which: Which,
    /// All of them
    #[arg(long, conflicts_with_all = ["event", "event_type", "error"])]
    all: bool,
}

impl OutboxCommand {
    pub(super) async fn execute(self, application: &Application) -> anyhow::Result<()> {
        let outbox = application.outbox();
        match self {
            Self::Status { json } => status(outbox, json).await,
            Self::List { which, limit, json } => list(outbox, which.filter(), limit, json).await,
            Self::Retry(meant) => {
                let moved = outbox.parked().retry(&meant.which.filter()).await?;
                meant.check(moved)?;
                print(&format!("{} on the way again", how_many(moved, "event")));
                Ok(())
            }
            Self::Purge { meant, yes } => {
                let filter = meant.which.filter();
                let number = outbox.parked().count(&filter).await?;
                meant.check(number)?;
                let question = format!("Throw {} away for ever?", how_many(number, "event"));
                confirm(yes, &question)?;
                let gone = outbox.parked().purge(&filter).await?;
                print(&format!("{} thrown away", how_many(gone, "event")));
                Ok(())
            }
        }
    }
}

impl Which {
    fn filter(&self) -> ParkedFilter {
        let mut filter = ParkedFilter::all();
        filter.event = self.event;
        filter.event_type.clone_from(&self.event_type);
        filter.error.clone_from(&self.error);
        filter
    }
}

impl Meant {
    /// Refuses to do nothing when something was named.
    fn check(&self, number: u64) -> anyhow::Result<()> {
        if number == 0 && !self.all {
            bail!("no such event is parked; `outbox list` shows what there is");
        }
        Ok(())
    }
}

async fn status(outbox: &Outbox, json: bool) -> anyhow::Result<()> {
    let status = outbox.status().await?;
    let OutboxStatus { waiting, oldest, parked, logged, relays, .. } = status;
    let age = status.oldest_age(outbox.database().now());
    if json {
        return print_json(&json!({
            "waiting": waiting,
            "oldest": oldest,
            "oldestAgeSeconds": oldest.map(|_| age.as_secs_f64()),
            "parked": parked,
            "logged": logged,
            "relays": relays,
        }));
    }
    let since = match oldest {
        Some(oldest) => {
            format!(", the oldest since {} ({} s)", oldest.format("%F %T UTC"), age.as_secs())
        }
        None => String::new(),
    };
    print(&format!("waiting  {}{since}", how_many(waiting, "event")));
    print(&format!("parked   {}", how_many(parked, "event")));
    print(&format!("logged   {}", how_many(logged, "event")));
    print(&format!("relays   {relays}"));
    Ok(())
}

async fn list(outbox: &Outbox, filter: ParkedFilter, limit: u32, json: bool) -> anyhow::Result<()> {
    let parked = outbox.parked().list(&filter, limit).await?;
    if json {
        return print_json(&parked);
    }
    if parked.is_empty() {
        print("no event is parked");
        return Ok(());
    }
    let rows: Vec<_> = parked
        .into_iter()
        .map(|event| {
            // What an error says may have several lines.
            let error = one_line(&event.error);
            let at = event.parked_at.format("%Y-%m-%d %H:%M").to_string();
            [event.event_id.to_string(), event.event_type, at, event.attempts.to_string(), error]
        })
        .collect();
    print_table(["EVENT", "TYPE", "PARKED (UTC)", "ATTEMPTS", "ERROR"], &rows);
    let all = outbox.parked().count(&filter).await?;
    let shown = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    if all > shown {
        print_note(&format!("… and {} more; --limit shows more", all - shown));
    }
    Ok(())
}
