//! `events replay`

use std::io::IsTerminal;

use anyhow::bail;
use chrono::{DateTime, Utc};
use clap::{ArgGroup, Args};
use czo_core::{CorrelationId, EventType, Group, TopicPattern};
use czo_outbox::{EventLog, LogFilter, ReplayTarget};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::Application;
use crate::cli::moment::Moment;
use crate::cli::output::{how_many, print, print_json, print_note, print_table};

/// Which events, and for whom.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").args(["pattern", "since", "until", "correlation_id"]).required(true).multiple(true))]
pub struct ReplayArgs {
    /// Only events whose type matches, such as `product.#`; `#` is every type
    #[arg(long = "type", value_name = "PATTERN")]
    pattern: Option<TopicPattern>,
    /// Only events that happened then or later: a time by RFC 3339, or how long ago (`2h`, `7d`)
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Only events that happened before then
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// Only events of this request
    #[arg(long, value_name = "ID")]
    correlation_id: Option<CorrelationId>,
    /// The group that gets them, and nobody else
    #[arg(long, value_name = "GROUP")]
    group: Group,
    /// Also what the inbox of the group has seen: its effects happen once more
    #[arg(long)]
    again: bool,
    /// Only count them
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was replayed, or would be.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    group: &'a Group,
    dry_run: bool,
    total: u64,
    types: Vec<OfType>,
}

#[derive(Debug, Serialize)]
struct OfType {
    #[serde(rename = "type")]
    event_type: EventType,
    events: u64,
}

impl ReplayArgs {
    pub(super) async fn execute(&self, application: &Application) -> anyhow::Result<()> {
        application.topology().check_group(&self.group)?;
        self.pattern.as_ref().map_or(Ok(()), |of| application.topology().check_pattern(of))?;
        let outbox = application.outbox();
        let filter = self.filter(outbox.database().now())?;
        if self.dry_run {
            let types = by_type(&outbox.log(), &filter).await?;
            return self.show(types);
        }
        // Before the replay: what is published meanwhile is logged as well.
        let types = if self.json { by_type(&outbox.log(), &filter).await? } else { Vec::new() };
        let mut target = ReplayTarget::group(self.group.clone());
        if self.again {
            target = target.again();
        }
        let bar = progress_bar(outbox.log().count(&filter).await?);
        let replayed =
            outbox.log().replay(&filter, &target, |replay| bar.set_position(replay.replayed)).await;
        bar.finish_and_clear();
        let replayed = replayed?;
        if self.json {
            let group = &self.group;
            return print_json(&Report { group, dry_run: false, total: replayed, types });
        }
        print(&format!("{} on the way to `{}`", how_many(replayed, "event"), self.group));
        if replayed > 0 && outbox.status().await?.relays == 0 {
            print_note("no relay is at work: they arrive once a server runs");
        }
        Ok(())
    }

    fn filter(&self, now: DateTime<Utc>) -> anyhow::Result<LogFilter> {
        let mut filter = LogFilter::all();
        filter.pattern.clone_from(&self.pattern);
        filter.since = self.since.map(|moment| moment.resolve(now));
        filter.until = self.until.map(|moment| moment.resolve(now));
        filter.correlation.clone_from(&self.correlation_id);
        match (filter.since, filter.until) {
            (Some(since), Some(until)) if since >= until => {
                bail!("`--since` ({since}) is not before `--until` ({until}): nothing is between")
            }
            _ => Ok(filter),
        }
    }

    fn show(&self, types: Vec<OfType>) -> anyhow::Result<()> {
        let total = types.iter().map(|of| of.events).sum();
        if self.json {
            return print_json(&Report { group: &self.group, dry_run: true, total, types });
        }
        let rows: Vec<_> =
            types.iter().map(|of| [of.event_type.to_string(), of.events.to_string()]).collect();
        if !rows.is_empty() {
            print_table(["TYPE", "EVENTS"], &rows);
        }
        print(&format!("{} would go to `{}`", how_many(total, "event"), self.group));
        Ok(())
    }
}

/// How many events of each type are meant.
async fn by_type(log: &EventLog<'_>, filter: &LogFilter) -> anyhow::Result<Vec<OfType>> {
    let mut types = Vec::new();
    for event_type in log.types().await? {
        if filter.pattern.as_ref().is_none_or(|pattern| pattern.matches(&event_type)) {
            let of_type = filter.clone().pattern(event_type.clone().into());
            let events = log.count(&of_type).await?;
            types.extend((events > 0).then_some(OfType { event_type, events }));
        }
    }
    Ok(types)
}

/// A bar on a terminal; elsewhere it draws nothing, and what is printed at the end says it all.
fn progress_bar(events: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        print_note(&format!("replaying {}", how_many(events, "event")));
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} events {eta}");
    ProgressBar::new(events).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
