//! What is registered, for people to look at.

use std::time::Duration;

use crate::HookPhase;
use crate::chain::Options;

/// A point and its hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PointInfo {
    /// Its name.
    pub name: &'static str,
    /// Its hooks, those before it first, and within a phase in the order in which they run.
    pub hooks: Vec<HookInfo>,
}

/// A hook, and what was said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookInfo {
    /// Its name.
    pub name: String,
    /// When it runs.
    pub phase: HookPhase,
    /// Its priority.
    pub priority: i32,
    /// The hooks it runs before, where they exist.
    pub runs_before: Vec<String>,
    /// The hooks it runs after, where they exist.
    pub runs_after: Vec<String>,
    /// How long it may take.
    pub timeout: Duration,
    /// What happens when it fails.
    pub on_failure: OnFailure,
}

/// What happens when a hook fails, panics or takes too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The run fails.
    Closed,
    /// The run goes on as if the hook were not there.
    Open,
}

impl HookInfo {
    pub(crate) fn new(phase: HookPhase, options: &Options, on_failure: OnFailure) -> Self {
        let Options { name, priority, runs_before, runs_after, timeout } = options.clone();
        Self {
            name: name.to_string(),
            phase,
            priority,
            runs_before,
            runs_after,
            timeout,
            on_failure,
        }
    }
}
