//! The queue of one group, from which its members take.

mod parking;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use czo_core::{DomainEvent, Group};
use tokio::sync::{Notify, oneshot};

use crate::delivery::Delivery;
use crate::lanes::Lanes;
use crate::member::Member;
use crate::receipt::Receipt;
use crate::unhandled::Unhandled;

/// How many events may wait for one group before its publishers are made to wait too.
pub(crate) const QUEUE_CAPACITY: usize = 1_024;

/// How many more may wait while their publishers do. Beyond that the group takes nothing.
const OVERFLOW_CAPACITY: usize = 1_024;

/// What waits for one group, in the order of publishing.
///
/// A publisher is made to wait *after* its event is in the queue, so whether the event arrives
/// does not depend on the publisher's patience.
#[derive(Debug)]
pub(crate) struct GroupQueue {
    group: Group,
    state: Mutex<State>,
    /// Tells what is parked that it need not wait any longer.
    hurry: Notify,
}

#[derive(Debug, Default)]
struct State {
    members: Vec<Arc<Member>>,
    /// What comes before all that waits: tried before, or next of its ordering key.
    ahead: VecDeque<Delivery>,
    waiting: VecDeque<Delivery>,
    lanes: Lanes,
    /// Who waits for room, one for each event beyond the capacity.
    publishers: VecDeque<oneshot::Sender<()>>,
    next_number: u64,
    /// How many are with a handler.
    running: usize,
    /// How many wait for the time of their next attempt.
    parked: usize,
    stalled: bool,
    /// Nothing waits for its next attempt any more.
    hurried: bool,
    /// Nothing will come any more: members end when nothing is left.
    last: bool,
    /// What waited was dropped, and nobody is told that it was handled.
    cleared: bool,
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

/// What became of a dead letter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PushedAgain {
    /// It waits for the group.
    Waits,
    /// There is no room for it.
    Full,
    /// Nobody in the group wants it.
    Unwanted,
}

enum Taken {
    Delivery(Delivery),
    Nothing,
    End,
}

impl State {
    /// How many wait, wherever.
    fn waiting(&self) -> usize {
        self.ahead.len() + self.waiting.len() + self.lanes.len()
    }

    fn push(
        &mut self,
        event: &Arc<DomainEvent>,
        key: Option<&str>,
        receipt: Option<&Arc<Receipt>>,
        unhandled: &Arc<Unhandled>,
    ) {
        let (event, receipt) = (event.clone(), receipt.cloned());
        let mut delivery = Delivery::new(self.next_number, event, receipt, unhandled.clone());
        self.next_number += 1;
        match key {
            Some(key) if self.lanes.is_taken(key) => return self.lanes.wait(key, delivery),
            Some(key) => delivery.key = Some(self.lanes.enter(key)),
            None => {}
        }
        self.waiting.push_back(delivery);
    }

    /// Puts a delivery among those that come before all that waits, in the order of publishing.
    fn put_ahead(&mut self, delivery: Delivery) {
        let place = self.ahead.partition_point(|other| other.number < delivery.number);
        self.ahead.insert(place, delivery);
    }

    /// Takes the oldest that `member` wants; of what waits it knows all before `seen`.
    fn take(&mut self, member: &Member, seen: &mut u64) -> Option<Delivery> {
        let wanted = |delivery: &Delivery| member.wants(&delivery.event.event_type);
        let unseen = self.waiting.partition_point(|delivery| delivery.number < *seen);
        let numbered = |(place, delivery): (usize, &Delivery)| (delivery.number, place);
        let ahead = self.ahead.iter().enumerate().find(|(_, of)| wanted(of)).map(numbered);
        let mut unseen = self.waiting.iter().enumerate().skip(unseen);
        match (ahead, unseen.find(|(_, of)| wanted(of)).map(numbered)) {
            (Some((older, place)), Some((number, _))) if older < number => self.ahead.remove(place),
            (_, Some((number, place))) => {
                *seen = number + 1;
                self.waiting.remove(place)
            }
            (Some((_, place)), None) => self.ahead.remove(place),
            (None, None) => {
                *seen = self.next_number;
                None
            }
        }
    }

    /// Ends the turn of a key, and lets the next one have it.
    fn end_turn(&mut self, key: Option<Arc<str>>) {
        if let Some(next) = key.and_then(|key| self.lanes.leave(key)) {
            self.put_ahead(next);
        }
    }

    fn wake_all(&self) {
        self.members.iter().for_each(|member| member.wake());
    }
}

impl GroupQueue {
    pub(crate) fn new(group: Group) -> Self {
        Self { group, state: Mutex::default(), hurry: Notify::new() }
    }

    pub(crate) fn group(&self) -> &Group {
        &self.group
    }

    /// How many events wait, and whether the group is stalled.
    pub(crate) fn load(&self) -> (usize, bool) {
        let state = self.lock();
        (state.waiting(), state.stalled)
    }

    /// Adds a member.
    pub(crate) fn join(&self, member: Arc<Member>) {
        self.lock().members.push(member);
    }

    /// Ends a membership, drops what waits and none of those who are left wants, and says
    /// whether anybody is left.
    pub(crate) fn leave(&self, leaver: &Arc<Member>) -> bool {
        leaver.stop();
        let mut guard = self.lock();
        let state = &mut *guard;
        state.members.retain(|member| !Arc::ptr_eq(member, leaver));
        let members = &state.members;
        let wanted = |delivery: &Delivery| {
            members.iter().any(|member| member.wants(&delivery.event.event_type))
        };
        let mut dropped = Vec::new();
        state.lanes.retain(wanted, &mut dropped);
        for queue in [&mut state.ahead, &mut state.waiting] {
            let (kept, unwanted): (VecDeque<_>, VecDeque<_>) =
                std::mem::take(queue).into_iter().partition(wanted);
            *queue = kept;
            dropped.extend(unwanted);
        }
        let turns: Vec<_> = dropped.iter_mut().filter_map(|delivery| delivery.key.take()).collect();
        turns.into_iter().for_each(|key| state.end_turn(Some(key)));
        let is_left = !state.members.is_empty();
        // What the leaver was woken for, others have to look at.
        state.wake_all();
        self.make_room(guard);
        dropped.iter_mut().for_each(Delivery::settle);
        drop(dropped);
        is_left
    }

    /// Puts `event` at the end, behind those of its ordering key. The members that want it are to
    /// be woken by the caller.
    pub(crate) fn push(
        &self,
        event: &Arc<DomainEvent>,
        key: Option<&str>,
        receipt: Option<&Arc<Receipt>>,
        unhandled: &Arc<Unhandled>,
    ) -> Pushed {
        let mut state = self.lock();
        let waiting = state.waiting();
        let overflow = if state.stalled { 0 } else { OVERFLOW_CAPACITY };
        if waiting >= QUEUE_CAPACITY + overflow {
            return Pushed::Refused(waiting);
        }
        state.push(event, key, receipt, unhandled);
        if waiting < QUEUE_CAPACITY {
            return Pushed::InTime;
        }
        let (publisher, room) = oneshot::channel();
        state.publishers.push_back(publisher);
        Pushed::Late(room)
    }

    /// Puts `event` at the end, if somebody wants it and nobody would have to wait for room.
    pub(crate) fn push_again(
        &self,
        event: &Arc<DomainEvent>,
        unhandled: &Arc<Unhandled>,
    ) -> PushedAgain {
        let mut state = self.lock();
        let wants = |member: &&Arc<Member>| member.wants(&event.event_type);
        let members: Vec<_> = state.members.iter().filter(wants).cloned().collect();
        if members.is_empty() {
            return PushedAgain::Unwanted;
        }
        if state.waiting() >= QUEUE_CAPACITY {
            return PushedAgain::Full;
        }
        let key = members.iter().find_map(|member| member.options.ordering_key(event));
        state.push(event, key.as_deref(), None, unhandled);
        drop(state);
        members.iter().for_each(|member| member.wake());
        PushedAgain::Waits
    }

    /// A publisher waited long enough: from now on nobody waits, until there is room again.
    pub(crate) fn stall(&self) {
        let mut state = self.lock();
        let waiting = state.waiting();
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
                Taken::Nothing => member.woken().await,
                Taken::End => return None,
            }
        }
    }

    fn take(&self, member: &Member, seen: &mut u64) -> Taken {
        let mut guard = self.lock();
        let state = &mut *guard;
        // Looked at under the lock: a member that was stopped before an event came never has it.
        if member.is_stopped() {
            return Taken::End;
        }
        let Some(delivery) = state.take(member, seen) else {
            let nothing_left = state.waiting() + state.running + state.parked == 0;
            return if state.last && nothing_left { Taken::End } else { Taken::Nothing };
        };
        state.running += 1;
        self.make_room(guard);
        Taken::Delivery(delivery)
    }

    /// A delivery is done, one way or the other.
    pub(crate) fn finish(&self, mut delivery: Delivery) {
        let mut state = self.lock();
        state.running = state.running.saturating_sub(1);
        let key = delivery.key.take();
        if key.is_some() || state.last {
            state.end_turn(key);
            state.wake_all();
        }
        drop(state);
        delivery.settle();
    }

    /// Drops all that waits, and tells the publishers.
    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        let members = std::mem::take(&mut state.members);
        let dropped = std::mem::take(&mut *state);
        (state.last, state.hurried, state.cleared) = (true, true, true);
        drop(state);
        members.iter().for_each(|member| member.stop());
        self.hurry.notify_waiters();
        drop(dropped);
    }

    /// Lets members end once nothing is left.
    pub(crate) fn end(&self) {
        self.lock().last = true;
        self.hurry();
        self.lock().wake_all();
    }

    /// After something left the queue: lets publishers go on, and ends a stall.
    fn make_room(&self, mut state: MutexGuard<'_, State>) {
        let waiting = state.waiting();
        let in_line = waiting.saturating_sub(QUEUE_CAPACITY);
        let go_on = state.publishers.len().saturating_sub(in_line);
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
