#![doc = include_str!("../README.md")]

mod action;
mod builder;
mod call;
mod chain;
mod error;
mod handle;
mod listing;
mod measure;
mod name;
mod open;
mod order;
mod phase;
mod point;
mod published;
mod refusal;
mod registry;
mod run;
mod sync;

pub use action::{SendAsyncFn2, SendAsyncFn3};
pub use builder::{DEFAULT_TIMEOUT, HookBuilder};
pub use error::{HookError, RegisterError};
pub use handle::HookHandle;
pub use listing::{HookInfo, OnFailure, PointInfo};
pub use open::{HookVerdict, JsonHook, JsonHookOptions, OpenHooks, OpenPoint};
pub use phase::{After, Before, HookPhase, OnError, Phase};
pub use point::HookPoint;
pub use refusal::{BeforeError, BoxError, Refusal};
pub use registry::HookRegistry;
pub use run::{Hooks, MAX_DEPTH};
