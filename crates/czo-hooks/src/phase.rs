//! When a hook runs, and what it may do then.

use std::fmt;

use crate::call::Fault;
use crate::chain::{Chain, Entries};
use crate::refusal::{BeforeError, BoxError};
use crate::{HookError, HookPoint};

/// When a hook runs, as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HookPhase {
    /// Before the operation.
    Before,
    /// After the operation went well.
    After,
    /// After something failed.
    OnError,
}

impl HookPhase {
    /// The phase as text: `before`, `after` or `on_error`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::OnError => "on_error",
        }
    }
}

impl fmt::Display for HookPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// When a hook of `P` runs, as a type: [`Before`], [`After`] or [`OnError`]. Says what it is
/// lent and what it answers; there are no others.
pub trait Phase<P: HookPoint>: private::Kind<P> {
    /// What a run has in its hands when hooks of this phase are called.
    type Value: Send;

    /// What a hook is lent of it.
    type Lent<'a>: Send;

    /// What a hook answers.
    type Answer: Send;

    /// Lends it to a hook.
    #[doc(hidden)]
    fn lend(value: &mut Self::Value) -> Self::Lent<'_>;
}

/// Before the operation: a hook may change the input, or refuse.
#[derive(Clone, Copy, Debug)]
pub struct Before;

/// After the operation went well: a hook may change the result.
#[derive(Clone, Copy, Debug)]
pub struct After;

/// After something failed: a hook sees the error, and may recover with a result.
#[derive(Clone, Copy, Debug)]
pub struct OnError;

impl<P: HookPoint> Phase<P> for Before {
    type Value = P::Input;
    type Lent<'a> = &'a mut P::Input;
    type Answer = Result<(), BeforeError>;

    fn lend(input: &mut P::Input) -> &mut P::Input {
        input
    }
}

impl<P: HookPoint> Phase<P> for After {
    type Value = P::Output;
    type Lent<'a> = &'a mut P::Output;
    type Answer = Result<(), BoxError>;

    fn lend(output: &mut P::Output) -> &mut P::Output {
        output
    }
}

impl<P: HookPoint> Phase<P> for OnError {
    type Value = P::Error;
    type Lent<'a> = &'a P::Error;
    type Answer = Option<P::Output>;

    fn lend(error: &mut P::Error) -> &P::Error {
        error
    }
}

pub(crate) mod private {
    use super::{Chain, Entries, HookPhase, HookPoint, Phase};

    /// What the crate must know of a phase.
    pub trait Kind<P: HookPoint>: Sized + 'static {
        /// As a value.
        const PHASE: HookPhase;

        /// The hooks of this phase.
        #[expect(private_interfaces, reason = "the trait can't be named outside")]
        fn of(chain: &mut Chain<P>) -> &mut Entries<P, Self>
        where
            Self: Phase<P>;
    }
}

/// A phase whose hooks change a value and may fail.
pub(crate) trait Change<P: HookPoint>: Phase<P> {
    /// What the answer means for the run.
    fn verdict(answer: Self::Answer) -> Result<(), Fault>;
}

impl<P: HookPoint> Change<P> for Before {
    fn verdict(answer: Self::Answer) -> Result<(), Fault> {
        answer.map_err(|error| match error {
            BeforeError::Refused(refusal) => Fault::Refused(refusal),
            BeforeError::Failed(error) => match error.downcast().map(|error| *error) {
                // Of a run inside the hook.
                Ok(HookError::Refused { refusal, .. }) => Fault::Refused(refusal),
                Ok(error) => Fault::Failed(Box::new(error)),
                Err(error) => Fault::Failed(error),
            },
        })
    }
}

impl<P: HookPoint> Change<P> for After {
    fn verdict(answer: Self::Answer) -> Result<(), Fault> {
        answer.map_err(Fault::Failed)
    }
}

#[expect(private_interfaces, reason = "the trait can't be named outside")]
impl<P: HookPoint> private::Kind<P> for Before {
    const PHASE: HookPhase = HookPhase::Before;

    fn of(chain: &mut Chain<P>) -> &mut Entries<P, Self> {
        &mut chain.before
    }
}

#[expect(private_interfaces, reason = "the trait can't be named outside")]
impl<P: HookPoint> private::Kind<P> for After {
    const PHASE: HookPhase = HookPhase::After;

    fn of(chain: &mut Chain<P>) -> &mut Entries<P, Self> {
        &mut chain.after
    }
}

#[expect(private_interfaces, reason = "the trait can't be named outside")]
impl<P: HookPoint> private::Kind<P> for OnError {
    const PHASE: HookPhase = HookPhase::OnError;

    fn of(chain: &mut Chain<P>) -> &mut Entries<P, Self> {
        &mut chain.on_error
    }
}
