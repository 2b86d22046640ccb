//! How long hooks take.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use metrics::Histogram;
use tracing::Level;

use crate::call::Fault;
use crate::chain::Entry;
use crate::{HookPoint, Phase};

/// The name of the histogram.
const DURATION: &str = "czo_hook_duration_seconds";

/// How a hook ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    Ok,
    Refused,
    Failed,
    Panicked,
    TimedOut,
}

impl Outcome {
    const ALL: usize = 5;

    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed_out",
        }
    }

    pub(crate) fn of<T>(result: &Result<T, Fault>) -> Self {
        match result {
            Ok(_) => Self::Ok,
            Err(Fault::Refused(_)) => Self::Refused,
            Err(Fault::Failed(_)) => Self::Failed,
            Err(Fault::Panicked(_)) => Self::Panicked,
            Err(Fault::TimedOut(_)) => Self::TimedOut,
        }
    }
}

/// Where the durations of one hook go, by outcome. Looked up once, in the recorder of the first
/// run that has one: looking up costs more than the rest of a call.
#[derive(Default)]
pub(crate) struct Durations([OnceLock<Histogram>; Outcome::ALL]);

/// Measures hooks that run one after the other: the end of one is the start of the next. Where
/// nobody listens it does not even look at the clock, which costs more than a hook.
pub(crate) struct Stopwatch(Option<Instant>);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(is_heard().then(Instant::now))
    }

    /// Writes down that `hook` ended just now.
    pub(crate) fn lap<P: HookPoint, K: Phase<P>>(&mut self, hook: &Entry<P, K>, outcome: Outcome) {
        if let Some(start) = &mut self.0 {
            let end = Instant::now();
            write_down(hook, outcome, end - std::mem::replace(start, end));
        }
    }
}

/// Whether anybody wants durations.
fn is_heard() -> bool {
    has_recorder() || tracing::enabled!(Level::DEBUG)
}

/// Whether a recorder of metrics is installed.
fn has_recorder() -> bool {
    // The one that stands in where none is installed is a unit struct, which is the only way to
    // know it by. One that keeps samples has a place for them.
    metrics::with_recorder(|recorder| size_of_val(recorder) > 0)
}

fn write_down<P: HookPoint, K: Phase<P>>(hook: &Entry<P, K>, outcome: Outcome, took: Duration) {
    let (name, phase) = (&hook.options.name, K::PHASE.as_str());
    if has_recorder() {
        let durations = hook.durations.0[outcome as usize].get_or_init(|| {
            metrics::histogram!(
                DURATION,
                "point" => P::NAME,
                "hook" => name.clone(),
                "phase" => phase,
                "outcome" => outcome.as_str(),
            )
        });
        durations.record(took);
    }
    tracing::debug!(
        hook.name = &**name,
        hook.phase = phase,
        outcome = outcome.as_str(),
        duration_us = took.as_secs_f64() * 1e6,
        "hook ran"
    );
}
