//! `events parity`

use anyhow::bail;
use clap::Args;

use crate::cli::output::{print, print_json, print_table};
use crate::cli::server::{ServerArgs, ServerClient};
use crate::parity::{GroupView, ParityView, TypeView};
use crate::{Config, RuntimeError};

/// Whose parity, and when it is enough.
#[derive(Debug, Args)]
pub struct ParityArgs {
    /// How many events are to be seen before the broker may take over
    #[arg(long, value_name = "N", default_value_t = 1)]
    least: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

impl ParityArgs {
    pub(super) async fn execute(&self, config: &Config) -> anyhow::Result<()> {
        let server = ServerClient::find(config, &self.server).await?;
        let server = server.ok_or(RuntimeError::ParityInMemory)?;
        let view: ParityView = server.ask("/api/events/parity", &[("least", self.least)]).await?;
        tell(&view, self.json)
    }
}

/// Shows it all; what is not enough is an error.
fn tell(view: &ParityView, json: bool) -> anyhow::Result<()> {
    if json {
        print_json(view)?;
    } else {
        show(view);
    }
    let verdict = &view.verdict;
    if !verdict.is_ready {
        bail!("{}", verdict.sentence);
    }
    if !json {
        print(&verdict.sentence);
    }
    Ok(())
}

fn show(view: &ParityView) {
    let types: Vec<_> = view.types.iter().map(type_row).collect();
    let headings = [
        "TYPE",
        "PUBLISHED",
        "CONFIRMED",
        "MISSING",
        "WAITING",
        "UNFOLLOWED",
        "OTHERS",
        "LAG (ms)",
        "LONGEST (ms)",
    ];
    print_table(headings, &types);
    print("");
    let groups: Vec<_> = view.groups.iter().map(group_row).collect();
    let headings = [
        "GROUP",
        "MATCHED",
        "ONLY LOCAL",
        "ONLY BROKER",
        "ON THEIR WAY",
        "DUPLICATES",
        "UNFOLLOWED",
        "COMPARED",
    ];
    print_table(headings, &groups);
    print("");
    print(&format!("in the outbox for the broker: {}, refused: {}", view.kept, view.refused));
}

fn type_row(row: &TypeView) -> [String; 9] {
    let milliseconds = |seconds: Option<f64>| {
        seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{:.1}", seconds * 1_000.0))
    };
    [
        row.event_type.to_string(),
        row.published.to_string(),
        row.confirmed.to_string(),
        row.missing.to_string(),
        row.waiting.to_string(),
        row.unfollowed.to_string(),
        row.of_others.to_string(),
        milliseconds(row.lag_seconds),
        milliseconds(row.longest_lag_seconds),
    ]
}

fn group_row(row: &GroupView) -> [String; 8] {
    [
        row.group.to_string(),
        row.matched.to_string(),
        row.only_local.to_string(),
        row.only_broker.to_string(),
        row.on_their_way.to_string(),
        row.duplicates.to_string(),
        row.unfollowed.to_string(),
        if row.is_compared { "yes" } else { "not yet" }.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use czo_events::ParityLedger;

    use super::*;
    use crate::parity::Kept;

    #[test]
    fn what_is_not_enough_is_an_error_and_what_is_is_none() {
        let mut view = ParityView::of(&ParityLedger::default(), 3, Kept::default());
        for json in [false, true] {
            let error = tell(&view, json).unwrap_err().to_string();
            assert!(error.contains("published were 0 events of at least 3"), "{error}");
        }
        view.verdict.is_ready = true;
        tell(&view, false).unwrap();
    }

    #[test]
    fn a_row_says_what_became_of_a_type_and_a_group() {
        let row = TypeView {
            event_type: "product.item.created".parse().unwrap(),
            published: 5,
            confirmed: 3,
            missing: 1,
            waiting: 1,
            unfollowed: 0,
            of_others: 2,
            lag_seconds: Some(0.0125),
            longest_lag_seconds: None,
        };
        assert_eq!(
            type_row(&row),
            ["product.item.created", "5", "3", "1", "1", "0", "2", "12.5", "-"]
        );
        let row = GroupView {
            group: "catalog.cache".parse().unwrap(),
            matched: 1,
            only_local: 2,
            only_broker: 3,
            on_their_way: 4,
            duplicates: 5,
            unfollowed: 6,
            is_compared: false,
        };
        assert_eq!(group_row(&row), ["catalog.cache", "1", "2", "3", "4", "5", "6", "not yet"]);
    }
}
