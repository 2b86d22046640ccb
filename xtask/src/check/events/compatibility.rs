//! What a change of an event's JSON Schema breaks, for those who keep its version.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Words that say something about a value and demand nothing of it.
const ANNOTATIONS: [&str; 12] = [
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "readOnly",
    "title",
    "writeOnly",
];

/// Everything that breaks a reader of `old` who gets an event of `new`, or the other way round,
/// each with its path; empty when events of both go through both.
///
/// A new optional property breaks nobody, and neither do descriptions. All else does: old events
/// are kept and read again, and readers are not deployed together with writers.
pub(super) fn breaking_changes(old: &Value, new: &Value) -> Vec<String> {
    let mut comparison = Comparison { old, new, seen: BTreeSet::new(), breaks: Vec::new() };
    comparison.schema(old, new, "");
    comparison.breaks
}

struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    /// Pairs of schemas with a reference that were compared: a schema may contain itself.
    seen: BTreeSet<(String, String)>,
    breaks: Vec<String>,
}

impl Comparison<'_> {
    fn schema(&mut self, old: &Value, new: &Value, at: &str) {
        let refers = |schema: &Value| schema.get("$ref").is_some();
        // With what stands beside the reference, for that is demanded too.
        let pair = || (without_annotations(old), without_annotations(new));
        if (refers(old) || refers(new)) && !self.seen.insert(pair()) {
            return;
        }
        match (demands(old, self.old), demands(new, self.new)) {
            (Some(old), Some(new)) => self.demands(&old, &new, at),
            _ if old != new => self.breaks(at, "is another schema"),
            _ => {}
        }
    }

    fn demands(&mut self, old: &Map<String, Value>, new: &Map<String, Value>, at: &str) {
        self.set("type", old, new, at);
        self.set("enum", old, new, at);
        self.properties(old, new, at);
        let words: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        for word in words {
            match (word.as_str(), old.get(word), new.get(word)) {
                ("type" | "enum" | "properties" | "required", ..) => {}
                ("items" | "additionalProperties" | "not", Some(old), Some(new)) => {
                    self.schema(old, new, &format!("{at}/{word}"));
                }
                (
                    "anyOf" | "oneOf" | "allOf" | "prefixItems",
                    Some(Value::Array(old)),
                    Some(Value::Array(new)),
                ) => self.list(word, old, new, at),
                ("patternProperties", Some(Value::Object(old)), Some(Value::Object(new))) => {
                    self.patterns(old, new, at);
                }
                (_, Some(old), Some(new)) if old == new && !has_reference(old) => {}
                (_, Some(old), Some(new)) if old == new => {
                    let what = format!("has references in `{word}`, which this check can't follow");
                    self.breaks(at, &what);
                }
                (_, Some(old), Some(new)) => {
                    self.breaks(at, &format!("changed its `{word}` from {old} to {new}"));
                }
                (_, Some(old), None) => self.breaks(at, &format!("lost its `{word}` of {old}")),
                (_, None, Some(new)) => self.breaks(at, &format!("got a `{word}` of {new}")),
                (_, None, None) => {}
            }
        }
    }

    /// Properties, and which of them must be there.
    fn properties(&mut self, old: &Map<String, Value>, new: &Map<String, Value>, at: &str) {
        let none = Map::new();
        let of = |schema: &Map<String, Value>| match schema.get("properties") {
            Some(Value::Object(properties)) => properties.clone(),
            _ => none.clone(),
        };
        let (before, after) = (of(old), of(new));
        let (needed, needs) = (texts(old.get("required")), texts(new.get("required")));
        let closed = old.get("additionalProperties") == Some(&Value::Bool(false));
        for (name, old) in &before {
            let at = format!("{at}/{name}");
            let Some(new) = after.get(name) else {
                self.breaks(&at, "was removed, or has another name");
                continue;
            };
            match (needed.contains(name), needs.contains(name)) {
                (false, true) => self.breaks(&at, "is required now: older events lack it"),
                (true, false) => self.breaks(&at, "is optional now: readers count on it"),
                _ => {}
            }
            self.schema(old, new, &at);
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            let at = format!("{at}/{name}");
            if needs.contains(name) {
                self.breaks(&at, "is new and required: older events lack it");
            } else if closed {
                self.breaks(&at, "is new, and readers refuse what they don't know");
            }
        }
    }

    /// What properties with names of a pattern demand: those of a map, mostly.
    fn patterns(&mut self, old: &Map<String, Value>, new: &Map<String, Value>, at: &str) {
        for pattern in old.keys().chain(new.keys().filter(|pattern| !old.contains_key(*pattern))) {
            let at = format!("{at}/patternProperties/{pattern}");
            match (old.get(pattern), new.get(pattern)) {
                (Some(old), Some(new)) => self.schema(old, new, &at),
                (Some(_), None) => self.breaks(&at, "was removed: names may be others"),
                _ => self.breaks(&at, "is new: names may be others"),
            }
        }
    }

    /// The values or types that are possible.
    fn set(&mut self, word: &str, old: &Map<String, Value>, new: &Map<String, Value>, at: &str) {
        let (Some(old), Some(new)) = (old.get(word), new.get(word)) else {
            match (old.get(word), new.get(word)) {
                (Some(_), None) => self.breaks(at, &format!("takes more than before: no `{word}`")),
                (None, Some(new)) => self.breaks(at, &format!("takes less: `{word}` {new}")),
                _ => {}
            }
            return;
        };
        let (before, after) = (values(old), values(new));
        let list =
            |values: Vec<&String>| values.into_iter().cloned().collect::<Vec<_>>().join(", ");
        let (gone, come) =
            (list(before.difference(&after).collect()), list(after.difference(&before).collect()));
        if !gone.is_empty() {
            self.breaks(at, &format!("does not take {gone} any more (`{word}`)"));
        }
        if !come.is_empty() {
            self.breaks(at, &format!("takes {come} too, which readers don't know (`{word}`)"));
        }
    }

    fn list(&mut self, word: &str, old: &[Value], new: &[Value], at: &str) {
        if old.len() != new.len() {
            let what = format!("has {} instead of {} schemas in `{word}`", new.len(), old.len());
            return self.breaks(at, &what);
        }
        for (place, (old, new)) in old.iter().zip(new).enumerate() {
            self.schema(old, new, &format!("{at}/{word}/{place}"));
        }
    }

    fn breaks(&mut self, at: &str, what: &str) {
        let at = if at.is_empty() { "the payload" } else { at };
        self.breaks.push(format!("{at} {what}"));
    }
}

fn without_annotations(schema: &Value) -> String {
    let mut schema = schema.clone();
    if let Some(words) = schema.as_object_mut() {
        words.retain(|word, _| !ANNOTATIONS.contains(&word.as_str()));
    }
    schema.to_string()
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::Object(words) => words.contains_key("$ref") || words.values().any(has_reference),
        Value::Array(values) => values.iter().any(has_reference),
        _ => false,
    }
}

/// What a schema demands, without annotations, with its reference followed and with alternatives
/// of constants as one `enum`; `None` for `true` and `false`.
fn demands(schema: &Value, root: &Value) -> Option<Map<String, Value>> {
    let mut demands = schema.as_object()?.clone();
    // As many steps as there may be definitions: a circle of bare references ends too.
    for _ in 0..64 {
        let Some(Value::String(name)) = demands.remove("$ref") else { break };
        let target = name.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        let Some(Value::Object(target)) = target else { break };
        for (word, value) in target {
            demands.entry(word.clone()).or_insert_with(|| value.clone());
        }
    }
    if let Some(constants) = demands.get("oneOf").and_then(constants) {
        demands.remove("oneOf");
        demands.insert("enum".to_owned(), Value::Array(constants));
        demands.entry("type").or_insert_with(|| "string".into());
    }
    if let Some(constant) = demands.remove("const") {
        demands.insert("enum".to_owned(), Value::Array(vec![constant]));
    }
    demands.retain(|word, _| !ANNOTATIONS.contains(&word.as_str()));
    Some(demands)
}

/// The texts of a `oneOf` that names nothing else: an enum turns into one when its variants get
/// documentation.
fn constants(one_of: &Value) -> Option<Vec<Value>> {
    let mut all = Vec::new();
    for alternative in one_of.as_array()? {
        let known = ["const", "enum", "type", "description", "title"];
        let alternative = alternative.as_object()?;
        if alternative.keys().any(|word| !known.contains(&word.as_str()))
            || alternative.get("type")? != "string"
        {
            return None;
        }
        match (alternative.get("const"), alternative.get("enum")) {
            (Some(constant), None) => all.push(constant.clone()),
            (None, Some(Value::Array(values))) => all.extend(values.iter().cloned()),
            _ => return None,
        }
    }
    Some(all)
}

fn values(of: &Value) -> BTreeSet<String> {
    match of {
        Value::Array(values) => values.iter().map(ToString::to_string).collect(),
        one => BTreeSet::from([one.to_string()]),
    }
}

fn texts(of: Option<&Value>) -> BTreeSet<String> {
    let texts = of.and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
