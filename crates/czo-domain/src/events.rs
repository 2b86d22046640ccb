//! The one way by which a domain publishes.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use czo_core::{Event, EventCatalogue, EventError, EventFactory, EventType, RequestContext};
use czo_outbox::{Outbox, StagedEvent};
use czo_repo::UnitOfWork;

/// Where the events of domains go. It holds the outbox and gives it to nobody: a domain publishes
/// what it has staged, through [`DomainEvents`], or nothing.
#[derive(Clone, Debug)]
pub struct EventOutlet {
    outbox: Outbox,
    /// What may be published, by type and version; anything where nothing was said.
    listed: Option<Arc<BTreeSet<(EventType, NonZeroU32)>>>,
}

impl EventOutlet {
    /// An outlet into `outbox`, for any event. For the runtime and for tests.
    #[must_use]
    pub fn new(outbox: Outbox) -> Self {
        Self { outbox, listed: None }
    }

    /// Takes only the events that the program publishes by its `catalogue`, those of other
    /// programs excluded. The runtime always says so: what is not listed is documented nowhere,
    /// and its schema is guarded by nobody.
    #[must_use]
    pub fn only_listed(mut self, catalogue: &EventCatalogue) -> Self {
        let own = catalogue.iter().filter(|event| !event.external);
        let listed = own.map(|event| (event.event_type.clone(), event.version)).collect();
        self.listed = Some(Arc::new(listed));
        self
    }

    fn accepts<E: Event>(&self) -> Result<(), EventError> {
        let event = (E::TYPE, E::VERSION);
        match &self.listed {
            Some(listed) if !listed.contains(&event) => {
                let (event_type, version) = event;
                Err(EventError::Unlisted { event_type, version })
            }
            _ => Ok(()),
        }
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
    /// is a row of the same transaction, and from its commit on arrives at every group at least
    /// once, whatever dies in between. When `tx`, or the savepoint that it is, is rolled back,
    /// there is no event.
    ///
    /// The event bears the time of this call, and has its id from here on. Those of one
    /// [key](Event::aggregate_key) arrive in the order of the commits; others side by side.
    ///
    /// **Limits.** Everything staged in a unit of work is written right before its commit, which
    /// fails if that does. It goes out when a relay runs, in this process or another one.
    ///
    /// # Errors
    ///
    /// [`EventError::Encode`] when the payload has no JSON form, and [`EventError::Unlisted`] when
    /// [`Domain::events`](crate::Domain::events) does not add `E` to the program's catalogue;
    /// nothing is staged then.
    pub fn stage<E: Event>(
        &self,
        tx: &UnitOfWork,
        ctx: &RequestContext,
        payload: &E,
    ) -> Result<(), EventError> {
        self.outlet.accepts::<E>()?;
        let staged = StagedEvent::of(&self.factory, ctx, payload)?;
        self.outlet.outbox.publish(tx, staged);
        Ok(())
    }
}
