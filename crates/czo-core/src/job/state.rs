//! Where a job stands, how far it is, and how urgent.

use serde::{Deserialize, Serialize};

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// It waits for its time or for a worker. One that failed and is tried again waits too.
    Waiting,
    /// A worker has it.
    Running,
    /// Its handler went well.
    Succeeded,
    /// Somebody cancelled it before it was done.
    Cancelled,
    /// It failed for good, with a reason. It can be retried by hand.
    Dead,
}

impl JobState {
    /// All of them, in the order a job goes through them.
    pub const ALL: [Self; 5] =
        [Self::Waiting, Self::Running, Self::Succeeded, Self::Cancelled, Self::Dead];

    /// The state in lower case, as it is written everywhere.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Cancelled => "cancelled",
            Self::Dead => "dead",
        }
    }

    /// Whether nothing more happens to it by itself.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Succeeded | Self::Cancelled | Self::Dead)
    }
}

/// How urgent a job is. Ordered: what is more urgent is less.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Before all others that are due.
    High,
    /// As usual.
    #[default]
    Normal,
    /// When nothing else is due.
    Low,
}

impl Priority {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];
}

/// How far a running job is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Progress {
    /// How much is done.
    pub done: u64,
    /// How much there is to do, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// What is under way, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Progress {
    /// So much is done, of so much.
    #[must_use]
    pub fn new(done: u64, total: impl Into<Option<u64>>) -> Self {
        Self { done, total: total.into(), note: None }
    }

    /// The same, with what is under way.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}
