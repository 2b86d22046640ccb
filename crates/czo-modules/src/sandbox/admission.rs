//! How many calls run at the same time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError};
use tokio::time::{Instant, timeout_at};

use crate::{CallError, ModuleEngine};

/// Lets calls in: as many of this module as it may run, and as many of all modules as there are
/// instances.
pub(super) struct Admission {
    calls: Semaphore,
    most: u32,
    instances: Arc<Semaphore>,
}

/// The place of a call, free again when it is dropped.
pub(super) struct Place<'a> {
    _call: SemaphorePermit<'a>,
    _instance: SemaphorePermit<'a>,
}

impl Admission {
    pub(super) fn new(engine: &ModuleEngine, most: u32) -> Self {
        Self { calls: Semaphore::new(most as usize), most, instances: engine.instances().clone() }
    }

    /// A place for a call and its instance, waiting for one until `deadline`.
    pub(super) async fn enter(&self, deadline: Instant) -> Result<Place<'_>, CallError> {
        let call = acquire(&self.calls, deadline).await?;
        let instance = acquire(&self.instances, deadline).await?;
        Ok(Place { _call: call, _instance: instance })
    }

    /// A place for a call of an instance that is kept.
    pub(super) async fn enter_kept(
        &self,
        deadline: Instant,
    ) -> Result<SemaphorePermit<'_>, CallError> {
        acquire(&self.calls, deadline).await
    }

    /// A place for an instance that is kept.
    pub(super) async fn occupy(
        &self,
        deadline: Instant,
    ) -> Result<OwnedSemaphorePermit, CallError> {
        let instances = self.instances.clone();
        match timeout_at(deadline, instances.acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(CallError::Busy),
        }
    }

    /// Waits until no call is running.
    pub(super) async fn drain(&self) {
        // The semaphore is never closed, and gives all its places back at once.
        drop(self.calls.acquire_many(self.most).await);
    }
}

async fn acquire(places: &Semaphore, deadline: Instant) -> Result<SemaphorePermit<'_>, CallError> {
    match places.try_acquire() {
        Ok(place) => Ok(place),
        Err(TryAcquireError::Closed) => Err(CallError::Busy),
        // Only who waits needs a timer.
        Err(TryAcquireError::NoPermits) => match timeout_at(deadline, places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(CallError::Busy),
        },
    }
}
