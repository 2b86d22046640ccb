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

impl State {
    fn end_turn(&mut self, key: Option<Arc<str>>) {
        if let Some(next) = key.and_then(|key| self.lanes.leave(key)) {
            self.ahead.push_back(next);
        }
    }

    fn wake_all(&self) {
        self.members.iter().for_each(|member| member.wake());
    }

    fn is_wanted(&self, item: &Item) -> bool {
        self.members.iter().any(|member| member.wants(&item.event.event_type))
    }

    /// Takes out what no handler has and nobody wants.
    fn take_unwanted(&mut self) -> Vec<Item> {
        let members = &self.members;
        let is_wanted =
            |item: &Item| members.iter().any(|member| member.wants(&item.event.event_type));
        let mut unwanted = self.lanes.take_unwanted(is_wanted);
        for item in self.ahead.drain(..).chain(self.waiting.drain(..)).collect::<Vec<_>>() {
            if is_wanted(&item) {
                self.waiting.push_back(item);
            } else {
                unwanted.push(item);
            }
        }
        unwanted
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

    /// Ends a membership. What nobody wants any more is taken out.
    pub(super) fn leave(&self, leaver: &Arc<Member>) -> Vec<Item> {
        leaver.stop();
        let mut state = lock(&self.state);
        state.members.retain(|member| !Arc::ptr_eq(member, leaver));
        let unwanted = match state.members.is_empty() {
            // All of it goes back to the broker, once that gives out no more.
            true => Vec::new(),
            false => state.take_unwanted(),
        };
        state.under_way += unwanted.len();
        // What the leaver was woken for, others have to look at.
        state.wake_all();
        unwanted
    }

    pub(super) fn has_members(&self) -> bool {
        !lock(&self.state).members.is_empty()
    }

    /// Puts what the broker gave out behind all that waits; gives it back where there are members,
    /// and none of them wants it. It counts as under way then.
    #[must_use]
    pub(super) fn put(&self, item: Item) -> Option<Item> {
        let mut guard = lock(&self.state);
        let state = &mut *guard;
        let event_type = &item.event.event_type;
        if state.members.is_empty() {
            // They have left, and it goes back to the broker with the rest.
            state.waiting.push_back(item);
            return None;
        }
        let mut wanting = state.members.iter().filter(|member| member.wants(event_type)).peekable();
        if wanting.peek().is_none() {
            state.under_way += 1;
            return Some(item);
        }
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
        None
    }

    /// Puts back what is to be tried again, before all that waits, so that it is under way no more;
    /// gives it back, still under way, where nobody wants it.
    #[must_use]
    pub(super) fn put_back(&self, item: Item) -> Option<Item> {
        let mut state = lock(&self.state);
        if !state.is_wanted(&item) {
            return Some(item);
        }
        state.under_way -= 1;
        state.ahead.push_back(item);
        state.wake_all();
        drop(state);
        self.finished.notify_waiters();
        None
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

    /// Something is under way that is no event.
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
