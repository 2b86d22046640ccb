//! Dead letters as callers of the API see them, and those at the command line.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use czo_core::{
    DeadContent, DeadLetter, DomainEvent, EventId, EventType, Failure, Group, UnreadableMessage,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A message that a group gave up, and why.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeadLetterView {
    /// The id of the event; null of a message that is none and has no id of one.
    pub(crate) event_id: Option<EventId>,
    /// The type of the event; null of a message that is none and has no type of one.
    #[serde(rename = "type")]
    #[schemars(with = "Option<String>")]
    pub(crate) event_type: Option<EventType>,
    /// The group that gave it up.
    #[schemars(with = "String")]
    pub(crate) group: Group,
    /// What went wrong the last time, with its causes.
    pub(crate) reason: String,
    /// How often it was tried; never, where it could not be read.
    pub(crate) attempts: u32,
    /// When it was given up.
    pub(crate) at: DateTime<Utc>,
    /// When it failed for the first time, and why.
    pub(crate) first_failure: FailureView,
    /// The event as it was published; null of a message that is none.
    #[schemars(with = "Option<Value>")]
    pub(crate) event: Option<DomainEvent>,
    /// What can be said of a message that is no event; null of an event.
    pub(crate) unreadable: Option<UnreadableView>,
}

/// One attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailureView {
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// What went wrong, with its causes.
    pub(crate) reason: String,
}

/// A message that is no event, from another program on the same broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UnreadableView {
    /// How long it is.
    pub(crate) bytes: usize,
    /// How it begins, with what is no text replaced.
    pub(crate) beginning: String,
}

/// The oldest dead letters.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeadLetterPage {
    /// The oldest first.
    pub(crate) dead_letters: Vec<DeadLetterView>,
    /// Whether there are more like these.
    pub(crate) has_more: bool,
}

/// How many dead letters there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeadLetterSummary")]
pub(crate) struct Summary {
    /// How many were counted.
    pub(crate) total: u64,
    /// Whether there are more than were to be counted.
    pub(crate) has_more: bool,
    /// The same by group and type.
    pub(crate) groups: Vec<Counted>,
}

/// How many dead letters of one type a group has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeadLetterCount")]
pub(crate) struct Counted {
    /// The group.
    #[schemars(with = "String")]
    pub(crate) group: Group,
    /// The type; null of messages that are no events.
    #[serde(rename = "type")]
    #[schemars(with = "Option<String>")]
    pub(crate) event_type: Option<EventType>,
    /// How many.
    pub(crate) letters: u64,
    /// When the oldest of them was given up.
    pub(crate) oldest: DateTime<Utc>,
}

/// What was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Redriven {
    /// How many wait for their groups again. Fewer than were meant, where a group is not there or
    /// takes no more for now.
    pub(crate) redriven: usize,
}

/// What was thrown away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Purged {
    /// How many are gone.
    pub(crate) purged: usize,
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        let (event_id, event_type) = (letter.event_id(), letter.event_type().cloned());
        let event = letter.event().map(|event| (**event).clone());
        let unreadable = match letter.content {
            DeadContent::Unreadable(UnreadableMessage { bytes, beginning, .. }) => {
                Some(UnreadableView { bytes, beginning })
            }
            _ => None,
        };
        let Failure { at, reason } = letter.first_failure;
        Self {
            event_id,
            event_type,
            group: letter.group,
            reason: letter.reason,
            attempts: letter.attempts,
            at: letter.at,
            first_failure: FailureView { at, reason },
            event,
            unreadable,
        }
    }
}

impl DeadLetterPage {
    /// So many of these letters at most.
    pub(super) fn of(letters: Vec<DeadLetter>, limit: usize) -> Self {
        let has_more = letters.len() > limit;
        let dead_letters = letters.into_iter().take(limit).map(DeadLetterView::from).collect();
        Self { dead_letters, has_more }
    }
}

impl Summary {
    /// Of these letters, of which so many are counted at most.
    pub(super) fn of(letters: &[DeadLetter], limit: usize) -> Self {
        let mut groups: BTreeMap<_, (u64, DateTime<Utc>)> = BTreeMap::new();
        for letter in letters.iter().take(limit) {
            let row = groups.entry((&letter.group, letter.event_type()));
            let (number, oldest) = row.or_insert((0, letter.at));
            *number += 1;
            *oldest = letter.at.min(*oldest);
        }
        Self {
            total: groups.values().map(|(number, _)| number).sum(),
            has_more: letters.len() > limit,
            groups: groups
                .into_iter()
                .map(|((group, event_type), (letters, oldest))| Counted {
                    group: group.clone(),
                    event_type: event_type.cloned(),
                    letters,
                    oldest,
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn at(second: u32) -> DateTime<Utc> {
        format!("2026-11-21T12:00:{second:02}Z").parse().unwrap()
    }

    fn letter(group: &str, content: DeadContent, second: u32) -> DeadLetter {
        let last = Failure { at: at(second), reason: "no answer".to_owned() };
        DeadLetter::new(content, group.parse().unwrap(), 3, last)
    }

    fn event() -> DeadContent {
        let event = json!({
            "id": "01930000-0000-7000-8000-000000000001",
            "type": "review.item.created",
            "version": 1,
            "timestamp": "2026-11-21T11:00:00Z",
            "source": "reviews",
            "correlationId": "c1",
            "data": { "stars": 5 },
            "metadata": {},
        });
        let event: DomainEvent = serde_json::from_value(event).unwrap();
        DeadContent::Event(Arc::new(event))
    }

    fn unreadable() -> DeadContent {
        let beginning = "<xml>".to_owned();
        let message = UnreadableMessage { id: None, event_type: None, bytes: 5, beginning };
        DeadContent::Unreadable(message)
    }

    #[test]
    fn a_letter_is_shown_in_full_with_the_id_that_commands_take() {
        let first = Failure { at: at(1), reason: "no name".to_owned() };
        let view = DeadLetterView::from(letter("a.b", event(), 9).first_failed(first));
        let json = serde_json::to_value(&view).unwrap();
        let id = view.event_id.unwrap().to_string();
        assert!(id.starts_with("evt_"), "{id}");
        assert_eq!((&json["eventId"], &json["type"]), (&json!(id), &json!("review.item.created")));
        assert_eq!(json["event"]["data"]["stars"], 5);
        assert_eq!(json["event"]["id"], "01930000-0000-7000-8000-000000000001");
        assert_eq!((&json["reason"], &json["attempts"]), (&json!("no answer"), &json!(3)));
        assert_eq!(json["firstFailure"], json!({ "at": at(1), "reason": "no name" }));
        let read: DeadLetterView = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), json, "it is read as it is written");
    }

    #[test]
    fn what_is_no_event_is_shown_as_far_as_it_can_be() {
        let view = DeadLetterView::from(letter("a", unreadable(), 9));
        assert!(view.event.is_none() && view.event_id.is_none() && view.event_type.is_none());
        let beginning = "<xml>".to_owned();
        assert_eq!(view.unreadable, Some(UnreadableView { bytes: 5, beginning }));
    }

    #[test]
    fn they_are_counted_by_group_and_type() {
        let letters = [
            letter("b", event(), 1),
            letter("a", event(), 2),
            letter("a", unreadable(), 3),
            letter("a", event(), 4),
        ];
        let summary = Summary::of(&letters, 10);
        let rows: Vec<_> = summary
            .groups
            .iter()
            .map(|row| (row.group.as_str(), row.event_type.is_some(), row.letters, row.oldest))
            .collect();
        let expected = [("a", false, 1, at(3)), ("a", true, 2, at(2)), ("b", true, 1, at(1))];
        assert_eq!((rows.as_slice(), summary.total, summary.has_more), (&expected[..], 4, false));
        let summary = Summary::of(&letters, 3);
        assert_eq!((summary.total, summary.has_more), (3, true));
    }
}
