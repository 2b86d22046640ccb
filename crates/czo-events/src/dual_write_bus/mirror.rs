//! What waits for the broker, and the task that publishes it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use czo_core::{BusError, DomainEvent, EventBus};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::parity_ledger::ParityLedger;

/// How many events may wait for the broker.
const BACKLOG: usize = 10_000;

/// How many events that wait for a broker that does not fail are a trouble.
const MANY: usize = BACKLOG / 2;

/// How many are published at once.
const BATCH: usize = 256;

/// The pause after the first failure; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What waits for the broker, and the task that publishes it, which ends when this is dropped and
/// nothing waits.
#[derive(Debug)]
pub(super) struct Mirror {
    backlog: Arc<Backlog>,
}

#[derive(Debug)]
struct Backlog {
    state: Mutex<State>,
    /// Something came, or nothing comes any more.
    changed: Notify,
    /// Nothing is tried again any more.
    given_up: Notify,
    ledger: ParityLedger,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<(DomainEvent, Instant)>,
    /// With the task, and not confirmed.
    under_way: usize,
    /// Why the broker did not take the last batch.
    trouble: Option<String>,
    /// Nothing more comes.
    closed: bool,
    /// Nothing is tried again.
    given_up: bool,
}

impl Mirror {
    /// Publishes to `broker` what is handed in.
    pub(super) fn start(broker: Arc<dyn EventBus>, ledger: ParityLedger) -> Self {
        let (state, changed, given_up) = (Mutex::default(), Notify::new(), Notify::new());
        let backlog = Arc::new(Backlog { state, changed, given_up, ledger });
        tokio::spawn(backlog.clone().work_off(broker));
        Self { backlog }
    }

    /// Awaits the local bus, and hands the events over to the broker, also when the caller goes
    /// away meanwhile: the local bus has them then.
    pub(super) async fn during<T>(
        &self,
        events: Vec<DomainEvent>,
        local: impl Future<Output = Result<T, BusError>>,
    ) -> Result<T, BusError> {
        struct HandOver<'a>(&'a Backlog, Vec<DomainEvent>);

        impl Drop for HandOver<'_> {
            fn drop(&mut self) {
                self.0.push(std::mem::take(&mut self.1));
            }
        }

        if self.backlog.lock().closed {
            return Err(BusError::Closed);
        }
        // Before they can arrive anywhere.
        events.iter().for_each(|event| self.backlog.ledger.published(event));
        let _hand_over = HandOver(&self.backlog, events);
        local.await
    }

    /// Takes no more, and waits until the broker has what waits, at most until then.
    pub(super) async fn finish(&self, until: Instant) {
        self.backlog.lock().closed = true;
        self.backlog.changed.notify_one();
        let done = async {
            while self.backlog.lock().count() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let _ = tokio::time::timeout_at(until, done).await;
        self.backlog.give_up();
    }

    /// What is wrong with the broker, if something is.
    pub(super) fn trouble(&self) -> Option<String> {
        let state = self.backlog.lock();
        let slow = (state.waiting.len() >= MANY).then_some("it is slow");
        let trouble = state.trouble.as_deref().or(slow)?;
        Some(format!("{} events wait for the broker: {trouble}", state.count()))
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        let mut state = self.backlog.lock();
        // What waits is published, if the broker takes it at once.
        (state.closed, state.given_up) = (true, true);
        drop(state);
        self.backlog.changed.notify_one();
        self.backlog.given_up.notify_one();
    }
}

impl State {
    fn count(&self) -> usize {
        self.waiting.len() + self.under_way
    }
}

impl Backlog {
    fn push(&self, events: Vec<DomainEvent>) {
        let mut state = self.lock();
        let (now, mut lost) = (Instant::now(), Vec::new());
        for event in events {
            if state.closed || state.waiting.len() >= BACKLOG {
                lost.push(event);
            } else {
                state.waiting.push_back((event, now));
            }
        }
        drop(state);
        self.changed.notify_one();
        self.lose(lost.iter());
    }

    /// The broker will lack these.
    fn lose<'a>(&self, events: impl ExactSizeIterator<Item = &'a DomainEvent>) {
        if events.len() > 0 {
            tracing::error!(events = events.len(), "the broker of a dual write will lack events");
            events.for_each(|event| self.ledger.missing(event));
        }
    }

    /// Tries nothing again from now on, and drops what waits.
    fn give_up(&self) {
        let mut state = self.lock();
        state.given_up = true;
        let lost = std::mem::take(&mut state.waiting);
        drop(state);
        self.changed.notify_one();
        self.given_up.notify_one();
        self.lose(lost.iter().map(|(event, _)| event));
    }

    /// Publishes what comes, until nothing comes any more.
    async fn work_off(self: Arc<Self>, broker: Arc<dyn EventBus>) {
        while let Some(batch) = self.next_batch() {
            if batch.is_empty() {
                self.changed.notified().await;
            } else {
                self.publish(&*broker, batch).await;
            }
        }
    }

    /// What is to be published next; nothing once nothing comes any more.
    fn next_batch(&self) -> Option<Vec<(DomainEvent, Instant)>> {
        let mut state = self.lock();
        let count = state.waiting.len().min(BATCH);
        if state.closed && count == 0 {
            return None;
        }
        state.under_way = count;
        Some(state.waiting.drain(..count).collect())
    }

    async fn publish(&self, broker: &dyn EventBus, batch: Vec<(DomainEvent, Instant)>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let events = batch.iter().map(|(event, _)| event.clone()).collect();
            match broker.publish_batch(events).await {
                Ok(()) => break self.lock().trouble = None,
                // All groups but one have them. Who lacks them, the ledger shows.
                Err(error @ BusError::Overloaded { .. }) => {
                    tracing::warn!(%error, "a group of the broker of a dual write is behind");
                    break self.lock().trouble = Some(error.to_string());
                }
                Err(error) if self.is_final(&error) => {
                    self.lock().under_way = 0;
                    return self.lose(batch.iter().map(|(event, _)| event));
                }
                Err(_) => {
                    let _ = tokio::time::timeout(pause, self.given_up.notified()).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        batch.iter().for_each(|(event, since)| self.ledger.confirmed(event, *since));
        self.lock().under_way = 0;
    }

    /// Whether trying again is of no use.
    fn is_final(&self, error: &BusError) -> bool {
        let mut state = self.lock();
        let is_final = state.given_up || matches!(error, BusError::Closed);
        state.trouble = Some(error.to_string());
        drop(state);
        if !is_final {
            tracing::warn!(%error, "the broker of a dual write took no events, and is tried again");
        }
        is_final
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
