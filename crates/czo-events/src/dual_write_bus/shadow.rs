//! A subscription that only counts what the broker brings.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    BusError, DomainEvent, EventBus, EventHandler, Group, HandlerError, SubscribeOptions,
    Subscription, TopicPattern,
};

use super::DualWriteBus;
use super::mirror::Mirror;
use crate::parity_ledger::{ParityLedger, Side};

/// The pause before a broker that does not listen is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// A subscription that only counts what the broker brings, until it is [ended](Self::end); dropped,
/// it runs for as long as the broker does.
pub(super) struct Shadow {
    pattern: TopicPattern,
    group: Group,
    ledger: ParityLedger,
    subscription: Arc<Mutex<State>>,
}

enum State {
    Wanted,
    /// Wanted, by somebody who will never end it.
    ForEver,
    Running(Subscription),
    Over,
}

struct Counter {
    group: Group,
    ledger: ParityLedger,
}

#[async_trait]
impl EventHandler for Counter {
    async fn handle(&self, event: Arc<DomainEvent>) -> Result<(), HandlerError> {
        self.ledger.arrived(&event, &self.group, Side::Broker);
        Ok(())
    }
}

impl Shadow {
    /// Counts what the broker brings for `group`, as soon as the broker lets it.
    pub(super) fn cast(bus: &DualWriteBus, pattern: TopicPattern, group: Group) -> Self {
        let ledger = bus.ledger.clone();
        ledger.want(&group);
        let subscription = Arc::new(Mutex::new(State::Wanted));
        let asking = Asking {
            broker: bus.broker.clone(),
            alive: Arc::downgrade(&bus.mirror),
            counter: Arc::new(Counter { group: group.clone(), ledger: ledger.clone() }),
            own_group: name(&group, &bus.suffix),
            pattern: pattern.clone(),
            shadow: subscription.clone(),
        };
        tokio::spawn(asking.until_it_listens());
        Self { pattern, group, ledger, subscription }
    }

    /// Counts no more, and expects nothing.
    pub(super) fn end(self) {
        let mut state = self.subscription.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = std::mem::replace(&mut *state, State::Over);
        drop(state);
        let listened = matches!(ended, State::Running(_));
        drop(ended);
        self.ledger.want_no_more(&self.pattern, &self.group, listened);
    }
}

/// What is asked of the broker, as long as somebody wants it.
struct Asking {
    broker: Arc<dyn EventBus>,
    alive: Weak<Mirror>,
    counter: Arc<Counter>,
    own_group: Group,
    pattern: TopicPattern,
    shadow: Arc<Mutex<State>>,
}

impl Asking {
    async fn until_it_listens(self) {
        while self.alive.strong_count() > 0 {
            let options = SubscribeOptions::default().temporary();
            let (pattern, group) = (self.pattern.clone(), self.own_group.clone());
            let listening =
                self.broker.subscribe(pattern, group, self.counter.clone(), options).await;
            if self.is_settled(listening) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Keeps the subscription if there is one, and says whether to ask no more.
    fn is_settled(&self, listening: Result<Subscription, BusError>) -> bool {
        let mut state = self.shadow.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Over) {
            return true;
        }
        let running = match listening {
            Ok(running) => running,
            Err(BusError::Closed) => return true,
            Err(error) => {
                tracing::warn!(%error, "the broker of a dual write does not listen");
                return false;
            }
        };
        self.counter.ledger.expect(&self.pattern, &self.counter.group);
        if matches!(*state, State::ForEver) {
            running.detach();
        } else {
            *state = State::Running(running);
        }
        true
    }
}

/// The group of this process alone that compares `group`: others that serve it compare for
/// themselves.
fn name(group: &Group, suffix: &str) -> Group {
    let own = format!("{group}.parity_{suffix}").parse();
    // A name too long for that is rare, and then the suffix has to do.
    own.or_else(|_| format!("parity_{suffix}").parse()).unwrap_or_else(|_| group.clone())
}

impl Drop for Shadow {
    fn drop(&mut self) {
        let mut state = self.subscription.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, State::Over) {
            State::Running(running) => running.detach(),
            State::Wanted => *state = State::ForEver,
            State::ForEver | State::Over => {}
        }
    }
}
