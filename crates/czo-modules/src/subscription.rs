//! Events for modules, from the bus (requirement MOD 11).

use std::sync::Arc;

use async_trait::async_trait;
use czo_core::{
    DomainEvent, EventBus, EventHandler, Group, HandlerError, JobQueue, JobQueueExt, NewJob,
    SubscribeOptions, Subscription, TopicPattern,
};
use czo_module_package::{ModuleName, SubscriptionMode};

use crate::activation::Failed;
use crate::active::Active;
use crate::{Export, ModuleWork, RunModuleJob};

/// Subscribes modules to the bus.
#[derive(Clone)]
pub(crate) struct Subscriber {
    pub(crate) active: Active,
    pub(crate) bus: Arc<dyn EventBus>,
    pub(crate) jobs: Arc<dyn JobQueue>,
}

/// Gives the events of one pattern to whichever generation of a module serves. It stays subscribed
/// while generations change, so that none is lost.
struct Deliver {
    module: ModuleName,
    pattern: String,
    active: Active,
    jobs: Arc<dyn JobQueue>,
}

impl Subscriber {
    /// Subscribes a module to a pattern, in its group.
    ///
    /// # Errors
    ///
    /// When the pattern is none, or the bus does not take it.
    pub(crate) async fn subscribe(
        &self,
        module: &ModuleName,
        pattern: &str,
    ) -> Result<Subscription, Failed> {
        let refused = |reason: String| Failed::new("subscribing to events", reason);
        let parsed: TopicPattern = pattern.parse().map_err(|error| refused(format!("{error}")))?;
        let group = group(module).map_err(|error| refused(error.to_string()))?;
        let (active, jobs) = (self.active.clone(), self.jobs.clone());
        let (module_name, pattern) = (module.clone(), pattern.to_owned());
        let handler = Deliver { module: module_name, pattern, active, jobs };
        let subscribed =
            self.bus.subscribe(parsed, group, Arc::new(handler), SubscribeOptions::default()).await;
        subscribed.map_err(|error| refused(czo_core::describe(&error)))
    }
}

/// The group of a module: `module.<name>`, with `_` for each hyphen.
fn group(module: &ModuleName) -> Result<Group, czo_core::GroupError> {
    format!("module.{}", module.as_str().replace('-', "_")).parse()
}

#[async_trait]
impl EventHandler for Deliver {
    async fn handle(&self, event: Arc<DomainEvent>) -> Result<(), HandlerError> {
        let module = &self.module;
        let entered = self.active.enter(module).ok_or_else(|| away(module))?;
        let subscription =
            entered.manifest.subscriptions.iter().find(|it| it.events == self.pattern);
        // It is subscribed a moment before the version that wants it serves, and a moment longer.
        let mode = subscription.ok_or_else(|| away(module))?.mode;
        match mode {
            SubscriptionMode::Direct => {
                let answer = match entered.sandbox(Export::EventHandler.interface()) {
                    Ok(sandbox) => sandbox.on_event(&event).await,
                    Err(error) => Err(error),
                };
                Ok(entered.judged("an event", answer)?)
            }
            SubscriptionMode::Job => {
                let text = serde_json::to_string(&*event).map_err(HandlerError::permanent)?;
                let work = ModuleWork::Event { event: text };
                let job = RunModuleJob { module: module.clone(), work };
                // An event that arrives twice is one job, while that waits or runs.
                let key = format!("{module}/{}", event.id.uuid());
                let job = NewJob::of(&job)?.unique(key).by(&event.context());
                self.jobs.enqueue_one(job).await?;
                Ok(())
            }
        }
    }
}

fn away(module: &ModuleName) -> HandlerError {
    HandlerError::retryable(format_args!("module `{module}` does not serve at this moment"))
}
