//! A value in a document, and where it is: what reads it says what is wrong with it there.

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use czo_core::FieldErrorCode;
use serde_json::{Map, Value};

use super::characters::printable;
use super::suggestion::nearest;
use super::violation::{ManifestError, Violation};

/// The longest excerpt of a document in a message, in characters, and the longest message.
const MAX_EXCERPT: usize = 60;
const MAX_PROBLEM: usize = 500;

/// How often something nearby is looked for in one document: it takes longer than all else.
const MAX_SUGGESTIONS: usize = 200;

/// Where violations are noted while a document is read.
#[derive(Debug, Default)]
pub(super) struct Report {
    violations: RefCell<Vec<Violation>>,
    suggestions: Cell<usize>,
}

impl Report {
    /// Notes a violation, unless there are as many as are kept.
    pub(super) fn refuse(&self, path: &str, code: FieldErrorCode, problem: impl Into<String>) {
        let mut violations = self.violations.borrow_mut();
        if violations.len() < ManifestError::MAX_VIOLATIONS {
            // Messages quote the document.
            let problem = shortened(&printable(&problem.into()), MAX_PROBLEM);
            violations.push(Violation { path: path.to_owned(), code, problem });
        }
    }

    /// What was read, unless a violation was noted. Readers return nothing only where they have
    /// noted why.
    pub(super) fn conclude<T>(self, value: Option<T>) -> Result<T, ManifestError> {
        let violations = self.violations.into_inner();
        match value {
            Some(value) if violations.is_empty() => Ok(value),
            _ => Err(ManifestError::new(violations)),
        }
    }
}

/// A value and its path. Each reader notes what is wrong and returns nothing then.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub(super) value: &'a Value,
    pub(super) path: String,
    report: &'a Report,
}

/// The fields of an object.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    place: Place<'a>,
}

impl<'a> Place<'a> {
    pub(super) fn root(value: &'a Value, report: &'a Report) -> Self {
        Self { value, path: String::new(), report }
    }

    /// A value below this one.
    pub(super) fn below(&self, segment: &str, value: &'a Value) -> Self {
        Self { value, path: pointer(&self.path, segment), report: self.report }
    }

    /// The place of something within this value, whose path in it somebody else has found.
    pub(super) fn within(&self, path: &str) -> Self {
        Self { path: format!("{}{path}", self.path), ..self.clone() }
    }

    pub(super) fn refuse(&self, code: FieldErrorCode, problem: impl Into<String>) {
        self.report.refuse(&self.path, code, problem);
    }

    /// Notes that the value is not of the expected form.
    pub(super) fn invalid(&self, problem: impl Into<String>) {
        self.refuse(FieldErrorCode::Invalid, problem);
    }

    /// The end of a message that names what was probably meant, if something is near.
    pub(super) fn did_you_mean(&self, meant: impl FnOnce() -> Option<String>) -> String {
        let used = self.report.suggestions.get();
        if used == MAX_SUGGESTIONS {
            return String::new();
        }
        self.report.suggestions.set(used + 1);
        meant().map(|meant| format!("; did you mean `{}`?", excerpt(&meant))).unwrap_or_default()
    }

    fn expected(&self, what: &str) {
        self.invalid(format!("expected {what}, found {}", kind(self.value)));
    }

    /// A text of any form.
    pub(super) fn text(&self) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.expected("text");
        }
        text
    }

    /// A text for people, on one line.
    pub(super) fn line(&self, longest: usize) -> Option<String> {
        let text = self.prose(longest)?;
        if text.contains(['\n', '\t']) {
            self.invalid("expected text on one line");
            return None;
        }
        Some(text)
    }

    /// A text for people, on any number of lines.
    pub(super) fn prose(&self, longest: usize) -> Option<String> {
        let text = self.text()?;
        if text.trim().is_empty() {
            self.refuse(FieldErrorCode::Required, "expected text, found none");
            return None;
        }
        self.fits(text, longest).then(|| text.to_owned())
    }

    /// Whether a text has no more characters than it may.
    pub(super) fn fits(&self, text: &str, longest: usize) -> bool {
        let length = text.chars().count();
        if length > longest {
            let problem = format!("expected at most {longest} characters, found {length}");
            self.refuse(FieldErrorCode::TooLong, problem);
        }
        length <= longest
    }

    /// A text that says what is wrong with it by itself.
    pub(super) fn parse<T: FromStr<Err: Display>>(&self) -> Option<T> {
        self.text()?.parse().map_err(|error: T::Err| self.invalid(error.to_string())).ok()
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let chosen = choices.iter().find(|(word, _)| *word == text);
        if chosen.is_none() {
            let words: Vec<_> = choices.iter().map(|(word, _)| format!("`{word}`")).collect();
            let known = choices.iter().map(|(word, _)| (*word).to_owned());
            self.invalid(format!(
                "expected {}, found `{}`{}",
                words.join(" or "),
                excerpt(text),
                self.did_you_mean(|| nearest(text, known))
            ));
        }
        chosen.map(|(_, value)| *value)
    }

    /// A whole number.
    pub(super) fn integer(&self, range: &RangeInclusive<u32>) -> Option<u32> {
        let number = self.value.as_u64().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let found = match self.value {
                Value::Number(number) => number.to_string(),
                other => kind(other).to_owned(),
            };
            let (least, most) = (range.start(), range.end());
            self.invalid(format!("expected a whole number from {least} to {most}, found {found}"));
        }
        number
    }

    /// The items of a list.
    pub(super) fn items(&self, number: RangeInclusive<usize>) -> Option<Vec<Place<'a>>> {
        let Value::Array(items) = self.value else {
            self.expected("a list");
            return None;
        };
        if items.len() < *number.start() {
            let problem = format!("expected at least {}, found {}", number.start(), items.len());
            self.refuse(FieldErrorCode::Required, problem);
        }
        if items.len() > *number.end() {
            let problem = format!("expected at most {}, found {}", number.end(), items.len());
            self.refuse(FieldErrorCode::TooMany, problem);
            return None;
        }
        let below = |(index, item): (usize, &'a Value)| self.below(&index.to_string(), item);
        Some(items.iter().enumerate().map(below).collect())
    }

    /// What a list below this value holds, whatever else is wrong; nothing if there is no list.
    pub(super) fn elements(&self, name: &str) -> impl Iterator<Item = Place<'a>> + use<'a> {
        let list = self.value.get(name).map(|value| self.below(name, value));
        list.into_iter().flat_map(|list| {
            let items = list.value.as_array().map_or(&[][..], Vec::as_slice);
            let below =
                move |(index, item): (usize, &'a Value)| list.below(&index.to_string(), item);
            items.iter().enumerate().map(below)
        })
    }

    /// The fields of an object that has no others than `known`.
    pub(super) fn fields(&self, known: &[&str]) -> Option<Fields<'a>> {
        let Value::Object(map) = self.value else {
            self.expected("an object");
            return None;
        };
        for (name, value) in map.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            let known = known.iter().map(|name| (*name).to_owned());
            let meant = self.did_you_mean(|| nearest(name, known));
            let problem = format!("unknown field `{}`{meant}", excerpt(name));
            self.below(name, value).invalid(problem);
        }
        Some(Fields { map, place: self.clone() })
    }
}

impl<'a> Fields<'a> {
    /// A field that may be left out.
    pub(super) fn optional(&self, name: &str) -> Option<Place<'a>> {
        self.map.get(name).map(|value| self.place.below(name, value))
    }

    /// A field that must be there.
    pub(super) fn required(&self, name: &str) -> Option<Place<'a>> {
        let field = self.optional(name);
        if field.is_none() {
            let path = pointer(&self.place.path, name);
            let problem = "this field is required";
            self.place.report.refuse(&path, FieldErrorCode::Required, problem);
        }
        field
    }

    /// What a list holds, whatever else is wrong.
    pub(super) fn elements(&self, name: &str) -> impl Iterator<Item = Place<'a>> + use<'a> {
        self.place.elements(name)
    }

    /// The items of a list of at most `most`, which may be left out.
    pub(super) fn list<T>(
        &self,
        name: &str,
        most: usize,
        read: impl Fn(&Place<'a>) -> Option<T>,
    ) -> Vec<(Place<'a>, T)> {
        let items = self.optional(name).and_then(|list| list.items(0..=most)).unwrap_or_default();
        items.into_iter().filter_map(|item| read(&item).map(|value| (item, value))).collect()
    }
}

/// The path of a value below `path`.
pub(super) fn pointer(path: &str, segment: &str) -> String {
    format!("{path}/{}", segment.replace('~', "~0").replace('/', "~1"))
}

/// The beginning of a text, for a message.
pub(crate) fn excerpt(text: &str) -> String {
    shortened(text, MAX_EXCERPT)
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What a value is, for a message.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
