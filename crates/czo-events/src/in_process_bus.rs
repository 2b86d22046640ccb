//! The bus of a single process.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    Audience, BusError, Clock, DeadLetter, DeadLetterFilter, DeadLetters, DomainEvent, EventBus,
    EventHandler, Group, Health, Settlement, SubscribeOptions, Subscription, TopicPattern,
};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::dead_letter_box::DeadLetterBox;
use crate::group_queue::{GroupQueue, Pushed, PushedAgain, QUEUE_CAPACITY};
use crate::receipt::{Receipt, Receipts};
use crate::registry::{Registry, Route, Routes};
use crate::unhandled::Unhandled;
use crate::worker::Worker;

/// How long `publish` waits for room in full queues.
const PUBLISH_PATIENCE: Duration = Duration::from_secs(5);

/// How many waiting events make the bus `degraded`.
const MANY_WAITING: usize = QUEUE_CAPACITY / 2;

/// How many events of a batch are handed over before waiting for room.
const BATCH_CHUNK: usize = 256;

/// An [`EventBus`] in memory. Clones are the same bus.
///
/// **Delivery.** Once to every matching group, as long as the process lives. Within the group it
/// is handled by a subscription that wants it and is free; what waits stays for the others when
/// one of them ends.
///
/// **Failure.** As [`EventBus`] says. While an event waits for its next attempt it does not count
/// as waiting for the group; where 10,000 of a group do, the next goes to the dead letters at
/// once. The newest 10,000 dead letters are kept, in memory.
///
/// **Order.** As [`EventBus`] says. An event that failed is given out again before those that
/// wait. A group that its last subscription left starts anew: a handler that still runs for the
/// old one is not waited for.
///
/// **Back pressure.** An event is handed over when the future of `publish` is first polled, to
/// all groups at once; a full one delays none of the others. Where it finds 1,024 events waiting,
/// `publish` then waits its turn for room, at most five seconds. A group that lets that time pass
/// is *stalled*: nobody waits for it any more, and until fewer than 1,024 wait it gets no events.
/// Nor does a group get events while 2,048 wait. In both cases `publish` fails with
/// [`BusError::Overloaded`], which names the first group without the event; those that had room
/// have it. `Ok` means that every group has it.
///
/// **Settlement.** An event is settled once every group that got it has handled it, has given it up
/// to the dead letters, or has nobody left who wants it. What waits when the deadline of a
/// `shutdown` has passed is not, nor what is with a handler: after `shutdown` no settlement is
/// pending. A bus that is dropped handles what it has, and settles it.
///
/// **Cancellation.** Dropping the future of `publish` or `relay` after its first poll changes nothing about
/// the delivery. `publish_batch` hands over 256 events at a time, so dropping it leaves a
/// multiple of that, or all, published.
///
/// **Threads.** Handlers run in the tokio runtime that called `subscribe` (without one it panics),
/// those of one subscription in one task, inside [`RequestContext::scope`](czo_core::RequestContext::scope) of their event's
/// context.
#[derive(Clone, Debug, Default)]
pub struct InProcessBus {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Events are put into queues under the read lock and the bus is closed under the write
    /// lock, so that an event either comes before the end, and is counted, or is refused.
    registry: RwLock<Registry>,
    unhandled: Arc<Unhandled>,
    dead_letters: Arc<DeadLetterBox>,
    receipts: Receipts,
}

/// What a relay says of its event.
#[derive(Debug)]
struct Relayed<'a> {
    /// The only group that gets it, if one does.
    only: Option<&'a Group>,
    receipt: Arc<Receipt>,
}

/// What handing over events left to do.
#[derive(Debug, Default)]
struct HandOver<'a> {
    relayed: Option<&'a Relayed<'a>>,
    late: Vec<(Arc<GroupQueue>, oneshot::Receiver<()>)>,
    refused: Option<BusError>,
}

impl InProcessBus {
    /// A bus with nobody listening.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A bus with nobody listening, whose dead letters bear the time of this clock.
    #[must_use]
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let dead_letters = Arc::new(DeadLetterBox::new(clock));
        Self { shared: Arc::new(Shared { dead_letters, ..Shared::default() }) }
    }
}

impl Shared {
    /// Puts `event` into the queue of every group that gets it.
    fn hand_over(&self, event: DomainEvent, result: &mut HandOver<'_>) -> Result<(), BusError> {
        let event = Arc::new(event);
        // A statement of its own, so that the read lock is gone before the write lock is taken.
        let handed_over = self.hand_over_by_known_routes(&event, result)?;
        if !handed_over {
            let mut registry = self.write();
            registry.admits(result.only())?;
            result.push(registry.routes(&event.event_type), &event, &self.unhandled);
        }
        Ok(())
    }

    fn hand_over_by_known_routes(
        &self,
        event: &Arc<DomainEvent>,
        result: &mut HandOver<'_>,
    ) -> Result<bool, BusError> {
        let registry = self.read();
        registry.admits(result.only())?;
        let Some(routes) = registry.known_routes(&event.event_type) else { return Ok(false) };
        result.push(routes, event, &self.unhandled);
        Ok(true)
    }

    fn read(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Registry> {
        self.registry.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HandOver<'_> {
    fn push(&mut self, to: &Routes, event: &Arc<DomainEvent>, unhandled: &Arc<Unhandled>) {
        let (only, receipt) = (self.only(), self.relayed.map(|relayed| &relayed.receipt));
        if only.is_none() {
            to.published.increment(1);
        }
        for Route { queue, members, ordered } in to.to(only) {
            let key = ordered.as_ref().and_then(|options| options.ordering_key(event));
            match queue.push(event, key.as_deref(), receipt, unhandled) {
                Pushed::InTime => {}
                Pushed::Late(room) => self.late.push((queue.clone(), room)),
                Pushed::Refused(waiting) => {
                    let group = queue.group().clone();
                    self.refused.get_or_insert(BusError::Overloaded { group, waiting });
                    continue;
                }
            }
            // All of them: whoever is free takes it, a busy one must not keep it from the others.
            members.iter().for_each(|member| member.wake());
        }
    }

    fn only(&self) -> Option<&Group> {
        self.relayed.and_then(|relayed| relayed.only)
    }

    /// Waits for room where there was none.
    async fn wait(&mut self) -> Result<(), BusError> {
        if self.late.is_empty() {
            // A publisher that never waits would keep handlers from their turn.
            tokio::task::consume_budget().await;
            return Ok(());
        }
        let deadline = Instant::now() + PUBLISH_PATIENCE;
        for (queue, room) in self.late.drain(..) {
            match tokio::time::timeout_at(deadline, room).await {
                Ok(Ok(())) => {}
                // A shutdown whose deadline passed dropped what was waiting.
                Ok(Err(_)) => return Err(BusError::Closed),
                Err(_) => queue.stall(),
            }
        }
        Ok(())
    }

    fn result(self) -> Result<(), BusError> {
        self.refused.map_or(Ok(()), Err)
    }
}

#[async_trait]
impl EventBus for InProcessBus {
    async fn publish(&self, event: DomainEvent) -> Result<(), BusError> {
        let mut result = HandOver::default();
        self.shared.hand_over(event, &mut result)?;
        result.wait().await?;
        result.result()
    }

    /// As [`EventBus::publish_batch`]; a group that takes no more does not end the batch for the
    /// others.
    async fn publish_batch(&self, events: Vec<DomainEvent>) -> Result<(), BusError> {
        let mut result = HandOver::default();
        let mut events = events.into_iter();
        while events.len() > 0 {
            for event in events.by_ref().take(BATCH_CHUNK) {
                self.shared.hand_over(event, &mut result)?;
            }
            result.wait().await?;
        }
        result.result()
    }

    async fn relay(&self, event: DomainEvent, audience: &Audience) -> Result<Settlement, BusError> {
        let (receipt, settlement) = self.shared.receipts.issue();
        let relayed = Relayed { only: audience.group(), receipt };
        let mut result = HandOver { relayed: Some(&relayed), ..HandOver::default() };
        self.shared.hand_over(event, &mut result)?;
        result.wait().await?;
        result.result()?;
        Ok(settlement)
    }

    async fn subscribe(
        &self,
        pattern: TopicPattern,
        group: Group,
        handler: Arc<dyn EventHandler>,
        options: SubscribeOptions,
    ) -> Result<Subscription, BusError> {
        // Asked for first: where there is no runtime it panics, and nobody has joined yet.
        let runtime = Handle::current();
        let (queue, member) = {
            let mut registry = self.shared.write();
            if registry.closed {
                return Err(BusError::Closed);
            }
            registry.join(group.clone(), pattern, options)
        };
        let dead_letters = self.shared.dead_letters.clone();
        let worker = Worker { queue: queue.clone(), member: member.clone(), handler, dead_letters };
        // If the bus was closed meanwhile, the member is stopped and the task ends at once.
        runtime.spawn(worker.work_off());

        // Weak: a subscription that outlives the bus must not keep it alive.
        let shared = Arc::downgrade(&self.shared);
        Ok(Subscription::new(move || match shared.upgrade() {
            Some(shared) => shared.write().leave(&group, &member),
            // Others of the group may still wait for the end of what waits.
            None => drop(queue.leave(&member)),
        }))
    }

    /// As [`EventBus::shutdown`]. What waits for its next attempt is tried at once, as often as
    /// it may, and goes to the dead letters if that does not help.
    async fn shutdown(&self, deadline: Duration) -> Result<(), BusError> {
        {
            let mut registry = self.shared.write();
            registry.closed = true;
            registry.queues().for_each(|queue| queue.hurry());
        }
        let drained = tokio::time::timeout(deadline, self.shared.unhandled.wait_for_none()).await;
        let left = self.shared.unhandled.count();
        self.shared.write().clear();
        self.shared.receipts.give_up();
        if drained.is_ok() || left == 0 { Ok(()) } else { Err(BusError::DrainTimedOut { left }) }
    }

    async fn health(&self) -> Health {
        let registry = self.shared.read();
        if registry.closed {
            return Health::down("shut down");
        }
        let mut troubles = Vec::new();
        let mut most_behind = None;
        for queue in registry.queues() {
            let (waiting, stalled) = queue.load();
            if stalled {
                let group = queue.group();
                troubles.push(format!("group `{group}` is stalled, {waiting} events wait for it"));
            } else if waiting >= MANY_WAITING {
                most_behind = most_behind.max(Some((waiting, queue.group())));
            }
        }
        if let Some((waiting, group)) = most_behind {
            troubles.push(format!("{waiting} events wait for group `{group}`"));
        }
        if troubles.is_empty() {
            let mut detail = format!("in process, groups: {}", registry.queues().len());
            let dead = self.shared.dead_letters.len();
            if dead > 0 {
                detail.push_str(&format!(", dead letters: {dead}"));
            }
            Health::up().with_detail(detail)
        } else {
            Health::degraded(troubles.join("; "))
        }
    }
}

#[async_trait]
impl DeadLetters for InProcessBus {
    async fn list(
        &self,
        filter: &DeadLetterFilter,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, BusError> {
        Ok(self.shared.dead_letters.list(filter, limit))
    }

    /// As [`DeadLetters::redrive`]. Where 1,024 events wait for a group, the rest of its letters
    /// stay what they are.
    async fn redrive(&self, filter: &DeadLetterFilter, limit: usize) -> Result<usize, BusError> {
        let registry = self.shared.read();
        if registry.closed {
            return Err(BusError::Closed);
        }
        let taken = self.shared.dead_letters.take(filter, limit);
        let all = taken.len();
        let (mut left, mut full) = (Vec::new(), HashSet::new());
        for letter in taken {
            let queue = registry.queue(&letter.group).filter(|_| !full.contains(&letter.group));
            let pushed = queue
                .zip(letter.event())
                .map(|(queue, event)| queue.push_again(event, &self.shared.unhandled));
            if pushed == Some(PushedAgain::Waits) {
                continue;
            }
            if pushed == Some(PushedAgain::Full) {
                // No later one of the group may overtake it.
                full.insert(letter.group.clone());
            }
            left.push(letter);
        }
        let redriven = all - left.len();
        self.shared.dead_letters.put_back(left);
        Ok(redriven)
    }

    async fn purge(&self, filter: &DeadLetterFilter) -> Result<usize, BusError> {
        Ok(self.shared.dead_letters.take(filter, usize::MAX).len())
    }
}
