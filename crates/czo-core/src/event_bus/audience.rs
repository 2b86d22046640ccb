//! For whom an event is handed over.

use super::Group;

/// For whom an event is handed over again or for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Audience {
    /// Every group with a matching subscription, as by `publish`.
    Everyone,
    /// This group only, if one of its subscriptions matches, as
    /// [`redrive`](super::DeadLetters::redrive) hands it a dead letter.
    Group(Group),
}

impl Audience {
    /// The only group that gets the event; none when everyone does. For providers.
    #[must_use]
    pub fn group(&self) -> Option<&Group> {
        match self {
            Self::Everyone => None,
            Self::Group(group) => Some(group),
        }
    }
}
