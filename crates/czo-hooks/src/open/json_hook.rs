//! What a hook does that knows JSON instead of types.

use std::time::Duration;

use async_trait::async_trait;
use czo_core::RequestContext;

use crate::{BoxError, DEFAULT_TIMEOUT, HookPhase, OnFailure};

/// A hook that knows JSON instead of types.
///
/// It is held as `Arc<dyn JsonHook>` and called at the same time from any task. A dropped call
/// happened or did not.
#[async_trait]
pub trait JsonHook: Send + Sync {
    /// Whether anything would be called. When not, nothing is turned into JSON.
    fn is_served(&self) -> bool;

    /// Calls it: before the operation with its input, after it with its result, and after a failure
    /// with `{ "code", "message" }`.
    ///
    /// # Errors
    ///
    /// Any; the hook failed then.
    async fn run(&self, ctx: &RequestContext, value: String) -> Result<HookVerdict, BoxError>;
}

/// What such a hook says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookVerdict {
    /// It goes on as it was.
    Unchanged,
    /// It goes on with this.
    Changed(String),
    /// It does not go on. After the operation that is a failure of the hook: what was done stands.
    Refused {
        /// For programs: the code of an [`ErrorKind`](czo_core::ErrorKind) makes it one of that kind.
        code: String,
        /// For people.
        message: String,
    },
}

/// How such a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JsonHookOptions {
    /// When.
    pub phase: HookPhase,
    /// Of two hooks the one of higher priority runs first. Default 0.
    pub priority: i32,
    /// How long it may take. Default [`DEFAULT_TIMEOUT`].
    pub timeout: Duration,
    /// What happens when it fails. Default [`OnFailure::Closed`]. A hook on errors that fails always
    /// leaves the error as it was.
    pub on_failure: OnFailure,
}

impl JsonHookOptions {
    /// The defaults, at this time.
    #[must_use]
    pub fn new(phase: HookPhase) -> Self {
        Self { phase, priority: 0, timeout: DEFAULT_TIMEOUT, on_failure: OnFailure::Closed }
    }
}
