//! What is wrong with a manifest, and where.

use std::cmp::Ordering;
use std::fmt;

use czo_core::{Classified, ErrorKind, FieldError, FieldErrorCode};
use serde::Serialize;

use super::characters::printable;

/// One thing that is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Where, as a JSON Pointer (RFC 6901); empty for the whole document.
    pub path: String,
    /// What is wrong, for programs.
    pub code: FieldErrorCode,
    /// What is there and what was expected, for people.
    pub problem: String,
    /// What to do about it, where `problem` does not say so already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", printable(&self.path))?;
        }
        f.write_str(&self.problem)?;
        self.fix.as_ref().map_or(Ok(()), |fix| write!(f, "; {fix}"))
    }
}

/// Everything that is wrong with a manifest.
///
/// Violations are sorted by their place, those of one list in the order of the list. Of a document
/// with more than [`Self::MAX_VIOLATIONS`] the first that were found are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestError {
    violations: Vec<Violation>,
    fields: Vec<FieldError>,
}

impl ManifestError {
    /// How many violations are kept.
    pub const MAX_VIOLATIONS: usize = 1000;

    /// An error of these violations, at least one.
    pub(super) fn new(mut violations: Vec<Violation>) -> Self {
        violations
            .sort_by(|a, b| by_place(&a.path, &b.path).then_with(|| a.problem.cmp(&b.problem)));
        violations.dedup();
        let field = |violation: &Violation| FieldError {
            field: segments(&violation.path).collect(),
            code: violation.code,
            message: violation.problem.clone(),
        };
        let fields = violations.iter().map(field).collect();
        Self { violations, fields }
    }

    /// All of them, sorted by place.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.violations.as_slice() {
            [] => f.write_str("the manifest cannot be read"),
            [only] => write!(f, "the manifest is refused: {only}"),
            [first, others @ ..] => {
                write!(f, "the manifest is refused: {first}; and {} more", others.len())
            }
        }
    }
}

impl std::error::Error for ManifestError {}

impl Classified for ManifestError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }

    fn field_errors(&self) -> &[FieldError] {
        &self.fields
    }
}

/// The segments of a JSON Pointer.
pub(super) fn segments(path: &str) -> impl Iterator<Item = String> {
    path.split('/').skip(1).map(|segment| segment.replace("~1", "/").replace("~0", "~"))
}

/// Compares places segment by segment, so that `/a/9` comes before `/a/10`.
fn by_place(a: &str, b: &str) -> Ordering {
    let segment = |a: &str, b: &str| match (a.parse::<u32>(), b.parse::<u32>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.cmp(b),
    };
    let (mut a, mut b) = (a.split('/'), b.split('/'));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match segment(a, b) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violation(path: &str) -> Violation {
        let (path, problem) = (path.to_owned(), "wrong".to_owned());
        Violation { path, code: FieldErrorCode::Invalid, problem, fix: None }
    }

    #[test]
    fn violations_are_sorted_by_place_and_each_is_told_once() {
        let paths = ["/hooks/10/phase", "/hooks/9", "", "/name", "/hooks", "/name"];
        let error = ManifestError::new(paths.map(violation).to_vec());
        let sorted: Vec<_> = error.violations().iter().map(|v| v.path.as_str()).collect();
        assert_eq!(sorted, ["", "/hooks", "/hooks/9", "/hooks/10/phase", "/name"]);
    }

    #[test]
    fn a_violation_is_an_error_of_a_field() {
        let error = ManifestError::new(vec![violation("/config/properties/a~1b~0")]);
        let [field] = error.field_errors() else { panic!("one field") };
        assert_eq!(field.field, ["config", "properties", "a/b~"]);
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }

    #[test]
    fn the_message_names_the_first_and_counts_the_others() {
        let error = ManifestError::new(vec![violation("/name"), violation("/version")]);
        assert_eq!(error.to_string(), "the manifest is refused: /name: wrong; and 1 more");
    }
}
