//! JSON Schemas within a manifest: what they may hold, so that checking a value by one ends soon.
//!
//! A module's schema decides how long czo computes. So it stands alone (no reference leads out of
//! it), it does not lead back to itself, and what it comes to when each reference is replaced by
//! what it names is bounded, as are the number and the size of its patterns, which an engine of
//! linear time matches.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};

use czo_core::FieldErrorCode;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::place::{Place, excerpt};
use super::violation::ManifestError;

/// The dialect that is understood.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// How many schemas there are in one manifest, those within schemas among them, and how many
/// patterns they have.
const MAX_SCHEMAS: usize = 2000;
const MAX_PATTERNS: usize = 100;

/// What one pattern takes when it is compiled, in bytes.
const MAX_PATTERN_SIZE: usize = 256 * 1024;

/// How many schemas one comes to with its references replaced.
const MAX_EXPANDED: u64 = 10_000;

/// How many levels one has with its references replaced.
const MAX_LEVELS: usize = 64;

/// Keywords whose value is a schema.
const ONE: [&str; 12] = [
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "additionalItems",
];

/// Keywords whose value is a list of schemas.
const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];

/// Keywords whose value has schemas by names.
const MAPS: [&str; 6] =
    ["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"];

/// Keywords by which a schema would refer to others in ways that are not followed here.
const REFUSED: [&str; 5] =
    ["$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef"];

/// What the schemas of one manifest have left to spend.
#[derive(Debug)]
pub(super) struct Budget {
    schemas: Cell<usize>,
    patterns: Cell<usize>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { schemas: Cell::new(MAX_SCHEMAS), patterns: Cell::new(MAX_PATTERNS) }
    }
}

impl Budget {
    /// Whether there are so many left of something; they are spent then.
    fn spend(left: &Cell<usize>, number: usize) -> bool {
        let rest = left.get().checked_sub(number);
        left.set(rest.unwrap_or(0));
        rest.is_some()
    }
}

/// The schemas within a schema that was found to be good.
pub(super) type Schemas<'a> = BTreeMap<String, Place<'a>>;

/// Checks the schema at `root`, and notes what is wrong with it. Gives all schemas that are in it,
/// itself among them, by their paths in it.
pub(super) fn check<'a>(root: &Place<'a>, budget: &Budget) -> Option<Schemas<'a>> {
    root.value.as_object().or_else(|| {
        root.invalid("expected a JSON Schema, which is an object");
        None
    })?;
    let mut schemas = Schemas::new();
    if !collect(root, root, budget, &mut schemas) {
        let problem = format!("expected at most {MAX_SCHEMAS} schemas in all schemas together");
        root.refuse(FieldErrorCode::TooMany, problem);
        return None;
    }
    let mut problems = problems_of_form(root, &schemas, budget);
    // What something comes to is only known if it is a schema.
    if problems.is_empty() {
        problems.extend(problem_of_size(root, &schemas));
    }
    for (place, code, problem) in &problems {
        place.refuse(*code, problem);
    }
    problems.is_empty().then_some(schemas)
}

type Problem<'a> = (Place<'a>, FieldErrorCode, String);

fn problems_of_form<'a>(
    root: &Place<'a>,
    schemas: &Schemas<'a>,
    budget: &Budget,
) -> Vec<Problem<'a>> {
    let dialect = jsonschema::draft202012::meta::validator();
    let errors = dialect.iter_errors(root.value).take(ManifestError::MAX_VIOLATIONS);
    let mut problems: Vec<_> = errors.map(|error| no_schema(root, &error)).collect();
    for (path, schema) in schemas {
        let wrong = wrong_words(path, schema, schemas).into_iter();
        problems.extend(wrong.map(|(place, problem)| (place, FieldErrorCode::Invalid, problem)));
        let number = number_of_patterns(schema.value);
        if !Budget::spend(&budget.patterns, number) {
            let problem =
                format!("expected at most {MAX_PATTERNS} patterns in all schemas together");
            problems.push((schema.clone(), FieldErrorCode::TooMany, problem));
        }
    }
    problems
}

fn problem_of_size<'a>(root: &Place<'a>, schemas: &Schemas<'a>) -> Option<Problem<'a>> {
    if let Err(problem) = Expansion::check(schemas) {
        return Some((root.clone(), FieldErrorCode::Invalid, problem.to_owned()));
    }
    compile(root.value).err().map(|error| no_schema(root, &error))
}

/// What jsonschema says, without the value, which may be long.
fn no_schema<'a>(root: &Place<'a>, error: &ValidationError<'_>) -> Problem<'a> {
    let place = root.within(&error.instance_path().to_string());
    let problem = format!("not a JSON Schema: {}", error.masked_with("this"));
    (place, FieldErrorCode::Invalid, problem)
}

/// What checks values by a schema that was found to be good.
pub(super) fn compile(schema: &Value) -> Result<Validator, ValidationError<'static>> {
    let patterns = PatternOptions::regex().size_limit(MAX_PATTERN_SIZE);
    let options = jsonschema::options().with_draft(Draft::Draft202012);
    options.with_pattern_options(patterns).build(schema)
}

/// Gathers the schemas at and below `place`, unless they are too many.
fn collect<'a>(
    root: &Place<'a>,
    place: &Place<'a>,
    budget: &Budget,
    schemas: &mut Schemas<'a>,
) -> bool {
    schemas.insert(place.path[root.path.len()..].to_owned(), place.clone());
    Budget::spend(&budget.schemas, 1)
        && children(place).all(|child| collect(root, &child, budget, schemas))
}

/// The schemas directly below one.
fn children<'a>(schema: &Place<'a>) -> impl Iterator<Item = Place<'a>> {
    let one = ONE.iter().filter_map(|name| {
        let value = schema.value.get(*name)?;
        Some(schema.below(name, value))
    });
    let lists = LISTS.iter().flat_map(|name| schema.elements(name));
    let maps = MAPS.iter().flat_map(|name| {
        let map = schema.value.get(*name).and_then(Value::as_object);
        let named = map.into_iter().flatten();
        named.map(|(key, value)| schema.below(name, value).below(key, value))
    });
    // `dependencies` may hold lists of names, and what is no schema is noted by its dialect.
    one.chain(lists).chain(maps).filter(|child| child.value.is_object() || child.value.is_boolean())
}

/// What this schema says that no schema of a manifest may say.
fn wrong_words<'a>(
    path: &str,
    schema: &Place<'a>,
    schemas: &Schemas<'a>,
) -> Vec<(Place<'a>, String)> {
    let Value::Object(map) = schema.value else { return Vec::new() };
    let mut wrong = Vec::new();
    for (name, value) in map {
        let place = schema.below(name, value);
        match (name.as_str(), value.as_str()) {
            ("$schema", Some(dialect)) if dialect.trim_end_matches('#') != DIALECT => {
                wrong.push((place, format!("expected `{DIALECT}`, or no `$schema`")));
            }
            ("$id", _) if !path.is_empty() => {
                wrong.push((place, "expected no `$id` below the root of a schema".to_owned()));
            }
            ("$ref", Some(reference)) => match target(reference) {
                Some(target) if schemas.contains_key(target) => {}
                Some(_) => {
                    wrong.push((place, format!("`{}` names no schema", excerpt(reference))));
                }
                None => wrong.push((
                    place,
                    "expected a reference into this schema, such as `#/$defs/address`".to_owned(),
                )),
            },
            (refused, _) if REFUSED.contains(&refused) => {
                let problem = format!("`{refused}` is not supported; use `$ref` with `#/$defs/…`");
                wrong.push((place, problem));
            }
            _ => {}
        }
    }
    wrong
}

/// The path that a reference within the document names.
fn target(reference: &str) -> Option<&str> {
    let path = reference.strip_prefix('#')?;
    (path.is_empty() || path.starts_with('/')).then_some(path)
}

fn number_of_patterns(schema: &Value) -> usize {
    let properties = schema.get("patternProperties").and_then(Value::as_object);
    usize::from(schema.get("pattern").is_some()) + properties.map_or(0, serde_json::Map::len)
}

/// What a schema comes to when each reference is replaced by what it names.
struct Expansion<'a> {
    schemas: &'a Schemas<'a>,
    known: HashMap<&'a str, Size>,
    /// Those that are being looked at: to meet one of them again is to go in circles.
    open: HashSet<&'a str>,
}

#[derive(Clone, Copy)]
struct Size {
    schemas: u64,
    levels: usize,
}

impl<'a> Expansion<'a> {
    fn check(schemas: &'a Schemas<'a>) -> Result<(), &'static str> {
        let mut expansion = Self { schemas, known: HashMap::new(), open: HashSet::new() };
        let size = expansion.size("", 1)?;
        if size.levels > MAX_LEVELS {
            return Err("expected at most 64 levels, with references replaced");
        }
        if size.schemas > MAX_EXPANDED {
            return Err("expected at most 10000 schemas, with references replaced");
        }
        Ok(())
    }

    fn size(&mut self, path: &str, level: usize) -> Result<Size, &'static str> {
        // What is not among the schemas has been refused.
        let Some((path, schema)) = self.schemas.get_key_value(path) else {
            return Ok(Size { schemas: 1, levels: 1 });
        };
        if let Some(size) = self.known.get(path.as_str()) {
            return Ok(*size);
        }
        if level > MAX_LEVELS {
            return Err("expected at most 64 levels, with references replaced");
        }
        if !self.open.insert(path) {
            return Err("expected a schema that does not refer back to itself");
        }
        let root = self.schemas.get("").map_or(0, |root| root.path.len());
        let mut size = Size { schemas: 1, levels: 1 };
        let children = children(schema).map(|child| child.path[root..].to_owned());
        let reference = schema.value.get("$ref").and_then(Value::as_str).and_then(target);
        for path in children.chain(reference.map(str::to_owned)) {
            let below = self.size(&path, level + 1)?;
            size.schemas = size.schemas.saturating_add(below.schemas);
            size.levels = size.levels.max(below.levels + 1);
        }
        self.open.remove(path.as_str());
        self.known.insert(path, size);
        Ok(size)
    }
}
