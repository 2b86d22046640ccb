//! What a group has at hand, from which its members take.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, watch};

use super::item::Item;
use super::lanes::Lanes;
use super::lock;
use super::member::Member;
use super::recent::Recent;

/// What a group has at hand, in the order the broker gave it out.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    state: Mutex<State>,
    /// Something is no longer under way.
    finished: Notify,
    /// Nobody takes anything any more.
    ended: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    members: Vec<Arc<Member>>,
    /// What comes before all that waits: tried before, or next of its key.
    ahead: VecDeque<Item>,
    waiting: VecDeque<Item>,
    lanes: Lanes,
    recent: Recent,
    /// How many are with a handler, or on their way from there.
    under_way: usize,
}

/// Where an item goes.
#[derive(Debug)]
pub(super) enum Put {
    /// It waits for a member.
    Waits,
    /// Nobody wants it.
    Unwanted(Item),
    /// Nobody takes anything any more.
    Over(Item),
}

impl State {
    fn end_turn(&mut self, key: Option<Arc<str>>) {
        if let Some(next) = key.and_then(|key| self.lanes.leave(key)) {
            self.ahead.push_back(next);
        }
    }

    fn wake_all(&self) {
        self.members.iter().for_each(|member| member.wake());
    }

    /// Takes out everything that no handler has.
    fn clear(&mut self) -> Vec<Item> {
        let mut items: Vec<_> = self.ahead.drain(..).chain(self.waiting.drain(..)).collect();
        // Whose turn it was and is gone leaves it to nobody: those behind are gone too.
        items.extend(self.lanes.take_waiting());
        let turns: Vec<_> = items.iter_mut().filter_map(|item| item.key.take()).collect();
        turns.into_iter().for_each(|key| self.end_turn(Some(key)));
        items
    }
}

impl Desk {
    /// How many handlers may run at once.
    pub(super) fn handlers(&self) -> usize {
        let state = lock(&self.state);
        state.members.iter().map(|member| member.options.concurrency.max(1)).sum()
    }

    pub(super) fn join(&self, member: Arc<Member>) {
        lock(&self.state).members.push(member);
    }

    /// Ends a membership, and says whether it was the last.
    pub(super) fn leave(&self, leaver: &Arc<Member>) -> bool {
        leaver.stop();
        let mut state = lock(&self.state);
        let before = state.members.len();
        state.members.retain(|member| !Arc::ptr_eq(member, leaver));
        // What the leaver was woken for, others have to look at.
        state.wake_all();
        before > 0 && state.members.is_empty()
    }

    /// Puts what the broker gave out behind all that waits.
    pub(super) fn put(&self, item: Item) -> Put {
        let mut guard = lock(&self.state);
        let state = &mut *guard;
        if self.is_over() {
            return Put::Over(item);
        }
        let event_type = &item.event.event_type;
        let wanting = |member: &&Arc<Member>| member.wants(event_type);
        if !state.members.iter().any(|member| wanting(&member)) {
            return Put::Unwanted(item);
        }
        let mut wanting = state.members.iter().filter(wanting);
        let key = wanting.find_map(|member| member.options.ordering_key(&item.event));
        let key = key.map(std::borrow::Cow::into_owned);
        let item = match key {
            Some(key) => state.lanes.enter(&key, item),
            None => Some(item),
        };
        if let Some(item) = item {
            state.waiting.push_back(item);
            // All of them: whoever is free takes it, a busy one must not keep it from the others.
            state.wake_all();
        }
        Put::Waits
    }

    /// Puts back what is to be tried again, before all that waits. It counts as under way no more.
    pub(super) fn put_back(&self, item: Item) {
        let mut state = lock(&self.state);
        state.under_way -= 1;
        state.ahead.push_back(item);
        state.wake_all();
        drop(state);
        self.finished.notify_waiters();
    }

    /// The oldest item that `member` wants, as soon as there is one; nothing once it is stopped.
    pub(super) async fn next(&self, member: &Member) -> Option<Item> {
        // Events may come faster than they are handled: let others have their turn. Nothing is
        // awaited once an item is taken, so that none is lost.
        tokio::task::consume_budget().await;
        loop {
            {
                let mut state = lock(&self.state);
                if member.is_stopped() {
                    return None;
                }
                if let Some(item) = state.take(member) {
                    state.under_way += 1;
                    return Some(item);
                }
            }
            member.woken().await;
        }
    }

    /// An event was handled.
    pub(super) fn handled(&self, item: &Item) {
        lock(&self.state).recent.add(item.event.id);
    }

    /// Whether an event was handled here a moment ago, and the broker did not hear of it.
    pub(super) fn was_handled(&self, item: &Item) -> bool {
        item.parcel.is_redelivered && lock(&self.state).recent.contains(item.event.id)
    }

    /// Something is under way that no handler has.
    pub(super) fn begin(&self) {
        lock(&self.state).under_way += 1;
    }

    /// An item is done with, one way or the other.
    pub(super) fn finish(&self, item: Item) {
        self.end_turn(item.key);
    }

    /// What was under way with the turn of this key no longer is.
    pub(super) fn end_turn(&self, key: Option<Arc<str>>) {
        let mut state = lock(&self.state);
        state.under_way -= 1;
        if key.is_some() {
            state.end_turn(key);
            state.wake_all();
        }
        drop(state);
        self.finished.notify_waiters();
    }

    /// Takes out everything that no handler has.
    pub(super) fn clear(&self) -> Vec<Item> {
        lock(&self.state).clear()
    }

    /// Lets nobody take anything any more.
    pub(super) fn end(&self) {
        let state = lock(&self.state);
        self.ended.send_replace(true);
        state.members.iter().for_each(|member| member.stop());
    }

    pub(super) fn is_over(&self) -> bool {
        *self.ended.borrow()
    }

    /// Returns once nobody takes anything any more.
    pub(super) async fn has_ended(&self) {
        let mut ended = self.ended.subscribe();
        // The sender is here, so it can't fail.
        let _ = ended.wait_for(|ended| *ended).await;
    }

    /// How many are with a handler, or on their way from there.
    pub(super) fn under_way(&self) -> usize {
        lock(&self.state).under_way
    }

    /// Returns once nothing is under way.
    pub(super) async fn is_idle(&self) {
        loop {
            let finished = self.finished.notified();
            if self.under_way() == 0 {
                return;
            }
            finished.await;
        }
    }
}

impl State {
    fn take(&mut self, member: &Member) -> Option<Item> {
        let wanted = |item: &Item| member.wants(&item.event.event_type);
        if let Some(place) = self.ahead.iter().position(wanted) {
            return self.ahead.remove(place);
        }
        let place = self.waiting.iter().position(wanted)?;
        self.waiting.remove(place)
    }
}
