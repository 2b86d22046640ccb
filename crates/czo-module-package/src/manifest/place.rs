//! A value in a document, and where it is: what reads it says what is wrong with it there.

use std::cell::{Cell, RefCell};

use czo_core::FieldErrorCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

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
pub(super) struct Notes {
    violations: RefCell<Vec<Violation>>,
    suggestions: Cell<usize>,
}

impl Notes {
    /// Notes a violation, unless there are as many as are kept.
    pub(super) fn refuse(&self, path: &str, code: FieldErrorCode, problem: impl Into<String>) {
        self.note(path, code, &problem.into(), None);
    }

    /// Notes a violation and what to do about it.
    pub(super) fn note(&self, path: &str, code: FieldErrorCode, problem: &str, fix: Option<&str>) {
        let mut violations = self.violations.borrow_mut();
        if violations.len() < ManifestError::MAX_VIOLATIONS {
            // Messages quote the document.
            let safe = |text: &str| shortened(&printable(text), MAX_PROBLEM);
            let (problem, fix) = (safe(problem), fix.map(safe));
            violations.push(Violation { path: path.to_owned(), code, problem, fix });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.violations.borrow().is_empty()
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

    /// What was probably meant by `wanted`, if something is near.
    pub(super) fn nearest(&self, wanted: &str, known: &[&str]) -> Option<String> {
        let used = self.suggestions.get();
        if used == MAX_SUGGESTIONS {
            return None;
        }
        self.suggestions.set(used + 1);
        nearest(wanted, known.iter().copied()).map(|meant| format!("did you mean `{meant}`?"))
    }
}

/// A value and its path.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub(super) value: &'a Value,
    pub(super) path: String,
    pub(super) notes: &'a Notes,
}

impl<'a> Place<'a> {
    pub(super) fn root(value: &'a Value, notes: &'a Notes) -> Self {
        Self { value, path: String::new(), notes }
    }

    /// A value below this one.
    pub(super) fn below(&self, segment: &str, value: &'a Value) -> Self {
        Self { value, path: pointer(&self.path, segment), notes: self.notes }
    }

    /// The place of something within this value, whose path in it somebody else has found.
    pub(super) fn within(&self, path: &str) -> Self {
        Self { path: format!("{}{path}", self.path), ..self.clone() }
    }

    /// A field, if it is there.
    pub(super) fn field(&self, name: &str) -> Option<Self> {
        self.value.get(name).map(|value| self.below(name, value))
    }

    /// The field `name`, or this value where it is left out: where to say that it is wrong.
    pub(super) fn field_or_self(&self, name: &str) -> Self {
        self.field(name).unwrap_or_else(|| self.clone())
    }

    /// The text of a field, if it is there and a text.
    pub(super) fn text_of(&self, name: &str) -> Option<(Self, &'a str)> {
        let field = self.field(name)?;
        let text = field.value.as_str()?;
        Some((field, text))
    }

    pub(super) fn refuse(&self, code: FieldErrorCode, problem: impl Into<String>) {
        self.notes.refuse(&self.path, code, problem);
    }

    /// Notes that the value is not of the expected form.
    pub(super) fn invalid(&self, problem: impl Into<String>) {
        self.refuse(FieldErrorCode::Invalid, problem);
    }

    /// Notes that the value is not of the expected form, and what to do about it.
    pub(super) fn invalid_fix(&self, problem: impl AsRef<str>, fix: impl AsRef<str>) {
        let code = FieldErrorCode::Invalid;
        self.notes.note(&self.path, code, problem.as_ref(), Some(fix.as_ref()));
    }

    /// Notes that the value is not among those known, and which is near it.
    pub(super) fn unknown(&self, problem: impl AsRef<str>, wanted: &str, known: &[&str]) {
        let fix = self.notes.nearest(wanted, known);
        self.notes.note(&self.path, FieldErrorCode::NotFound, problem.as_ref(), fix.as_deref());
    }

    /// What a list below this value holds; nothing if there is no list.
    pub(super) fn elements(&self, name: &str) -> impl Iterator<Item = Place<'a>> + use<'a> {
        let list = self.field(name);
        list.into_iter().flat_map(|list| {
            let items = list.value.as_array().map_or(&[][..], Vec::as_slice);
            let below =
                move |(index, item): (usize, &'a Value)| list.below(&index.to_string(), item);
            items.iter().enumerate().map(below)
        })
    }

    /// The texts of a list below this value.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = (Place<'a>, &'a str)> + use<'a> {
        self.elements(name).filter_map(|item| item.value.as_str().map(|text| (item, text)))
    }

    /// What a list below this value holds, as far as it is of the right form: what is not was noted
    /// when the document was held to its schema.
    pub(super) fn parts<T: DeserializeOwned>(&self, name: &str) -> Vec<(Place<'a>, T)> {
        let part = |item: Place<'a>| T::deserialize(item.value).ok().map(|part| (item, part));
        self.elements(name).filter_map(part).collect()
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
