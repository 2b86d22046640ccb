//! What an app wants to be told, and asked.

use std::collections::BTreeSet;

use czo_core::{FieldErrorCode, TopicPattern};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::embedded_schema::Budget;
use super::http_url::Urls;
use super::place::{Fields, Place, excerpt};
use super::suggestion::nearest_pattern;
use super::{AppManifest, Filter, HttpUrl, Identifier, ManifestRules, ResponseSchema, unique};

/// The most patterns of one webhook.
const MAX_PATTERNS: usize = 50;

/// What the app is told or asked at one URL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, title = "Webhook")]
pub struct Webhook {
    /// Names the webhook; the same in all versions of the app.
    pub identifier: Identifier,
    /// The events that are sent, as patterns of their types: words separated by dots, where `*`
    /// stands for one word and `#` for any number.
    #[schemars(schema_with = "events_schema")]
    pub events: Vec<TopicPattern>,
    /// Where they are sent.
    pub target_url: HttpUrl,
    /// Whether czo waits for the answer.
    pub mode: WebhookMode,
    /// Of these events, those that are sent; all of them if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// In which order events arrive; in any, if it is left out. For `async` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<WebhookOrder>,
    /// How long czo waits, and what it does without an answer. For `sync` only, and required there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync: Option<SyncCall>,
}

/// Whether czo waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(title = "Mode of a webhook")]
pub enum WebhookMode {
    /// The app is told of what has happened, at least once.
    Async,
    /// The app is asked, and its answer is used.
    Sync,
}

/// In which order events arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, title = "Order of a webhook")]
pub struct WebhookOrder {
    /// What keeps its order.
    pub by: OrderBy,
}

/// What keeps its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(title = "What keeps its order")]
#[non_exhaustive]
pub enum OrderBy {
    /// The events of one key, such as those of one product, arrive one after the other.
    Key,
}

/// How long czo waits for an answer, and what it does without one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, title = "Call of a sync webhook")]
pub struct SyncCall {
    /// How long czo waits, in milliseconds, from the call to the last byte of the answer.
    #[schemars(range(min = 100, max = 10_000))]
    pub deadline_milliseconds: u32,
    /// What czo does when there is no answer in time, or none that fits the schema.
    pub on_failure: OnFailure,
    /// What an answer looks like; anything, if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_schema: Option<ResponseSchema>,
}

/// What czo does without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(title = "Failure policy")]
pub enum OnFailure {
    /// What the app was asked about fails.
    Closed,
    /// It goes on as if the app were not there.
    Open,
    /// The app's last good answer to the same question is used; without one, it fails.
    LastGood,
}

const FIELDS: [&str; 7] = ["identifier", "events", "targetUrl", "mode", "filter", "order", "sync"];

impl Webhook {
    fn read(
        place: &Place<'_>,
        urls: &Urls<'_>,
        rules: &ManifestRules,
        budget: &Budget,
    ) -> Option<Self> {
        let fields = place.fields(&FIELDS)?;
        let identifier = fields.required("identifier").and_then(|place| place.parse());
        let events = fields.required("events").and_then(|place| patterns(&place, rules));
        let target_url = fields.required("targetUrl").and_then(|place| urls.read(&place));
        let mode = fields.required("mode").and_then(|place| {
            place.choice(&[("async", WebhookMode::Async), ("sync", WebhookMode::Sync)])
        });
        let filter = fields.optional("filter").and_then(|place| Filter::read_at(&place));
        let order = fields.optional("order").and_then(|place| order(&place));
        let sync = fields.optional("sync").and_then(|place| SyncCall::read(&place, budget));
        match mode {
            Some(WebhookMode::Sync) => {
                let _ = fields.required("sync");
                refuse(&fields, "order", "only `async` webhooks have an order");
            }
            Some(WebhookMode::Async) => {
                refuse(&fields, "sync", "only `sync` webhooks are waited for");
            }
            None => {}
        }
        Some(Self {
            identifier: identifier?,
            events: events?,
            target_url: target_url?,
            mode: mode?,
            filter,
            order,
            sync,
        })
    }

    /// Reads all webhooks of a manifest.
    pub(super) fn read_all(
        fields: &Fields<'_>,
        urls: &Urls<'_>,
        rules: &ManifestRules,
        budget: &Budget,
    ) -> Vec<Self> {
        let read = |place: &Place<'_>| Self::read(place, urls, rules, budget);
        let webhooks = fields.list("webhooks", AppManifest::MAX_WEBHOOKS, read);
        unique(fields, "webhooks");
        webhooks.into_iter().map(|(_, webhook)| webhook).collect()
    }
}

fn refuse(fields: &Fields<'_>, name: &str, problem: &str) {
    if let Some(place) = fields.optional(name) {
        place.invalid(problem);
    }
}

impl SyncCall {
    fn read(place: &Place<'_>, budget: &Budget) -> Option<Self> {
        let fields = place.fields(&["deadlineMilliseconds", "onFailure", "responseSchema"])?;
        let deadline = fields.required("deadlineMilliseconds");
        let deadline = deadline.and_then(|place| place.integer(&(100..=10_000)));
        let on_failure = fields.required("onFailure").and_then(|place| {
            place.choice(&[
                ("closed", OnFailure::Closed),
                ("open", OnFailure::Open),
                ("last_good", OnFailure::LastGood),
            ])
        });
        let response_schema = fields.optional("responseSchema");
        let response_schema =
            response_schema.and_then(|place| ResponseSchema::read(&place, budget));
        Some(Self { deadline_milliseconds: deadline?, on_failure: on_failure?, response_schema })
    }
}

fn order(place: &Place<'_>) -> Option<WebhookOrder> {
    let by = place.fields(&["by"])?.required("by")?.choice(&[("key", OrderBy::Key)])?;
    Some(WebhookOrder { by })
}

/// Patterns, each of which some event matches.
fn patterns(place: &Place<'_>, rules: &ManifestRules) -> Option<Vec<TopicPattern>> {
    let mut seen = BTreeSet::new();
    let items = place.items(1..=MAX_PATTERNS)?;
    let read = |place: &Place<'_>| {
        let text = place.text()?;
        let Ok(pattern) = text.parse::<TopicPattern>() else {
            place.invalid(format!(
                "`{}` is not a pattern of event types: expected words of a-z, 0-9 and _, `*` (one word) or `#` (any number of words), separated by dots",
                excerpt(text)
            ));
            return None;
        };
        if !rules.event_types.iter().any(|event_type| pattern.matches(event_type)) {
            let meant = place.did_you_mean(|| nearest_pattern(&pattern, rules.event_types.iter()));
            place.refuse(FieldErrorCode::NotFound, format!("no event matches `{pattern}`{meant}"));
            return None;
        }
        Some(pattern)
    };
    let mut patterns = Vec::new();
    for item in &items {
        let Some(pattern) = read(item) else { continue };
        if seen.insert(pattern.as_str().to_owned()) {
            patterns.push(pattern);
        } else {
            item.refuse(FieldErrorCode::Duplicate, format!("`{pattern}` is named twice"));
        }
    }
    Some(patterns)
}

fn events_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {
            "type": "string",
            "pattern": r"^(\*|#|[a-z][a-z0-9_]*)(\.(\*|#|[a-z][a-z0-9_]*))*$",
            "maxLength": 255,
        },
        "minItems": 1,
        "maxItems": MAX_PATTERNS,
    })
}
