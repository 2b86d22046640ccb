//! The exports as calls: what goes in, what comes out.

mod handlers;
mod lifecycle;

use std::future::Future;
use std::time::Duration;

use czo_core::{Actor, RequestContext};
use wasmtime::Store;
use wasmtime::component::Instance;

pub(super) use self::handlers::EventCall;
pub(super) use self::lifecycle::{Destroy, Init, RestoreState, SaveState};
use super::exports::{Export, Handlers};
use super::state::CallState;
use crate::ModuleFailure;
use crate::bindings::czo::module::types;

/// What a call ends with: an answer, what the module says against it, or how it broke.
pub(super) type Ended<T> = wasmtime::Result<Result<T, ModuleFailure>>;

/// A call of an export.
pub(super) trait Invocation: Send + 'static {
    /// What it answers.
    type Answer: Send + 'static;
    /// Of which interface it is.
    const EXPORT: Export;
    /// Whether a kept instance is of no use after it.
    const ENDS_INSTANCE: bool = false;

    /// For whom it is.
    fn context(&self) -> RequestContext;

    /// How long the caller waits, where that is less than the module may take.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// Calls an instance.
    fn run(
        self,
        handlers: &Handlers,
        store: &mut Store<CallState>,
        instance: &Instance,
    ) -> impl Future<Output = Ended<Self::Answer>> + Send;
}

impl From<&RequestContext> for types::Context {
    fn from(context: &RequestContext) -> Self {
        Self {
            correlation_id: context.correlation_id.to_string(),
            shop: context.shop_id.map(|shop| shop.to_string()),
            actor: match &context.actor {
                Actor::Anonymous => None,
                Actor::System => Some("system".to_owned()),
                Actor::Known { id, .. } => Some(id.to_string()),
            },
        }
    }
}

impl From<types::Failure> for ModuleFailure {
    fn from(failure: types::Failure) -> Self {
        match failure {
            types::Failure::Invalid(message) => Self::Invalid(message),
            types::Failure::NotFound(message) => Self::NotFound(message),
            types::Failure::Retry(message) => Self::Retry(message),
            types::Failure::Broken(message) => Self::Broken(message),
        }
    }
}
