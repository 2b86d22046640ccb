//! Which names are those of common table expressions.

/// The common table expressions that can be seen, the innermost last.
///
/// In the statement that is executed each has a name of ours that begins with the module's prefix.
/// So even if a database saw a table where a common table expression is meant, it would be one of
/// the module's.
#[derive(Debug, Default)]
pub(super) struct Scope {
    seen: Vec<(String, String)>,
    made: usize,
}

impl Scope {
    /// How many can be seen, for [`leave`](Self::leave).
    pub(super) fn enter(&self) -> usize {
        self.seen.len()
    }

    /// Those that came since can't be seen any more.
    pub(super) fn leave(&mut self, entered: usize) {
        self.seen.truncate(entered);
    }

    /// A name for one that is written as `name`; it can't be seen yet.
    pub(super) fn name(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}with{}", self.made)
    }

    /// From here on `name` is this one.
    pub(super) fn add(&mut self, name: String, executed_as: String) {
        self.seen.push((name, executed_as));
    }

    /// What `name` is executed as, if it is one.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        self.seen.iter().rev().find(|(seen, _)| seen == name).map(|(_, name)| name.as_str())
    }
}
