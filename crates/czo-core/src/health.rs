//! How well a component is.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use serde::Serialize;

/// How well a component is, and one sentence about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Health {
    /// The verdict.
    pub status: HealthStatus,
    /// What a person on call wants to read. Holds no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What it can be measured by, such as the depths of its queues.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub measures: BTreeMap<String, u64>,
}

/// The verdict on a component. Ordered: what is worse is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// Works.
    Up,
    /// Works, with something that wants looking at.
    Degraded,
    /// Does not work; requests that need it fail.
    Down,
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
        })
    }
}

impl Health {
    /// Works, and nothing is to be said.
    #[must_use]
    pub const fn up() -> Self {
        Self { status: HealthStatus::Up, detail: None, measures: BTreeMap::new() }
    }

    /// Works, with something that wants looking at.
    #[must_use]
    pub fn degraded(detail: impl Into<String>) -> Self {
        Self { status: HealthStatus::Degraded, ..Self::up() }.with_detail(detail)
    }

    /// Does not work.
    #[must_use]
    pub fn down(detail: impl Into<String>) -> Self {
        Self { status: HealthStatus::Down, ..Self::up() }.with_detail(detail)
    }

    /// The same verdict with a sentence.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same verdict with what it can be measured by.
    #[must_use]
    pub fn with_measures(mut self, measures: BTreeMap<String, u64>) -> Self {
        self.measures = measures;
        self
    }
}

/// A component that can say how well it is.
///
/// A check looks at the real component, changes nothing, may run several times at once, and is
/// dropped (cancelled) when it takes longer than the caller waits.
#[async_trait]
pub trait HealthCheck: Send + Sync {
    /// The component's name, one word, as it stands in the answer of `/api/_health`.
    fn name(&self) -> &str;

    /// Looks.
    async fn check(&self) -> Health;
}
