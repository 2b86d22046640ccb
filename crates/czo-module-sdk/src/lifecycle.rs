//! What runs when a version of the module begins and ends to serve.

use crate::bindings::lifecycle::exports::czo::module::lifecycle::Guest;
use crate::panic;
use crate::types::Failure;

/// Why a version begins to serve.
#[doc(inline)]
pub use crate::bindings::lifecycle::exports::czo::module::lifecycle::Cause;

/// What one version hands to the next.
#[doc(inline)]
pub use crate::bindings::lifecycle::exports::czo::module::lifecycle::SavedState;

/// The first and the last call of a version. Each of them has a default that does nothing.
pub trait Lifecycle {
    /// Before the first call of this version. A failure keeps the version from serving.
    fn init(cause: Cause) -> Result<(), Failure> {
        let _ = cause;
        Ok(())
    }

    /// After the last call of this version. It may not happen: a server can be killed.
    fn destroy() {}

    /// What the next version is to know. Default: nothing.
    fn save_state() -> Option<SavedState> {
        None
    }

    /// What the version before knew, after [`init`](Self::init). A failure means a clean start.
    fn restore_state(state: SavedState) -> Result<(), Failure> {
        let _ = state;
        Ok(())
    }
}

impl<T: Lifecycle> Guest for T {
    fn init(cause: Cause) -> Result<(), String> {
        panic::to_log();
        <T as Lifecycle>::init(cause).map_err(|failure| failure.to_string())
    }

    fn destroy() {
        panic::to_log();
        <T as Lifecycle>::destroy();
    }

    fn save_state() -> Option<SavedState> {
        panic::to_log();
        <T as Lifecycle>::save_state()
    }

    fn restore_state(state: SavedState) -> Result<(), String> {
        panic::to_log();
        <T as Lifecycle>::restore_state(state).map_err(|failure| failure.to_string())
    }
}
