//! How hooks make an operation fail, and why one can't be registered.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{Classified, ErrorKind, FieldError};
use thiserror::Error;

use crate::HookPhase;
use crate::call::Fault;
use crate::refusal::{BoxError, Refusal};

/// How a hook made an operation fail. [`HookPoint::Error`](crate::HookPoint::Error) is made of it.
///
/// One of the phase [`Before`](HookPhase::Before) means that the operation did not run; one of
/// the phase [`After`](HookPhase::After), that it did, and that what it did stands.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HookError {
    /// A hook said no. The message is the refusal's, for whoever asked.
    #[error("{refusal}")]
    Refused {
        /// Where.
        point: &'static str,
        /// The hook.
        hook: Arc<str>,
        /// What it said.
        refusal: Box<Refusal>,
    },
    /// A hook failed, and is not fail-open.
    #[error("hook `{hook}` {phase} {point} failed{}", aftermath(*.phase))]
    Failed {
        /// Where.
        point: &'static str,
        /// The hook.
        hook: Arc<str>,
        /// When.
        phase: HookPhase,
        /// Why.
        source: BoxError,
    },
    /// A hook panicked, and is not fail-open.
    #[error("hook `{hook}` {phase} {point} panicked: {message}{}", aftermath(*.phase))]
    Panicked {
        /// Where.
        point: &'static str,
        /// The hook.
        hook: Arc<str>,
        /// When.
        phase: HookPhase,
        /// The message of the panic.
        message: String,
    },
    /// A hook took too long, and is not fail-open.
    #[error("hook `{hook}` {phase} {point} took longer than {timeout:?}{}", aftermath(*.phase))]
    TimedOut {
        /// Where.
        point: &'static str,
        /// The hook.
        hook: Arc<str>,
        /// When.
        phase: HookPhase,
        /// How long it might have taken.
        timeout: Duration,
    },
    /// Hooks ran operations whose hooks ran operations, and so on, as a circle does.
    #[error("the hooks of {point} run inside {depth} others; does one of them run it again?")]
    TooDeep {
        /// Where it ended.
        point: &'static str,
        /// How many runs with hooks are around it.
        depth: usize,
    },
}

/// What a failure means for the operation.
fn aftermath(phase: HookPhase) -> &'static str {
    match phase {
        HookPhase::After => "; what the operation did stands",
        HookPhase::Before | HookPhase::OnError => "",
    }
}

impl HookError {
    pub(crate) fn new(point: &'static str, hook: Arc<str>, phase: HookPhase, fault: Fault) -> Self {
        match fault {
            Fault::Refused(refusal) => Self::Refused { point, hook, refusal },
            Fault::Failed(source) => Self::Failed { point, hook, phase, source },
            Fault::Panicked(message) => Self::Panicked { point, hook, phase, message },
            Fault::TimedOut(timeout) => Self::TimedOut { point, hook, phase, timeout },
        }
    }
}

impl Classified for HookError {
    /// The refusal's kind; [`Unavailable`](ErrorKind::Unavailable) for a hook before the operation
    /// that took too long; [`Internal`](ErrorKind::Internal) for the rest, so for whatever fails
    /// once the operation has run.
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused { refusal, .. } => refusal.kind(),
            Self::TimedOut { phase: HookPhase::Before, .. } => ErrorKind::Unavailable,
            Self::Failed { .. }
            | Self::Panicked { .. }
            | Self::TimedOut { .. }
            | Self::TooDeep { .. } => ErrorKind::Internal,
        }
    }

    /// Never after the operation has run: it would run twice.
    fn is_retryable(&self) -> bool {
        self.kind() == ErrorKind::Unavailable
    }

    fn field_errors(&self) -> &[FieldError] {
        match self {
            Self::Refused { refusal, .. } => refusal.fields(),
            _ => &[],
        }
    }
}

/// Why a hook can't be registered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// A name, of the hook or in one of its constraints, is not of the right form.
    #[error(
        "`{name}` can't name a hook of {point}: expected segments of [a-z][a-z0-9_-]*, separated by dots"
    )]
    Malformed {
        /// Where.
        point: &'static str,
        /// The name.
        name: String,
    },
    /// There is a hook of this name already.
    #[error("there is a hook `{name}` {phase} {point} already; choose another name")]
    Duplicate {
        /// Where.
        point: &'static str,
        /// When.
        phase: HookPhase,
        /// The name.
        name: String,
    },
    /// The hooks would have to run in a circle.
    #[error(
        "hooks {phase} {point} can't be ordered: {}; take one of the constraints away",
        circle(.cycle)
    )]
    Cycle {
        /// Where.
        point: &'static str,
        /// When.
        phase: HookPhase,
        /// Hooks of which each has to run before the next, and the last before the first. The
        /// first is the one that was to be registered.
        cycle: Vec<String>,
    },
    /// Two types are points of this name.
    #[error("{other} is named {point} too; a point has one type")]
    PointTwice {
        /// The name.
        point: &'static str,
        /// The other type.
        other: &'static str,
    },
}

/// `a -> b -> a`
fn circle(cycle: &[String]) -> String {
    let names: Vec<_> = cycle.iter().chain(cycle.first()).map(String::as_str).collect();
    names.join(" -> ")
}

impl Classified for RegisterError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Malformed { .. } => ErrorKind::Invalid,
            Self::Duplicate { .. } | Self::Cycle { .. } => ErrorKind::Conflict,
            Self::PointTwice { .. } => ErrorKind::Internal,
        }
    }
}
