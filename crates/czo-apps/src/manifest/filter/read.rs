//! From JSON to a compiled filter.

use std::cell::Cell;

use czo_core::FieldErrorCode;
use serde_json::Value;

use super::super::place::{Place, excerpt};
use super::super::suggestion::nearest;
use super::{Condition, Filter, Pointer, Quantity, Test};

/// The fields of a condition that combines others.
const COMBINERS: [&str; 3] = ["all", "any", "not"];

/// The operators of a test.
const OPERATORS: [&str; 9] = ["eq", "ne", "in", "gt", "gte", "lt", "lte", "prefix", "exists"];

/// The fields of an event, which paths begin with.
const EVENT: [&str; 8] =
    ["id", "type", "version", "timestamp", "source", "correlationId", "data", "metadata"];

/// The most values of `in`, and the longest text to compare with, in characters.
const MAX_VALUES: usize = 100;
const MAX_TEXT: usize = 500;

pub(super) fn read(place: &Place<'_>) -> Option<Condition> {
    let nodes = Cell::new(0);
    let condition = condition(place, 1, &nodes);
    if nodes.get() > Filter::MAX_NODES {
        let problem = format!("expected at most {} conditions", Filter::MAX_NODES);
        place.refuse(FieldErrorCode::TooMany, problem);
    }
    condition
}

fn condition(place: &Place<'_>, depth: usize, nodes: &Cell<usize>) -> Option<Condition> {
    nodes.set(nodes.get() + 1);
    // All conditions are looked at, so that their number is known; those too many say nothing more.
    if nodes.get() > Filter::MAX_NODES {
        return None;
    }
    if depth > Filter::MAX_DEPTH {
        place.invalid(format!("expected at most {} levels", Filter::MAX_DEPTH));
        return None;
    }
    let known = [&COMBINERS[..], &["path"], &OPERATORS[..]].concat();
    let fields = place.fields(&known)?;
    let named = |names: &[&'static str]| -> Vec<&'static str> {
        names.iter().filter(|name| place.value.get(**name).is_some()).copied().collect()
    };
    let has_path = place.value.get("path").is_some();
    match (&named(&COMBINERS)[..], has_path, &named(&OPERATORS)[..]) {
        ([combiner], false, []) => {
            let operand = fields.required(combiner)?;
            let list = || -> Option<Vec<Condition>> {
                let items = operand.items(1..=Filter::MAX_NODES)?;
                let conditions = items.iter().map(|item| condition(item, depth + 1, nodes));
                // Each is read, so that all that is wrong is noted.
                conditions.collect::<Vec<_>>().into_iter().collect()
            };
            match *combiner {
                "all" => list().map(Condition::All),
                "any" => list().map(Condition::Any),
                _ => condition(&operand, depth + 1, nodes).map(|c| Condition::Not(Box::new(c))),
            }
        }
        ([], true, [operator]) => {
            let path = fields.required("path").and_then(|place| path(&place));
            let test = fields.required(operator).and_then(|place| test(operator, &place));
            Some(Condition::Test { path: path?, test: test? })
        }
        ([], true, []) => {
            place.invalid(format!("expected one operator with `path`: {}", OPERATORS.join(", ")));
            None
        }
        ([], true, [_, _, ..]) => {
            place.invalid("expected one operator; combine several conditions by `all`");
            None
        }
        _ => {
            place
                .invalid("expected either `path` with one operator, or one of `all`, `any`, `not`");
            None
        }
    }
}

fn path(place: &Place<'_>) -> Option<Pointer> {
    let text = place.text()?;
    let Some(pointer) = Pointer::parse(text) else {
        place.invalid(format!(
            "expected a JSON Pointer such as `/data/total`, found `{}`",
            excerpt(text)
        ));
        return None;
    };
    let first = pointer.first();
    if !EVENT.contains(&first) {
        let near = || nearest(first, EVENT.map(str::to_owned).into_iter());
        let problem = format!(
            "an event has no field `{}`: expected one of {}{}",
            excerpt(first),
            EVENT.join(", "),
            place.did_you_mean(near)
        );
        place.invalid(problem);
        return None;
    }
    Some(pointer)
}

fn test(operator: &str, place: &Place<'_>) -> Option<Test> {
    Some(match operator {
        "eq" => Test::Eq(scalar(place)?),
        "ne" => Test::Ne(scalar(place)?),
        "in" => {
            let values = place.items(1..=MAX_VALUES)?;
            let values: Vec<_> = values.iter().map(scalar).collect();
            Test::In(values.into_iter().collect::<Option<_>>()?)
        }
        "gt" => Test::Gt(number(place)?),
        "gte" => Test::Gte(number(place)?),
        "lt" => Test::Lt(number(place)?),
        "lte" => Test::Lte(number(place)?),
        "prefix" => {
            let text = place.text()?;
            Test::Prefix(place.fits(text, MAX_TEXT).then(|| text.to_owned())?)
        }
        _ => {
            let Value::Bool(wanted) = place.value else {
                place.invalid("expected true or false");
                return None;
            };
            Test::Exists(*wanted)
        }
    })
}

/// A value to compare with.
fn scalar(place: &Place<'_>) -> Option<Value> {
    match place.value {
        Value::Array(_) | Value::Object(_) => {
            place.invalid("expected text, a number, true, false or null");
            None
        }
        Value::String(text) => place.fits(text, MAX_TEXT).then(|| place.value.clone()),
        Value::Number(_) => number(place).map(|_| place.value.clone()),
        Value::Null | Value::Bool(_) => Some(place.value.clone()),
    }
}

fn number(place: &Place<'_>) -> Option<Quantity> {
    let Some(number) = Quantity::of(place.value) else {
        place.invalid("expected a number");
        return None;
    };
    if !number.is_exact() {
        place.invalid(
            "expected a number that is kept exactly: whole numbers of 64 bits, others below 2⁵³",
        );
        return None;
    }
    Some(number)
}
