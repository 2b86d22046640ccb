//! `outbox`

use std::time::Duration;

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
    ///
    /// Those that wait for RabbitMQ beside the bus in memory (`event_bus.dual_write`) are shown
    /// apart.
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
    /// Throw away what waits for RabbitMQ since a dual write that is over, and what it refused
    ///
    /// RabbitMQ never has these events. No server may be running that gives it events.
    Abandon {
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
    /// Of the events for RabbitMQ beside the bus in memory, not of those for the bus
    #[arg(long)]
    broker: bool,
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
            Self::List { which, limit, json } => {
                list(&which.stream(outbox), which.filter(), limit, json).await
            }
            Self::Retry(meant) => {
                let outbox = meant.which.stream(outbox);
                let moved = outbox.parked().retry(&meant.which.filter()).await?;
                meant.check(moved)?;
                print(&format!("{} on the way again", how_many(moved, "event")));
                Ok(())
            }
            Self::Purge { meant, yes } => {
                let (outbox, filter) = (meant.which.stream(outbox), meant.which.filter());
                let number = outbox.parked().count(&filter).await?;
                meant.check(number)?;
                let question = format!("Throw {} away for ever?", how_many(number, "event"));
                confirm(yes, &question)?;
                let gone = outbox.parked().purge(&filter).await?;
                print(&format!("{} thrown away", how_many(gone, "event")));
                Ok(())
            }
            Self::Abandon { yes } => abandon(application, yes).await,
        }
    }
}

impl Which {
    /// The events that are meant, by the bus that they are for.
    fn stream(&self, outbox: &Outbox) -> Outbox {
        if self.broker { outbox.mirror() } else { outbox.clone() }
    }

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
            let broker = if self.which.broker { " --broker" } else { "" };
            bail!("no such event is parked; `outbox list{broker}` shows what there is");
        }
        Ok(())
    }
}

async fn status(outbox: &Outbox, json: bool) -> anyhow::Result<()> {
    let (status, mirror) = (outbox.status().await?, outbox.mirror().status().await?);
    let now = outbox.database().now();
    if json {
        let of_one = |status: &OutboxStatus| {
            let age = status.oldest.map(|_| status.oldest_age(now).as_secs_f64());
            json!({
                "waiting": status.waiting,
                "oldest": status.oldest,
                "oldestAgeSeconds": age,
                "parked": status.parked,
                "relays": status.relays,
            })
        };
        let mut all = of_one(&status);
        all["logged"] = json!(status.logged);
        all["broker"] = of_one(&mirror);
        return print_json(&all);
    }
    let waiting = |status: &OutboxStatus| match status.oldest {
        Some(oldest) => {
            let (since, age) = (oldest.format("%F %T UTC"), status.oldest_age(now).as_secs());
            format!("{}, the oldest since {since} ({age} s)", how_many(status.waiting, "event"))
        }
        None => how_many(status.waiting, "event"),
    };
    print(&format!("waiting  {}", waiting(&status)));
    print(&format!("parked   {}", how_many(status.parked, "event")));
    print(&format!("logged   {}", how_many(status.logged, "event")));
    print(&format!("relays   {}", status.relays));
    if mirror.waiting + mirror.parked + mirror.relays > 0 {
        print("for RabbitMQ beside the bus in memory:");
        print(&format!("waiting  {}", waiting(&mirror)));
        print(&format!("parked   {}", how_many(mirror.parked, "event")));
        print(&format!("relays   {}", mirror.relays));
    }
    Ok(())
}

async fn abandon(application: &Application, yes: bool) -> anyhow::Result<()> {
    if application.config().event_bus.amqp_options()?.is_some() {
        bail!(
            "RabbitMQ is used, so it is given what waits for it; `event_bus.provider` is to be \
             `in_process`, and `event_bus.dual_write` false, before that is thrown away"
        );
    }
    let config = application.config();
    let (outbox, mirror) = (application.outbox(), application.outbox().mirror());
    if mirror.is_relayed(Duration::from_secs(config.outbox.lease_seconds)).await? {
        bail!("a server gives RabbitMQ what waits for it: stop it first");
    }
    let status = mirror.status().await?;
    if status.waiting + status.parked > 0 {
        let events = how_many(status.waiting + status.parked, "event");
        confirm(yes, &format!("Throw away {events} that RabbitMQ will never have?"))?;
    }
    let gone = outbox.abandon_mirror().await?;
    print(&format!("{} thrown away", how_many(gone, "event")));
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
