//! Which events a webhook is sent, by what is in them.

mod pointer;
mod quantity;
mod read;
mod schema;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::{Value, json};

use self::pointer::Pointer;
use self::quantity::Quantity;
use super::place::{Place, Report};
use super::violation::ManifestError;

/// A condition on an event, compiled: a small language that says yes or no of every event, in time
/// bounded by its own size, and never fails.
///
/// A condition is an object. It tests one value of the event, named by a JSON Pointer into the
/// event as it is on the wire, by one operator, or it combines others:
///
/// | form | true if |
/// |---|---|
/// | `{"path": p, "eq": v}` | the value is there and equal to `v`: text, number, boolean or null |
/// | `{"path": p, "ne": v}` | it is there and not equal to `v` |
/// | `{"path": p, "in": [v, …]}` | it is there and equal to one of them |
/// | `{"path": p, "gt": n}`, `gte`, `lt`, `lte` | it is a number, and greater (…) than the number `n` |
/// | `{"path": p, "prefix": t}` | it is text that begins with the text `t` |
/// | `{"path": p, "exists": b}` | it is there, null or not (`true`), or it is not there (`false`) |
/// | `{"all": [c, …]}` | each of the conditions is true |
/// | `{"any": [c, …]}` | one of them is |
/// | `{"not": c}` | the condition is false |
///
/// So a test of a value that is not there is false, but for `"exists": false`. Numbers are compared
/// by their value, exactly: `1` equals `1.0`, and 2⁵³ + 1 is more than 2⁵³. A filter has at most
/// eight levels and 64 conditions.
///
/// ```
/// use czo_apps::Filter;
/// use serde_json::json;
///
/// let filter = Filter::read(&json!({ "all": [
///     { "path": "/data/total", "gte": 1000 },
///     { "not": { "path": "/data/country", "in": ["FR", "DE"] } },
/// ]}))?;
/// assert!(filter.matches(&json!({ "data": { "total": 1500, "country": "IT" } })));
/// assert!(!filter.matches(&json!({ "data": { "total": 1500, "country": "FR" } })));
/// # Ok::<(), czo_apps::ManifestError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(Condition);

#[derive(Clone, Debug, PartialEq)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Test { path: Pointer, test: Test },
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Eq(Value),
    Ne(Value),
    In(Vec<Value>),
    Gt(Quantity),
    Gte(Quantity),
    Lt(Quantity),
    Lte(Quantity),
    Prefix(String),
    Exists(bool),
}

impl Filter {
    /// The most levels of a filter.
    pub const MAX_DEPTH: usize = 8;
    /// The most conditions of a filter, those that combine others among them.
    pub const MAX_NODES: usize = 64;

    /// Compiles a filter.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it; paths begin at the filter.
    pub fn read(filter: &Value) -> Result<Self, ManifestError> {
        let report = Report::default();
        let filter = Self::read_at(&Place::root(filter, &report));
        report.conclude(filter)
    }

    /// Compiles the filter at a place of a manifest.
    pub(super) fn read_at(place: &Place<'_>) -> Option<Self> {
        read::read(place).map(Self)
    }

    /// Whether the event is wanted. `event` is the whole event, as it is on the wire.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        self.0.matches(event)
    }
}

impl Condition {
    fn matches(&self, event: &Value) -> bool {
        match self {
            Self::All(conditions) => conditions.iter().all(|condition| condition.matches(event)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.matches(event)),
            Self::Not(condition) => !condition.matches(event),
            Self::Test { path, test } => test.matches(path.find(event)),
        }
    }

    fn to_value(&self) -> Value {
        let list = |conditions: &[Self]| conditions.iter().map(Self::to_value).collect::<Value>();
        match self {
            Self::All(conditions) => json!({ "all": list(conditions) }),
            Self::Any(conditions) => json!({ "any": list(conditions) }),
            Self::Not(condition) => json!({ "not": condition.to_value() }),
            Self::Test { path, test } => {
                let (operator, operand) = test.to_value();
                json!({ "path": path.to_string(), operator: operand })
            }
        }
    }
}

impl Test {
    fn matches(&self, found: Option<&Value>) -> bool {
        let Some(found) = found else { return *self == Self::Exists(false) };
        let number = || Quantity::of(found);
        match self {
            Self::Eq(wanted) => equal(found, wanted),
            Self::Ne(unwanted) => !equal(found, unwanted),
            Self::In(wanted) => wanted.iter().any(|wanted| equal(found, wanted)),
            Self::Gt(than) => number().is_some_and(|number| number > *than),
            Self::Gte(than) => number().is_some_and(|number| number >= *than),
            Self::Lt(than) => number().is_some_and(|number| number < *than),
            Self::Lte(than) => number().is_some_and(|number| number <= *than),
            Self::Prefix(prefix) => found.as_str().is_some_and(|text| text.starts_with(prefix)),
            Self::Exists(wanted) => *wanted,
        }
    }

    fn to_value(&self) -> (&'static str, Value) {
        match self {
            Self::Eq(value) => ("eq", value.clone()),
            Self::Ne(value) => ("ne", value.clone()),
            Self::In(values) => ("in", values.clone().into()),
            Self::Gt(number) => ("gt", number.to_value()),
            Self::Gte(number) => ("gte", number.to_value()),
            Self::Lt(number) => ("lt", number.to_value()),
            Self::Lte(number) => ("lte", number.to_value()),
            Self::Prefix(text) => ("prefix", text.clone().into()),
            Self::Exists(wanted) => ("exists", (*wanted).into()),
        }
    }
}

/// Whether two values are the same, numbers by what they amount to.
fn equal(found: &Value, wanted: &Value) -> bool {
    match (Quantity::of(found), Quantity::of(wanted)) {
        (Some(found), Some(wanted)) => found == wanted,
        _ => found == wanted,
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
