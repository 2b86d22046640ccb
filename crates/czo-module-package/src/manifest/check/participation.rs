//! What a module takes part in: events, hooks, services, jobs, metrics.

use std::collections::BTreeSet;
use std::str::FromStr;

use chrono::DateTime;
use croner::Cron;
use czo_core::TopicPattern;

use super::{duplicate, schema_in, unique};
use crate::manifest::embedded_schema::Budget;
use crate::manifest::place::{Place, excerpt};
use crate::manifest::{
    EventSubscription, HookSubscription, ManifestRules, MetricDeclaration, MetricKind, ModuleJob,
    Service,
};

/// Names of labels that mean something to czo or to who collects them.
const RESERVED_LABELS: [&str; 4] = ["le", "module", "quantile", "shop"];

pub(super) fn check(manifest: &Place<'_>, rules: &ManifestRules, budget: &Budget) {
    subscriptions(manifest);
    hooks(manifest, rules);
    services(manifest, budget);
    jobs(manifest);
    metrics(manifest);
}

fn subscriptions(manifest: &Place<'_>) {
    unique(manifest, "subscriptions", "events");
    for (place, subscription) in manifest.parts::<EventSubscription>("subscriptions") {
        if let Err(error) = subscription.events.parse::<TopicPattern>() {
            place.field_or_self("events").invalid(error.to_string());
        }
    }
}

fn hooks(manifest: &Place<'_>, rules: &ManifestRules) {
    let mut seen = BTreeSet::new();
    for (place, hook) in manifest.parts::<HookSubscription>("hooks") {
        let point = place.field_or_self("point");
        let is_word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
        };
        if !hook.point.split('.').all(is_word) {
            let problem = format!("`{}` is no name of a hook point", excerpt(&hook.point));
            point.invalid_fix(problem, "write one such as `catalog.product.create`");
        } else if let Some(known) = &rules.hook_points
            && !known.contains(&hook.point)
        {
            let known: Vec<_> = known.iter().map(String::as_str).collect();
            point.unknown("the server has no hook point of this name", &hook.point, &known);
        }
        if !seen.insert((hook.point.clone(), hook.phase as u8)) {
            duplicate(&point, &format!("{} in this phase", hook.point));
        }
        let wall = manifest.value.pointer("/limits/wallMs").and_then(serde_json::Value::as_u64);
        if wall.is_some_and(|wall| wall < u64::from(hook.timeout_ms)) {
            place.field_or_self("timeoutMs").invalid_fix(
                "the operation would wait longer than a call of the module may take",
                "lower it, or raise `limits.wallMs`",
            );
        }
    }
}

fn services(manifest: &Place<'_>, budget: &Budget) {
    unique(manifest, "services", "name");
    for (place, _) in manifest.parts::<Service>("services") {
        unique(&place, "methods", "name");
        for method in place.elements("methods") {
            schema_in(&method, "arguments", budget);
            schema_in(&method, "returns", budget);
        }
    }
}

fn jobs(manifest: &Place<'_>) {
    unique(manifest, "jobs", "name");
    for (place, job) in manifest.parts::<ModuleJob>("jobs") {
        let Some(schedule) = &job.schedule else { continue };
        if let Err(problem) = check_schedule(schedule) {
            place.field_or_self("schedule").invalid_fix(
                format!("`{}` is no schedule: {problem}", excerpt(schedule)),
                "write `minute hour day month weekday`, such as `30 4 * * *` for half past four, UTC",
            );
        }
    }
}

/// Why a schedule is none. One that is never due is none either.
fn check_schedule(schedule: &str) -> Result<(), String> {
    let fields = schedule.split_whitespace().count();
    if fields != 5 {
        return Err(format!("expected 5 fields, found {fields}"));
    }
    let cron = Cron::from_str(schedule).map_err(|error| error.to_string())?;
    let next = cron.find_next_occurrence(&DateTime::UNIX_EPOCH, false);
    next.map(drop).map_err(|error| error.to_string())
}

fn metrics(manifest: &Place<'_>) {
    unique(manifest, "metrics", "name");
    for (place, metric) in manifest.parts::<MetricDeclaration>("metrics") {
        let mut seen = BTreeSet::new();
        for (label, name) in place.texts("labels") {
            if RESERVED_LABELS.contains(&name) {
                let problem = format!("`{name}` is a label that metrics have by themselves");
                label.invalid_fix(problem, "call it something else");
            }
            if !seen.insert(name) {
                duplicate(&label, name);
            }
        }
        let buckets = place.field_or_self("buckets");
        if metric.kind != MetricKind::Histogram && !metric.buckets.is_empty() {
            buckets.invalid_fix("only histograms have buckets", "leave them out");
        }
        if !metric.buckets.is_sorted_by(|one, next| one < next) {
            buckets.invalid_fix("the bounds of buckets rise", "sort them, each once");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_has_five_fields_and_is_due_some_day() {
        for good in ["*/5 * * * *", "30 4 * * 1-5", "0 0 29 2 *"] {
            assert_eq!(check_schedule(good), Ok(()), "{good}");
        }
        for bad in ["", "* * * *", "0 0 0 * * *", "61 * * * *", "0 0 31 2 *", "daily"] {
            assert!(check_schedule(bad).is_err(), "{bad}");
        }
    }
}
