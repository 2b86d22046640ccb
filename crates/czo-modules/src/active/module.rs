//! One generation of a module.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use czo_core::RequestContext;
use czo_module_package::{ModuleManifest, ModuleName};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{ErrorBook, Exhausted};
use crate::endpoint::Routes;
use crate::{CallError, Generation, Sandbox};

/// One generation of a module in this process. It never changes; calls under way keep it.
pub(crate) struct ActiveModule {
    pub(crate) manifest: Arc<ModuleManifest>,
    pub(crate) generation: Generation,
    /// None for a module that has nothing but pages.
    pub(crate) sandbox: Option<Sandbox>,
    pub(crate) routes: Routes,
    pub(crate) budget: ErrorBook,
    /// Who hears that it fails too often.
    pub(crate) alarms: mpsc::UnboundedSender<Alarm>,
    pub(crate) calls: TaskTracker,
    pub(crate) is_retired: AtomicBool,
}

/// A module fails too often.
#[derive(Debug)]
pub(crate) struct Alarm {
    pub(crate) module: ModuleName,
    pub(crate) generation: Generation,
    pub(crate) exhausted: Exhausted,
}

/// A call of a generation, which waits for it when it is replaced.
pub(crate) struct Entered {
    module: Arc<ActiveModule>,
    _call: TaskTrackerToken,
}

impl Entered {
    /// None once the generation was replaced.
    pub(super) fn of(module: Arc<ActiveModule>) -> Option<Self> {
        // The token first: whoever retires the generation sets the flag and then waits for tokens.
        let call = module.calls.token();
        let is_retired = module.is_retired.load(Ordering::SeqCst);
        (!is_retired).then_some(Self { module, _call: call })
    }

    /// What came of the call, after it was written down.
    pub(crate) fn judged<T>(
        &self,
        what: &'static str,
        result: Result<T, CallError>,
    ) -> Result<T, CallError> {
        self.module.write_down(what, result.as_ref().err());
        result
    }
}

impl Deref for Entered {
    type Target = Arc<ActiveModule>;

    fn deref(&self) -> &Self::Target {
        &self.module
    }
}

impl ActiveModule {
    /// Its name.
    pub(crate) fn name(&self) -> &ModuleName {
        &self.manifest.name
    }

    /// What runs in the server.
    ///
    /// # Errors
    ///
    /// [`CallError::NotExported`] for a module that has nothing there.
    pub(crate) fn sandbox(&self, interface: &'static str) -> Result<&Sandbox, CallError> {
        self.sandbox.as_ref().ok_or(CallError::NotExported { interface })
    }

    /// Writes down how a call ended, and sounds the alarm where it was one failure too many.
    fn write_down(&self, what: &'static str, error: Option<&CallError>) {
        let failed = error.filter(|error| error.counts_against_module());
        if let Some(error) = failed {
            let (module, generation) = (self.name(), self.generation);
            tracing::warn!(%module, %generation, what, %error, "a module failed");
        }
        let exhausted = self.budget.record(Instant::now(), failed);
        if let Some(exhausted) = exhausted {
            let alarm =
                Alarm { module: self.name().clone(), generation: self.generation, exhausted };
            // Nobody hears it when the process ends.
            let _ = self.alarms.send(alarm);
        }
    }

    /// Lets no further call in, waits for those under way, for at most `patience`, and tells the
    /// module that it is over. It must not be published any more.
    pub(crate) async fn retire(&self, context: RequestContext, patience: Duration) {
        self.is_retired.store(true, Ordering::SeqCst);
        self.calls.close();
        let (module, generation) = (self.name(), self.generation);
        if tokio::time::timeout(patience, self.calls.wait()).await.is_err() {
            let left = self.calls.len();
            tracing::warn!(%module, %generation, left, "calls go on after their module was replaced");
        }
        if let Some(sandbox) = &self.sandbox
            && let Err(error) = sandbox.destroy(context).await
        {
            tracing::info!(%module, %generation, %error, "a module did not end well");
        }
    }
}
