//! `czo:module/lifecycle`.

use czo_core::RequestContext;
use wasmtime::Store;
use wasmtime::component::Instance;

use super::{Ended, Invocation};
use crate::bindings::exports::czo::module::lifecycle;
use crate::sandbox::CallState;
use crate::sandbox::exports::{Export, Handlers};
use crate::{Cause, ModuleFailure, SavedState};

/// `lifecycle.init`.
pub(in crate::sandbox) struct Init {
    pub(in crate::sandbox) cause: Cause,
    pub(in crate::sandbox) context: RequestContext,
}

impl Invocation for Init {
    type Answer = ();
    const EXPORT: Export = Export::Lifecycle;

    fn context(&self) -> RequestContext {
        self.context.clone()
    }

    async fn run(
        self,
        handlers: &Handlers,
        store: &mut Store<CallState>,
        instance: &Instance,
    ) -> Ended<()> {
        let guest = handlers.lifecycle()?.load(&mut *store, instance)?;
        let answer = guest.call_init(store, self.cause.into()).await?;
        Ok(answer.map_err(ModuleFailure::Broken))
    }
}

/// `lifecycle.destroy`.
pub(in crate::sandbox) struct Destroy {
    pub(in crate::sandbox) context: RequestContext,
}

impl Invocation for Destroy {
    type Answer = ();
    const EXPORT: Export = Export::Lifecycle;
    const ENDS_INSTANCE: bool = true;

    fn context(&self) -> RequestContext {
        self.context.clone()
    }

    async fn run(
        self,
        handlers: &Handlers,
        store: &mut Store<CallState>,
        instance: &Instance,
    ) -> Ended<()> {
        let guest = handlers.lifecycle()?.load(&mut *store, instance)?;
        guest.call_destroy(store).await.map(Ok)
    }
}

/// `lifecycle.save-state`.
pub(in crate::sandbox) struct SaveState {
    pub(in crate::sandbox) context: RequestContext,
}

impl Invocation for SaveState {
    type Answer = Option<SavedState>;
    const EXPORT: Export = Export::Lifecycle;

    fn context(&self) -> RequestContext {
        self.context.clone()
    }

    async fn run(
        self,
        handlers: &Handlers,
        store: &mut Store<CallState>,
        instance: &Instance,
    ) -> Ended<Option<SavedState>> {
        let guest = handlers.lifecycle()?.load(&mut *store, instance)?;
        let state = guest.call_save_state(store).await?;
        Ok(Ok(state.map(|state| SavedState { schema: state.schema, data: state.data })))
    }
}

/// `lifecycle.restore-state`.
pub(in crate::sandbox) struct RestoreState {
    pub(in crate::sandbox) state: SavedState,
    pub(in crate::sandbox) context: RequestContext,
}

impl Invocation for RestoreState {
    type Answer = ();
    const EXPORT: Export = Export::Lifecycle;

    fn context(&self) -> RequestContext {
        self.context.clone()
    }

    async fn run(
        self,
        handlers: &Handlers,
        store: &mut Store<CallState>,
        instance: &Instance,
    ) -> Ended<()> {
        let guest = handlers.lifecycle()?.load(&mut *store, instance)?;
        let state = lifecycle::SavedState { schema: self.state.schema, data: self.state.data };
        let answer = guest.call_restore_state(store, &state).await?;
        Ok(answer.map_err(ModuleFailure::Broken))
    }
}

impl From<Cause> for lifecycle::Cause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Enabled => Self::Enabled,
            Cause::Updated => Self::Updated,
            Cause::Reloaded => Self::Reloaded,
            Cause::Restarted => Self::Restarted,
            Cause::RolledBack => Self::RolledBack,
        }
    }
}
