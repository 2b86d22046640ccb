//! `dlq`

mod letters;
mod redrive;

use anyhow::bail;
use clap::{ArgGroup, Args, Subcommand};
use czo_core::{EventId, Group, TopicPattern};

use self::letters::{Letters, find};
use self::redrive::Redrive;
use super::confirm::confirm;
use super::output::{how_many, one_line, print, print_json, print_note, print_table};
use super::server::ServerArgs;
use crate::dead_letters::{DeadLetterView, LARGEST_PORTION, Meant, Summary, Wanted};
use crate::{Config, Czo};

/// The options of `dlq`.
#[derive(Debug, Args)]
pub struct DlqArgs {
    #[command(flatten)]
    server: ServerArgs,
    #[command(subcommand)]
    command: DlqCommand,
}

/// Look at dead letters, hand them over again, or purge them.
#[derive(Debug, Subcommand)]
enum DlqCommand {
    /// List them, oldest first
    List {
        #[command(flatten)]
        which: Which,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
        /// Print JSON, with the events
        #[arg(long)]
        json: bool,
    },
    /// Show an event that was given up: by which groups, why, and the event itself
    Show {
        /// The event
        event: EventId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Hand them to their groups again, oldest first, as if they had not been tried
    ///
    /// What fails again is a dead letter again. Where nobody of a group is there, or too many events wait for
    /// it, the rest of its letters stay, and the exit status is 1.
    Redrive(Redrive),
    /// Throw them away, for ever
    Purge {
        #[command(flatten)]
        meant: Which,
        #[command(flatten)]
        all: All,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Which dead letters: those of which all that is said is true.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Which {
    /// Only those that this group gave up
    #[arg(long)]
    group: Option<Group>,
    /// Only those whose type matches, such as `product.#`
    #[arg(long = "type", value_name = "PATTERN")]
    pattern: Option<TopicPattern>,
    /// Only those whose reason contains this text
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    error: Option<String>,
    /// Only those of this event
    #[arg(long, value_name = "ID")]
    event: Option<EventId>,
}

/// All of them, said out loud.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(group = ArgGroup::new("meant").args(["group", "pattern", "error", "event", "all"]).required(true).multiple(true))]
pub(super) struct All {
    /// All of them
    #[arg(long, conflicts_with_all = ["group", "pattern", "error", "event"])]
    all: bool,
}

impl Which {
    fn wanted(self, limit: Option<usize>) -> Wanted {
        let Self { group, pattern, error, event } = self;
        Wanted { group, pattern, error, event, limit }
    }
}

impl DlqArgs {
    pub(super) async fn execute(self, czo: &Czo, config: &Config) -> anyhow::Result<()> {
        let letters = find(czo, config, &self.server).await?;
        let letters = &*letters;
        match self.command {
            DlqCommand::List { which, limit, json } => {
                list(letters, which.wanted(Some(usize::try_from(limit)?)), json).await
            }
            DlqCommand::Show { event, json } => {
                let letters = letters.of_event(event).await?;
                if json { print_json(&letters) } else { show(&letters) }
            }
            DlqCommand::Redrive(redrive) => redrive.execute(letters).await,
            DlqCommand::Purge { meant, all: All { all }, yes } => {
                purge(letters, &meant.wanted(None), all, yes).await
            }
        }
    }
}

async fn list(letters: &dyn Letters, wanted: Wanted, json: bool) -> anyhow::Result<()> {
    let page = letters.list(&wanted).await?;
    if json {
        print_json(&page.dead_letters)?;
    } else if page.dead_letters.is_empty() {
        print("no dead letters");
    } else {
        let rows: Vec<_> = page.dead_letters.iter().map(row).collect();
        let headings = ["EVENT", "TYPE", "GROUP", "FAILED (UTC)", "ATTEMPTS", "REASON"];
        print_table(headings, &rows);
    }
    if page.has_more {
        let shown = u64::try_from(page.dead_letters.len())?;
        let all = letters.summary(&Wanted { limit: None, ..wanted }).await?;
        let more = all.total.saturating_sub(shown);
        let least = if all.has_more { "at least " } else { "" };
        let hint = match shown < u64::try_from(LARGEST_PORTION)? {
            true => "--limit shows more",
            false => "--group, --type and --error show fewer",
        };
        print_note(&format!("… and {least}{more} more; {hint}"));
    }
    Ok(())
}

fn row(letter: &DeadLetterView) -> [String; 6] {
    [
        letter.event_id.map_or_else(|| "-".to_owned(), |id| id.to_string()),
        letter.event_type.as_ref().map_or_else(|| "no event".to_owned(), ToString::to_string),
        letter.group.to_string(),
        letter.at.format("%Y-%m-%d %H:%M").to_string(),
        letter.attempts.to_string(),
        one_line(&letter.reason),
    ]
}

/// The letters of one event.
fn show(letters: &[DeadLetterView]) -> anyhow::Result<()> {
    for letter in letters {
        for line in lines(letter) {
            print(&line);
        }
        print("");
    }
    if let Some(event) = letters.iter().find_map(|letter| letter.event.as_ref()) {
        print(&serde_json::to_string_pretty(event)?);
    }
    Ok(())
}

fn lines(letter: &DeadLetterView) -> Vec<String> {
    let first = &letter.first_failure;
    let is_last = first.at == letter.at && first.reason == letter.reason;
    let time = |at: chrono::DateTime<chrono::Utc>| at.format("%F %T UTC").to_string();
    let message = letter.unreadable.as_ref().map(|message| {
        // As a literal: nobody knows what is in it.
        format!("{} bytes that are no event: {:?}", message.bytes, message.beginning)
    });
    let values = [
        ("event", letter.event_id.map(|id| id.to_string())),
        ("type", letter.event_type.as_ref().map(ToString::to_string)),
        ("group", Some(letter.group.to_string())),
        ("reason", Some(one_line(&letter.reason))),
        ("attempts", Some(letter.attempts.to_string())),
        ("first", (!is_last).then(|| format!("{}, {}", time(first.at), one_line(&first.reason)))),
        ("failed", Some(time(letter.at))),
        ("message", message),
    ];
    let line = |(name, value): (&str, Option<String>)| Some(format!("{name:<9} {}", value?));
    values.into_iter().filter_map(line).collect()
}

/// Refuses to do nothing when something was named.
fn check(summary: &Summary, all: bool) -> anyhow::Result<()> {
    if summary.total == 0 && !all {
        bail!("there is no such dead letter; `dlq list` shows what there is");
    }
    Ok(())
}

async fn purge(letters: &dyn Letters, wanted: &Wanted, all: bool, yes: bool) -> anyhow::Result<()> {
    let summary = letters.summary(wanted).await?;
    check(&summary, all)?;
    if summary.total > 0 {
        let more = if summary.has_more { "more than " } else { "" };
        let number = how_many(summary.total, "dead letter");
        confirm(yes, &format!("Throw {more}{number} away for ever?"))?;
    }
    let gone = letters.purge(&Meant::of(wanted)).await?.purged;
    print(&format!("{} thrown away", how_many(u64::try_from(gone)?, "dead letter")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use czo_core::SystemIds;

    use super::*;
    use crate::dead_letters::{FailureView, UnreadableView};

    fn letter() -> DeadLetterView {
        let at = |time: &str| time.parse().unwrap();
        DeadLetterView {
            event_id: None,
            event_type: None,
            group: "catalog.cache".parse().unwrap(),
            reason: "no answer:\nconnection refused".to_owned(),
            attempts: 4,
            at: at("2026-11-21T12:00:36Z"),
            first_failure: FailureView {
                at: at("2026-11-21T12:00:00Z"),
                reason: "timed out".to_owned(),
            },
            event: None,
            unreadable: None,
        }
    }

    #[test]
    fn a_letter_is_a_row_of_the_table() {
        let id = EventId::generate(&SystemIds);
        let event_type = Some("product.item.created".parse().unwrap());
        let letter = DeadLetterView { event_id: Some(id), event_type, ..letter() };
        let reason = "no answer: connection refused";
        let cells = ["product.item.created", "catalog.cache", "2026-11-21 12:00", "4", reason];
        let [first, rest @ ..] = row(&letter);
        assert_eq!((first, rest), (id.to_string(), cells.map(str::to_owned)));
    }

    #[test]
    fn the_first_failure_is_said_where_it_is_not_the_last() {
        let mut letter = letter();
        let shown = lines(&letter).join("\n");
        assert!(shown.contains("\nfirst     2026-11-21 12:00:00 UTC, timed out\n"), "{shown}");
        assert!(shown.ends_with("failed    2026-11-21 12:00:36 UTC"), "{shown}");
        letter.first_failure = FailureView { at: letter.at, reason: letter.reason.clone() };
        assert!(lines(&letter).iter().all(|line| !line.starts_with("first")));
    }

    #[test]
    fn what_is_no_event_gives_the_terminal_no_orders() {
        let beginning = "<a>\u{1b}[2J".to_owned();
        let unreadable = Some(UnreadableView { bytes: 7, beginning });
        let letter = DeadLetterView { unreadable, ..letter() };
        let shown = lines(&letter).join("\n");
        assert!(
            shown.ends_with(r#"message   7 bytes that are no event: "<a>\u{1b}[2J""#),
            "{shown}"
        );
        assert_eq!(row(&letter)[..2], ["-", "no event"]);
    }
}
