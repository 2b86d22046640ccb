//! Which dead letters somebody means.

use czo_core::{DeadLetterFilter, EventId, Group, TopicPattern};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How many are listed, unless it is said.
const PAGE: usize = 50;

/// How many are listed, or handed over, at most by one request.
pub(crate) const LARGEST_PORTION: usize = 1_000;

/// How many are counted at most.
pub(crate) const COUNTED: usize = 10_000;

/// Which dead letters are to be seen: those of which all that is said is true.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Only those that this group gave up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub(crate) group: Option<Group>,
    /// Only those whose type matches this pattern, such as `product.#`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub(crate) pattern: Option<TopicPattern>,
    /// Only those whose reason contains this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// Only those of this event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<EventId>,
    /// How many at most, the oldest: 1 to 1,000, 50 by default; of a summary 1 to 10,000, by default
    /// 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

/// Which dead letters something is to be done with: those of which all that is said is true, and
/// something is to be said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "DeadLettersMeant")]
pub(crate) struct Meant {
    /// Those that this group gave up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub(crate) group: Option<Group>,
    /// Those whose type matches this pattern, such as `product.#`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub(crate) pattern: Option<TopicPattern>,
    /// Those whose reason contains this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// Those of this event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<EventId>,
    /// All there are: instead of everything above.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) all: bool,
    /// How many at most, the oldest: 1 to 1,000, 1,000 by default. A purge has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

/// Why that means no dead letters.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum MeantError {
    #[error("say which: at least one of `group`, `type`, `error` and `event`, or `all`")]
    Nothing,
    #[error("`all` is all of them: leave `group`, `type`, `error` and `event` out")]
    AllOfSome,
    #[error("error: expected a text that is in the reason")]
    NoText,
    #[error("limit: expected 1 to {0}")]
    Limit(usize),
    #[error("a purge has no limit: say by `group`, `type`, `error` and `event` what goes")]
    LimitedPurge,
}

impl Wanted {
    /// Which are listed, and how many at most.
    pub(super) fn page(&self) -> Result<(DeadLetterFilter, usize), MeantError> {
        Ok((self.filter()?, within(self.limit, LARGEST_PORTION)?.unwrap_or(PAGE)))
    }

    /// Which are counted, and how many at most.
    pub(super) fn counted(&self) -> Result<(DeadLetterFilter, usize), MeantError> {
        Ok((self.filter()?, within(self.limit, COUNTED)?.unwrap_or(COUNTED)))
    }

    fn filter(&self) -> Result<DeadLetterFilter, MeantError> {
        if self.error.as_ref().is_some_and(String::is_empty) {
            return Err(MeantError::NoText);
        }
        let mut filter = DeadLetterFilter::all();
        filter.group.clone_from(&self.group);
        filter.pattern.clone_from(&self.pattern);
        filter.reason.clone_from(&self.error);
        filter.event = self.event;
        Ok(filter)
    }
}

impl Meant {
    /// These, or all if none is named.
    pub(crate) fn of(wanted: &Wanted) -> Self {
        let Wanted { group, pattern, error, event, limit } = wanted.clone();
        let all = group.is_none() && pattern.is_none() && error.is_none() && event.is_none();
        Self { group, pattern, error, event, all, limit }
    }

    /// Those of them that are of this group, so many at most.
    pub(crate) fn of_group(&self, group: &Group, limit: usize) -> Self {
        Self { group: Some(group.clone()), all: false, limit: Some(limit), ..self.clone() }
    }

    /// Which are handed over, and how many at most.
    pub(super) fn portion(&self) -> Result<(DeadLetterFilter, usize), MeantError> {
        let limit = within(self.limit, LARGEST_PORTION)?.unwrap_or(LARGEST_PORTION);
        Ok((self.filter()?, limit))
    }

    /// Which are thrown away.
    pub(super) fn unlimited(&self) -> Result<DeadLetterFilter, MeantError> {
        if self.limit.is_some() { Err(MeantError::LimitedPurge) } else { self.filter() }
    }

    fn filter(&self) -> Result<DeadLetterFilter, MeantError> {
        let Self { group, pattern, error, event, all, .. } = self.clone();
        let is_some = group.is_some() || pattern.is_some() || error.is_some() || event.is_some();
        match (all, is_some) {
            (false, false) => Err(MeantError::Nothing),
            (true, true) => Err(MeantError::AllOfSome),
            _ => Wanted { group, pattern, error, event, limit: None }.filter(),
        }
    }
}

fn within(limit: Option<usize>, most: usize) -> Result<Option<usize>, MeantError> {
    let fits = limit.is_none_or(|limit| (1..=most).contains(&limit));
    if fits { Ok(limit) } else { Err(MeantError::Limit(most)) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn meant(body: Value) -> Result<Meant, String> {
        serde_json::from_value(body).map_err(|error| error.to_string())
    }

    /// How many are handed over at most.
    fn redrive(body: Value) -> Result<usize, String> {
        let portion = meant(body)?.portion().map_err(|error| error.to_string())?;
        Ok(portion.1)
    }

    #[test]
    fn one_filter_is_enough_and_the_limit_has_bounds() {
        for (body, limit) in [
            (json!({ "group": "catalog.cache" }), 1_000),
            (json!({ "type": "product.#", "limit": 1 }), 1),
            (json!({ "error": "timed out", "limit": 1_000 }), 1_000),
            (json!({ "all": true }), 1_000),
        ] {
            assert_eq!(redrive(body), Ok(limit));
        }
        for limit in [0, 1_001] {
            let refusal = redrive(json!({ "all": true, "limit": limit })).unwrap_err();
            assert_eq!(refusal, "limit: expected 1 to 1000");
        }
    }

    #[test]
    fn nothing_contradictions_and_unknown_fields_are_refused() {
        for (body, why) in [
            (json!({}), "say which"),
            (json!({ "limit": 5 }), "say which"),
            (json!({ "all": false }), "say which"),
            (json!({ "all": true, "group": "a" }), "`all` is all of them"),
            (json!({ "error": "" }), "in the reason"),
            (json!({ "group": "A" }), "is not a group name"),
            (json!({ "groups": ["a"] }), "unknown field `groups`"),
        ] {
            let refusal = redrive(body.clone()).unwrap_err();
            assert!(refusal.contains(why), "{body}: {refusal}");
        }
    }

    #[test]
    fn a_purge_throws_away_all_that_is_meant() {
        let purge = |body| meant(body).unwrap().unlimited();
        assert!(purge(json!({ "group": "a" })).is_ok());
        assert_eq!(
            purge(json!({ "all": true, "limit": 5 })).unwrap_err(),
            MeantError::LimitedPurge
        );
        assert_eq!(purge(json!({})).unwrap_err(), MeantError::Nothing);
    }

    #[test]
    fn more_are_counted_than_listed() {
        let wanted = |limit| Wanted { limit, ..Wanted::default() };
        assert_eq!(wanted(None).page().unwrap().1, 50);
        assert_eq!(wanted(None).counted().unwrap().1, 10_000);
        assert_eq!(wanted(Some(1_001)).page().unwrap_err(), MeantError::Limit(1_000));
        assert_eq!(wanted(Some(1_001)).counted().unwrap().1, 1_001);
        assert_eq!(wanted(Some(0)).counted().unwrap_err(), MeantError::Limit(10_000));
    }
}
