//! An instance of a component, with what is its own.

use wasmtime::Store;

use super::Core;
use super::exports::Handlers;
use super::invocation::Invocation;
use super::meter::Meter;
use super::state::CallState;
use super::stop::on_tick;
use crate::{CallScope, ModuleFailure};

/// What a component may hand over in one call of an import or as one answer, in bytes: a batch of SQL
/// is the largest.
const HOSTCALL_BYTES: usize = 16 << 20;

/// An instance of a component, with what is its own. Once it trapped or was given up in the middle,
/// it must be dropped.
pub(super) struct Instance {
    store: Store<CallState>,
    instance: wasmtime::component::Instance,
}

impl Instance {
    /// A fresh one, whose first call is that of `scope`.
    pub(super) async fn start(
        core: &Core,
        scope: CallScope,
        meter: &Meter,
    ) -> wasmtime::Result<Self> {
        let state = CallState::new(core.confines.clone(), scope, meter.clone());
        let mut store = Store::try_new(core.instances.engine(), state)?;
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(HOSTCALL_BYTES);
        store.epoch_deadline_callback(on_tick);
        store.set_epoch_deadline(1);
        let instance = core.instances.instantiate_async(&mut store).await?;
        Ok(Self { store, instance })
    }

    /// Forgets the call before.
    pub(super) fn begin(&mut self, scope: CallScope, meter: &Meter) {
        self.store.data_mut().begin(scope, meter.clone());
        self.store.set_epoch_deadline(1);
    }

    pub(super) async fn call<I: Invocation>(
        &mut self,
        handlers: &Handlers,
        invocation: I,
    ) -> wasmtime::Result<Result<I::Answer, ModuleFailure>> {
        invocation.run(handlers, &mut self.store, &self.instance).await
    }
}
