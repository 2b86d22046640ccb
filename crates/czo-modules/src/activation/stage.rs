//! A version is made ready, and nothing of it is seen yet.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use czo_core::RequestContext;
use semver::Version;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::{Candidate, Failed};
use crate::active::{Active, ActiveModule, Alarm, ErrorBook};
use crate::endpoint::Routes;
use crate::subscription::Subscriber;
use crate::{
    Cause, ErrorBudget, Generation, ModuleEngine, ModuleHost, OpenHooks, Sandbox, SandboxLimits,
    SandboxSpec, SavedState,
};

/// What versions are made ready with.
pub(crate) struct Stage {
    pub(crate) engine: ModuleEngine,
    pub(crate) host: ModuleHost,
    pub(crate) limits: SandboxLimits,
    pub(crate) hooks: OpenHooks,
    pub(crate) subscriber: Subscriber,
    pub(crate) active: Active,
    pub(crate) alarms: mpsc::UnboundedSender<Alarm>,
    pub(crate) budget: ErrorBudget,
    pub(crate) czo: Version,
}

impl Stage {
    /// Looks at what can be looked at without running anything, compiles, and links: what is not
    /// granted is missing here, before anything has happened.
    pub(crate) async fn prepare(
        &self,
        candidate: &Candidate,
        generation: Generation,
    ) -> Result<Arc<ActiveModule>, Failed> {
        let manifest = &candidate.manifest;
        if !manifest.czo.matches(&self.czo) {
            let (wanted, here) = (&manifest.czo, &self.czo);
            return Err(Failed::new(
                "verifying",
                format!("it works with czo {wanted}, and this is {here}"),
            ));
        }
        if let Some(hook) = manifest.hooks.iter().find(|it| !self.hooks.contains(&it.point)) {
            return Err(Failed::new("verifying", self.unknown_point(&hook.point)));
        }
        let sandbox = match &candidate.wasm {
            None => None,
            Some(wasm) => {
                let compiled = self.engine.compile(wasm.clone()).await;
                let compiled = compiled.map_err(Failed::of("compiling"))?;
                let spec = SandboxSpec {
                    manifest,
                    generation,
                    host: self.host.clone(),
                    limits: self.limits.clone(),
                };
                let linked = Sandbox::link(&self.engine, &compiled, spec);
                Some(linked.map_err(Failed::of("linking"))?)
            }
        };
        Ok(Arc::new(ActiveModule {
            manifest: manifest.clone(),
            generation,
            sandbox,
            routes: Routes::of(&manifest.endpoints),
            budget: ErrorBook::new(self.budget),
            alarms: self.alarms.clone(),
            calls: TaskTracker::new(),
            is_retired: AtomicBool::new(false),
        }))
    }

    /// The first calls of a version: it begins, and is told what the one before knew.
    pub(crate) async fn begin(
        &self,
        module: &ActiveModule,
        cause: Cause,
        state: Option<SavedState>,
        context: &RequestContext,
    ) -> Result<(), Failed> {
        let Some(sandbox) = &module.sandbox else { return Ok(()) };
        sandbox.init(cause, context.clone()).await.map_err(Failed::of("beginning (`init`)"))?;
        if let Some(state) = state
            && let Err(error) = sandbox.restore_state(state, context.clone()).await
        {
            let (module, generation) = (module.name(), module.generation);
            tracing::info!(%module, %generation, %error, "a module begins without what it knew");
        }
        Ok(())
    }

    /// What the version that serves hands on.
    pub(crate) async fn saved(
        &self,
        module: Option<&Arc<ActiveModule>>,
        context: &RequestContext,
    ) -> Option<SavedState> {
        let module = module?;
        match module.sandbox.as_ref()?.save_state(context.clone()).await {
            Ok(state) => state,
            Err(error) => {
                let (module, generation) = (module.name(), module.generation);
                tracing::info!(%module, %generation, %error, "a module hands nothing on");
                None
            }
        }
    }

    pub(super) fn unknown_point(&self, point: &str) -> String {
        let known: Vec<_> = self.hooks.names().collect();
        format!("there is no hook point `{point}` open to modules; there are: {}", known.join(", "))
    }
}
