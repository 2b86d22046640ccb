//! A subscription that only counts what the broker brings.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    BusError, DomainEvent, EventBus, EventHandler, Group, HandlerError, IdGenerator,
    SubscribeOptions, Subscription, SystemIds, TopicPattern,
};

use crate::parity_ledger::{ParityLedger, Side};

/// How long a subscriber waits for the broker to listen; after that it is tried further without
/// it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pause before a broker is asked again.
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
        self.ledger.arrived(event.id, &self.group, Side::Broker);
        Ok(())
    }
}

impl Shadow {
    /// Counts what `broker` brings for `group`, as soon as the broker lets it.
    pub(super) async fn cast(
        broker: &Arc<dyn EventBus>,
        ledger: &ParityLedger,
        pattern: TopicPattern,
        group: Group,
    ) -> Self {
        ledger.expect(&pattern, &group);
        let subscription = Arc::new(Mutex::new(State::Wanted));
        let task = tokio::spawn(listen(
            broker.clone(),
            Counter { group: group.clone(), ledger: ledger.clone() },
            pattern.clone(),
            subscription.clone(),
        ));
        // What is published before the broker listens would be taken for lost.
        let _ = tokio::time::timeout(PATIENCE, task).await;
        Self { pattern, group, ledger: ledger.clone(), subscription }
    }

    /// Counts no more, and expects nothing.
    pub(super) fn end(self) {
        let mut state = self.subscription.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = std::mem::replace(&mut *state, State::Over);
        drop(state);
        drop(ended);
        self.ledger.expect_no_more(&self.pattern, &self.group);
    }
}

/// Asks the broker until it listens, or nobody wants it to.
async fn listen(
    broker: Arc<dyn EventBus>,
    counter: Counter,
    pattern: TopicPattern,
    subscription: Arc<Mutex<State>>,
) {
    let group = name(&counter.group);
    let handler = Arc::new(counter);
    loop {
        let options = SubscribeOptions::default().temporary();
        let listening =
            broker.subscribe(pattern.clone(), group.clone(), handler.clone(), options).await;
        if is_settled(&subscription, listening) {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Keeps the subscription if there is one, and says whether to ask no more.
fn is_settled(shadow: &Mutex<State>, listening: Result<Subscription, BusError>) -> bool {
    let mut state = shadow.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(*state, State::Over) {
        return true;
    }
    match listening {
        Ok(running) if matches!(*state, State::ForEver) => running.detach(),
        Ok(running) => *state = State::Running(running),
        Err(BusError::Closed) => {}
        Err(error) => {
            tracing::warn!(%error, "the broker of a dual write does not listen");
            return false;
        }
    }
    true
}

/// A group of this process alone: others that serve the group count for themselves.
fn name(group: &Group) -> Group {
    let id = SystemIds.uuid_v7().simple().to_string();
    let own = format!("{}.parity_{id}", group.as_str());
    // A name too long for that is rare, and then the end of the id is enough.
    let short = || format!("parity_{id}").parse();
    own.parse().or_else(|_| short()).unwrap_or_else(|_| group.clone())
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
