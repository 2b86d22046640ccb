//! The queue of one group, from which its members take.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use czo_core::{DomainEvent, EventType, Group, TopicPattern};
use tokio::sync::{Notify, oneshot};

use crate::unhandled::Unhandled;

/// How many events may wait for one group before its publishers are made to wait too.
pub(crate) const QUEUE_CAPACITY: usize = 1_024;

/// How many more may wait while their publishers do. Beyond that the group takes nothing.
pub(crate) const OVERFLOW_CAPACITY: usize = 1_024;

/// What waits for one group, in the order of publishing.
///
/// A publisher is made to wait *after* its event is in the queue, so whether the event arrives
/// does not depend on the publisher's patience.
#[derive(Debug)]
pub(crate) struct GroupQueue {
    group: Group,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Delivery>,
    /// Who waits for room, one for each event beyond the capacity.
    publishers: VecDeque<oneshot::Sender<()>>,
    next_number: u64,
    stalled: bool,
    /// Nothing will come any more: members end when nothing is left for them.
    last: bool,
}

/// An event on its way to one handler. It counts as unhandled until it is dropped.
#[derive(Debug)]
pub(crate) struct Delivery {
    number: u64,
    pub(crate) event: Arc<DomainEvent>,
    unhandled: Arc<Unhandled>,
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.unhandled.remove();
    }
}

/// One subscription, as its group sees it.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) pattern: TopicPattern,
    stopped: AtomicBool,
    wake: Notify,
}

impl Member {
    pub(crate) fn new(pattern: TopicPattern) -> Self {
        Self { pattern, stopped: AtomicBool::new(false), wake: Notify::new() }
    }

    /// Makes it look at the queue.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Lets running handlers finish and takes no more.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.wake();
    }
}

/// What became of an event.
#[derive(Debug)]
pub(crate) enum Pushed {
    /// It waits for the group.
    InTime,
    /// It waits for the group, and its publisher should wait for this. An error means that the
    /// bus gave up what was waiting.
    Late(oneshot::Receiver<()>),
    /// So many events wait that the group does not get it.
    Refused(usize),
}

enum Taken {
    Delivery(Delivery),
    Nothing,
    End,
}

impl GroupQueue {
    pub(crate) fn new(group: Group) -> Self {
        Self { group, state: Mutex::default() }
    }

    pub(crate) fn group(&self) -> &Group {
        &self.group
    }

    /// How many events wait, and whether the group is stalled.
    pub(crate) fn load(&self) -> (usize, bool) {
        let state = self.lock();
        (state.waiting.len(), state.stalled)
    }

    /// Puts `event` at the end. The members that want it are to be woken by the caller.
    pub(crate) fn push(&self, event: &Arc<DomainEvent>, unhandled: &Arc<Unhandled>) -> Pushed {
        let mut state = self.lock();
        let waiting = state.waiting.len();
        let overflow = if state.stalled { 0 } else { OVERFLOW_CAPACITY };
        if waiting >= QUEUE_CAPACITY + overflow {
            return Pushed::Refused(waiting);
        }
        let number = state.next_number;
        state.next_number += 1;
        unhandled.add();
        state.waiting.push_back(Delivery {
            number,
            event: event.clone(),
            unhandled: unhandled.clone(),
        });
        if waiting < QUEUE_CAPACITY {
            return Pushed::InTime;
        }
        let (publisher, room) = oneshot::channel();
        state.publishers.push_back(publisher);
        Pushed::Late(room)
    }

    /// A publisher waited long enough: from now on nobody waits, until there is room again.
    pub(crate) fn stall(&self) {
        let mut state = self.lock();
        let waiting = state.waiting.len();
        let stalls = waiting >= QUEUE_CAPACITY && !state.stalled;
        state.stalled |= stalls;
        drop(state);
        if stalls {
            tracing::warn!(group = self.group.as_str(), waiting, "a group of subscribers stalled");
        }
    }

    /// The oldest event that `member` wants, as soon as there is one; `None` once it is stopped.
    ///
    /// `seen` is the number up to which the member knows the queue: what it once did not want
    /// it need not look at again.
    pub(crate) async fn next(&self, member: &Member, mut seen: u64) -> Option<(Delivery, u64)> {
        // Events may come faster than they are handled: let others have their turn. Nothing is
        // awaited once a delivery is taken, so that none is lost.
        tokio::task::consume_budget().await;
        loop {
            match self.take(member, &mut seen) {
                Taken::Delivery(delivery) => return Some((delivery, seen)),
                Taken::Nothing => member.wake.notified().await,
                Taken::End => return None,
            }
        }
    }

    fn take(&self, member: &Member, seen: &mut u64) -> Taken {
        let mut state = self.lock();
        // Looked at under the lock: a member that was stopped before an event came never has it.
        if member.stopped.load(Ordering::Acquire) {
            return Taken::End;
        }
        let unseen = state.waiting.partition_point(|delivery| delivery.number < *seen);
        let wanted = state
            .waiting
            .range(unseen..)
            .position(|delivery| member.pattern.matches(&delivery.event.event_type))
            .and_then(|offset| state.waiting.remove(unseen + offset));
        let Some(delivery) = wanted else {
            *seen = state.next_number;
            return if state.last { Taken::End } else { Taken::Nothing };
        };
        *seen = delivery.number + 1;
        self.make_room(state);
        Taken::Delivery(delivery)
    }

    /// Drops what waits and none of the members that are left wants.
    pub(crate) fn keep_wanted(&self, wanted: impl Fn(&EventType) -> bool) {
        let mut state = self.lock();
        let (kept, dropped): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut state.waiting)
            .into_iter()
            .partition(|delivery| wanted(&delivery.event.event_type));
        state.waiting = kept;
        self.make_room(state);
        drop(dropped);
    }

    /// Drops all that waits, and tells the publishers.
    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        let dropped = std::mem::take(&mut *state);
        state.last = true;
        drop(state);
        drop(dropped);
    }

    /// Lets members end once nothing is left for them. They are to be woken by the caller.
    pub(crate) fn end(&self) {
        self.lock().last = true;
    }

    /// After something left the queue: lets publishers go on, and ends a stall.
    fn make_room(&self, mut state: MutexGuard<'_, State>) {
        let waiting = state.waiting.len();
        let in_line = waiting.saturating_sub(QUEUE_CAPACITY);
        let go_on = state.publishers.len() - in_line;
        let publishers: Vec<_> = state.publishers.drain(..go_on).collect();
        let recovers = state.stalled && waiting < QUEUE_CAPACITY;
        state.stalled &= !recovers;
        // Nobody is woken, and nothing logged, under the lock.
        drop(state);
        for publisher in publishers {
            let _ = publisher.send(());
        }
        if recovers {
            tracing::info!(group = self.group.as_str(), "a group of subscribers has room again");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
