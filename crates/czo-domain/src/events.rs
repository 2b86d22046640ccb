//! The one way by which a domain publishes.

use std::sync::Arc;

use czo_core::{Event, EventBus, EventError, EventFactory, RequestContext};
use czo_repo::UnitOfWork;

/// Where the events of domains go. It holds the bus and gives it to nobody: a domain publishes
/// what it has staged, through [`DomainEvents`], or nothing.
#[derive(Clone, Debug)]
pub struct EventOutlet {
    bus: Arc<dyn EventBus>,
}

impl EventOutlet {
    /// An outlet into `bus`. For the runtime and for tests.
    #[must_use]
    pub fn new(bus: Arc<dyn EventBus>) -> Self {
        Self { bus }
    }
}

/// Publishes the events of one domain. Cheap to clone; made by
/// [`DomainContext::events`](crate::DomainContext::events).
#[derive(Clone, Debug)]
pub struct DomainEvents {
    factory: EventFactory,
    outlet: EventOutlet,
}

impl DomainEvents {
    pub(crate) fn new(factory: EventFactory, outlet: EventOutlet) -> Self {
        Self { factory, outlet }
    }

    /// Says that `payload` happened, by order of `ctx`, if what `tx` does is committed: the event
    /// is published right after the commit, behind those staged before it, also when the caller
    /// has gone meanwhile. When `tx`, or the savepoint that it is, is rolled back, nothing is
    /// published.
    ///
    /// The event bears the time of this call, and has its id from here on.
    ///
    /// **Limits.** A process that dies between commit and publishing loses the event, and so does
    /// a bus that refuses it, which is logged as an error: the write stands, and saying that it
    /// failed would be the greater lie.
    ///
    /// # Errors
    ///
    /// [`EventError::Encode`] when the payload has no JSON form; nothing is staged then.
    pub fn stage<E: Event>(
        &self,
        tx: &UnitOfWork,
        ctx: &RequestContext,
        payload: &E,
    ) -> Result<(), EventError> {
        let event = self.factory.event(ctx, payload)?;
        let bus = self.outlet.bus.clone();
        tx.after_commit(async move {
            let (id, event_type) = (event.id, event.event_type.clone());
            if let Err(error) = bus.publish(event).await {
                tracing::error!(
                    %error,
                    event.id = %id,
                    event.r#type = event_type.as_str(),
                    "an event of a committed write was not published"
                );
            }
        });
        Ok(())
    }
}
