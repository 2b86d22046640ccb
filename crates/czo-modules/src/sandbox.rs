//! A version of a module, ready to be called.

mod admission;
mod cpu;
mod exports;
mod grants;
mod instance;
mod invocation;
mod mailbox;
mod memory;
mod meter;
mod spec;
mod state;
mod stop;
mod usage;
mod wasi;

use std::sync::Arc;
use std::time::Duration;

use czo_core::{DomainEvent, RequestContext};
use czo_module_package::ModuleName;
use tokio::time::Instant;
use wasmtime::component::InstancePre;

use self::admission::Admission;
pub use self::exports::Export;
use self::exports::Handlers;
use self::instance::Instance;
use self::invocation::{Destroy, EventCall, Init, Invocation, RestoreState, SaveState};
use self::mailbox::Mailbox;
pub(crate) use self::memory::MemoryBudget;
use self::meter::Meter;
pub use self::spec::{SandboxLimits, SandboxSpec};
pub(crate) use self::state::{CallState, Confines};
use self::usage::UsageBook;
pub use self::usage::{ShopUsage, Usage, UsageCounts};
use crate::call_error::Outcome;
use crate::{
    CallError, Cause, CompiledModule, EndpointRequest, EndpointResponse, Generation, HookAnswer,
    HookCall, JobRun, LinkError, ModuleEngine, SavedState, ServiceCall,
};

/// A version of a module, ready to be called.
///
/// **Guarantee.** Whatever the component does, a call ends in time and with a result: the module can
/// compute, keep memory and wait only as long as its limits say, reaches nothing that its manifest
/// does not grant, and no call sees anything of another but through what the module stores. A module
/// that keeps its instance is the exception: its calls see one another, and are answered one after the
/// other. **Cancellation.** A call that is dropped is given up in the middle; what it stored until then
/// stays. **Threads.** Calls run at the same time, up to
/// [`SandboxLimits::concurrency`].
pub struct Sandbox {
    core: Arc<Core>,
    /// Where calls go of a module that keeps its instance.
    kept: Option<Mailbox>,
}

/// What all calls share.
struct Core {
    /// Without it nothing ticks, and who computes without end is not stopped.
    _engine: ModuleEngine,
    instances: InstancePre<CallState>,
    handlers: Handlers,
    confines: Arc<Confines>,
    admission: Admission,
    usage: UsageBook,
}

impl Sandbox {
    /// Gives the component what its manifest grants, and nothing else.
    ///
    /// # Errors
    ///
    /// [`LinkError`] when the component wants more than that, lacks an export which the manifest
    /// speaks of, or the manifest wants more than the server has.
    pub fn link(
        engine: &ModuleEngine,
        code: &CompiledModule,
        spec: SandboxSpec<'_>,
    ) -> Result<Self, LinkError> {
        spec.check(engine.options())?;
        let instances = grants::link(engine, code.component(), spec.manifest)?;
        let handlers = Handlers::of(&instances, spec.manifest)?;
        let keeps_instance = spec.manifest.backend.as_ref().is_some_and(|it| it.keep_instance);
        let queue = spec.limits.concurrency;
        let core = Core {
            _engine: engine.clone(),
            admission: Admission::new(engine, spec.limits.concurrency),
            usage: UsageBook::new(&spec.manifest.name, spec.limits.shops),
            confines: Arc::new(Confines::new(engine, spec)),
            instances,
            handlers,
        };
        let core = Arc::new(core);
        let kept = keeps_instance.then(|| Mailbox::open(core.clone(), queue));
        Ok(Self { core, kept })
    }

    /// Which module it is.
    #[must_use]
    pub fn module(&self) -> &ModuleName {
        &self.core.confines.name
    }

    /// Which activation of it.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.core.confines.generation
    }

    /// What the component exports.
    pub fn exports(&self) -> impl Iterator<Item = Export> {
        Export::ALL.into_iter().filter(|export| self.core.handlers.has(*export))
    }

    /// What its calls used since it was linked.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.core.usage.read()
    }

    /// Before the first call. Nothing where the component has no `lifecycle`.
    ///
    /// # Errors
    ///
    /// [`ModuleFailure::Broken`](crate::ModuleFailure::Broken) with what the module says against it.
    pub async fn init(&self, cause: Cause, context: RequestContext) -> Result<(), CallError> {
        self.call_if_exported(Init { cause, context }).await.map(drop)
    }

    /// After the last call. Nothing where the component has no `lifecycle`. A kept instance is
    /// dropped afterwards.
    ///
    /// # Errors
    ///
    /// Those of any call; the module is at its end all the same.
    pub async fn destroy(&self, context: RequestContext) -> Result<(), CallError> {
        self.call_if_exported(Destroy { context }).await.map(drop)
    }

    /// What the next version is to know.
    ///
    /// # Errors
    ///
    /// Those of any call.
    pub async fn save_state(
        &self,
        context: RequestContext,
    ) -> Result<Option<SavedState>, CallError> {
        self.call_if_exported(SaveState { context }).await.map(Option::flatten)
    }

    /// What the version before knew, after [`init`](Self::init).
    ///
    /// # Errors
    ///
    /// [`ModuleFailure::Broken`](crate::ModuleFailure::Broken) when the module can't read it: a
    /// clean start, not a failure.
    pub async fn restore_state(
        &self,
        state: SavedState,
        context: RequestContext,
    ) -> Result<(), CallError> {
        self.call_if_exported(RestoreState { state, context }).await.map(drop)
    }

    /// Hands an event over. The module acts for the event's shop, as the system.
    ///
    /// # Errors
    ///
    /// Any.
    pub async fn on_event(&self, event: &DomainEvent) -> Result<(), CallError> {
        self.call(EventCall::new(event)).await
    }

    /// Answers a request.
    ///
    /// # Errors
    ///
    /// Any.
    pub async fn handle(&self, request: EndpointRequest) -> Result<EndpointResponse, CallError> {
        self.call(request).await
    }

    /// Asks what the module says to an operation.
    ///
    /// # Errors
    ///
    /// Any; what becomes of the operation is the caller's to decide.
    pub async fn run_hook(&self, call: HookCall) -> Result<HookAnswer, CallError> {
        self.call(call).await
    }

    /// Calls a service of the module; what it returned, as JSON. It is the module's text: nothing
    /// looked at it.
    ///
    /// # Errors
    ///
    /// Any.
    pub async fn call_service(&self, call: ServiceCall) -> Result<String, CallError> {
        self.call(call).await
    }

    /// Does a job.
    ///
    /// # Errors
    ///
    /// Any.
    pub async fn run_job(&self, run: JobRun) -> Result<(), CallError> {
        self.call(run).await
    }

    /// Waits until no call is running. New ones wait until it is over, so that whoever drains keeps
    /// them away before.
    pub async fn drain(&self) {
        self.core.admission.drain().await;
    }

    async fn call_if_exported<I: Invocation>(
        &self,
        invocation: I,
    ) -> Result<Option<I::Answer>, CallError> {
        if self.core.handlers.has(I::EXPORT) {
            self.call(invocation).await.map(Some)
        } else {
            Ok(None)
        }
    }

    async fn call<I: Invocation>(&self, invocation: I) -> Result<I::Answer, CallError> {
        if !self.core.handlers.has(I::EXPORT) {
            return Err(CallError::NotExported { interface: I::EXPORT.interface() });
        }
        let wall = invocation
            .patience()
            .map_or(self.core.confines.wall(), |patience| patience.min(self.core.confines.wall()));
        match &self.kept {
            Some(mailbox) => mailbox.call(invocation, wall).await,
            None => self.core.call_fresh(invocation, wall).await,
        }
    }
}

impl Core {
    /// A call with an instance of its own.
    async fn call_fresh<I: Invocation>(
        &self,
        invocation: I,
        wall: Duration,
    ) -> Result<I::Answer, CallError> {
        let deadline = Instant::now() + wall;
        let _place = self.admission.enter(deadline).await?;
        let meter = Meter::new();
        let scope = self.confines.scope(invocation.context());
        let (shop, correlation_id) = (scope.context.shop_id, scope.context.correlation_id.clone());
        let work = async {
            let mut instance = Instance::start(self, scope, &meter).await?;
            instance.call(&self.handlers, invocation).await
        };
        let ended = tokio::time::timeout_at(deadline, meter.measure(work)).await;
        let answer = stop::answer(ended, wall, &meter, &self.confines);
        self.confines.tell_omitted(&meter, correlation_id.as_str());
        self.usage.add(shop, &meter, outcome(&answer));
        answer
    }
}

fn outcome<T>(answer: &Result<T, CallError>) -> Outcome {
    answer.as_ref().map_or_else(CallError::outcome, |_| Outcome::Ok)
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("module", self.module())
            .field("generation", &self.generation())
            .finish_non_exhaustive()
    }
}
