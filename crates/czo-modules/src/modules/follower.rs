//! What a process listens to: other processes, and modules that fail.

use std::sync::Arc;

use czo_core::{
    DomainEvent, Event, Group, HandlerError, SubscribeOptions, Subscription, describe, handler_fn,
};
use tokio::sync::{Notify, mpsc};

use super::{Modules, Shared};
use crate::ModuleChanged;
use crate::active::Alarm;

impl Modules {
    /// Heeds alarms until the end, one after the other.
    pub(super) fn hear(&self, mut alarms: mpsc::UnboundedReceiver<Alarm>) {
        let (shared, ending) = (self.shared.clone(), self.shared.ending.clone());
        self.shared.tasks.spawn(async move {
            let heed = async {
                while let Some(alarm) = alarms.recv().await {
                    shared.heed(alarm).await;
                }
            };
            tokio::select! {
                () = ending.cancelled() => {}
                () = heed => {}
            }
        });
    }

    /// Follows other processes until the end: when it is told, and once in a while.
    pub(super) async fn follow_others(&self) {
        let told = Arc::new(Notify::new());
        let listening = listen(&self.shared, told.clone()).await;
        let (modules, ending) = (self.clone(), self.shared.ending.clone());
        let every = self.shared.options.follow_every;
        self.shared.tasks.spawn(async move {
            let _listening = listening;
            let follow = async {
                loop {
                    // Whether it was told or not, it is time to look.
                    let _ = tokio::time::timeout(every, told.notified()).await;
                    if let Err(error) = modules.follow().await {
                        let error = describe(&error);
                        tracing::warn!(error, "modules of other processes can't be followed now");
                    }
                }
            };
            tokio::select! {
                () = ending.cancelled() => {}
                () = follow => {}
            }
        });
    }
}

/// Listens to what is said about modules, in a group of this process that ends with it. Where the bus
/// does not take it, the process looks once in a while all the same.
async fn listen(shared: &Shared, told: Arc<Notify>) -> Option<Subscription> {
    let id = shared.parts.ids.uuid_v7().simple();
    let group: Group = format!("modules.node_{id}").parse().ok()?;
    let handler = handler_fn(move |_: Arc<DomainEvent>| {
        told.notify_one();
        std::future::ready(Ok::<(), HandlerError>(()))
    });
    let (pattern, options) = (ModuleChanged::TYPE.into(), SubscribeOptions::default().temporary());
    match shared.parts.bus.subscribe(pattern, group, Arc::new(handler), options).await {
        Ok(subscription) => Some(subscription),
        Err(error) => {
            let error = describe(&error);
            tracing::warn!(error, "changes of modules are not listened to, only looked for");
            None
        }
    }
}
