//! How a call is stopped, and what is made of its end.

use std::fmt::Write;
use std::time::Duration;

use tokio::time::error::Elapsed;
use wasmtime::{PoolConcurrencyLimitError, StoreContextMut, Trap, UpdateDeadline, WasmBacktrace};

use super::memory::OutOfBudget;
use super::meter::Meter;
use super::state::{CallState, Confines};
use crate::{CallError, ModuleFailure, StopReason};

/// What of a backtrace is told.
const BACKTRACE: usize = 2 << 10;

/// Looks at an instance that computes, every 10 ms: it goes on after others had their turn, or is
/// stopped.
#[expect(clippy::needless_pass_by_value, reason = "it is called so by the store")]
pub(super) fn on_tick(store: StoreContextMut<'_, CallState>) -> wasmtime::Result<UpdateDeadline> {
    let state = store.data();
    let limit_ms = state.confines.limits.cpu_ms;
    if state.meter.cpu_by_now() >= Duration::from_millis(limit_ms.into()) {
        return Err(wasmtime::Error::new(StopReason::Cpu { limit_ms }));
    }
    Ok(UpdateDeadline::Yield(1))
}

/// What the caller is told.
pub(super) fn answer<T>(
    ended: Result<wasmtime::Result<Result<T, ModuleFailure>>, Elapsed>,
    wall: Duration,
    meter: &Meter,
    confines: &Confines,
) -> Result<T, CallError> {
    match ended {
        Ok(Ok(Ok(answer))) => Ok(answer),
        Ok(Ok(Err(failure))) => Err(CallError::Failed(failure)),
        Ok(Err(error)) => Err(classify(&error, meter, confines)),
        Err(Elapsed { .. }) => {
            let limit_ms = u32::try_from(wall.as_millis()).unwrap_or(u32::MAX);
            Err(CallError::Stopped(StopReason::Wall { limit_ms }))
        }
    }
}

fn classify(error: &wasmtime::Error, meter: &Meter, confines: &Confines) -> CallError {
    if let Some(reason) = error.downcast_ref::<StopReason>() {
        return CallError::Stopped(*reason);
    }
    if error.is::<OutOfBudget>() || error.is::<PoolConcurrencyLimitError>() {
        let error = format_args!("{error:#}");
        tracing::warn!(module = %confines.name, %error, "no room for a call of a module");
        return CallError::Busy;
    }
    if error.downcast_ref::<Trap>() == Some(&Trap::StackOverflow) {
        return CallError::Stopped(StopReason::Stack);
    }
    CallError::Trapped { message: describe(error, meter) }
}

/// The cause, what the module wrote, and where it was.
fn describe(error: &wasmtime::Error, meter: &Meter) -> String {
    let mut message = error.root_cause().to_string();
    let output = meter.output();
    if !output.is_empty() {
        // Writing to a string never fails.
        let _ = write!(message, "; it wrote: {output}");
    }
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
        let backtrace = backtrace.to_string();
        let end = backtrace.floor_char_boundary(BACKTRACE);
        let _ = write!(message, "\n{}", &backtrace[..end]);
    }
    message
}
