//! Those who publish: each has keys of its own, and insists on every event.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use czo_core::{
    Classified, DomainEvent, EventBus, EventFactory, RequestContext, SystemClock, SystemIds,
};
use czo_eventbus_amqp::AmqpBus;
use czo_testkit::torture::Dice;
use tokio::sync::RwLock;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::book::Book;
use super::part::Counted;

/// How many publish at once.
const PUBLISHERS: u32 = 50;

/// How many events of a key are on average published at once: nine times of ten one, else up to 8.
const AT_ONCE: f64 = 1.4;

/// How many handlings may be to come before nobody publishes more: what a machine can't do, it is
/// not asked for.
const MOST_BACKLOG: usize = 10_000;

/// All who publish.
#[derive(Debug)]
pub(crate) struct Publishers {
    tasks: JoinSet<Result<()>>,
    is_over: Arc<AtomicBool>,
    /// Whoever publishes reads; whoever writes lets nobody publish, and nothing is under way.
    gate: Arc<RwLock<()>>,
}

#[derive(Clone, Debug)]
struct Publisher {
    bus: AmqpBus,
    book: Arc<Book>,
    gate: Arc<RwLock<()>>,
    is_over: Arc<AtomicBool>,
    mint: Mint,
}

/// Makes events.
#[derive(Clone, Debug)]
pub(crate) struct Mint {
    events: EventFactory,
    ctx: RequestContext,
}

impl Mint {
    pub(crate) fn new() -> Self {
        let events = EventFactory::new("torture", Arc::new(SystemClock), Arc::new(SystemIds));
        Self { events, ctx: RequestContext::system(&SystemIds) }
    }

    pub(crate) fn event(&self, key: u32, number: u32) -> Result<DomainEvent> {
        Ok(self.events.event(&self.ctx, &Counted { key, number })?)
    }
}

impl Publishers {
    /// Publish so many events of these keys a second from now on.
    pub(crate) fn start(bus: &AmqpBus, book: &Arc<Book>, keys: u32, rate: u32, seed: u64) -> Self {
        let gate: Arc<RwLock<()>> = Arc::default();
        let is_over: Arc<AtomicBool> = Arc::default();
        let (bus, book) = (bus.clone(), book.clone());
        let all = Publisher {
            bus,
            book,
            gate: gate.clone(),
            is_over: is_over.clone(),
            mint: Mint::new(),
        };
        let pause = Duration::from_secs_f64(f64::from(PUBLISHERS) * AT_ONCE / f64::from(rate));
        let tasks = (0..PUBLISHERS).map(|number| {
            let own: Vec<u32> = (0..keys).filter(|key| key % PUBLISHERS == number).collect();
            all.clone().publish(own, pause, Dice::of(seed, 1_000 + u64::from(number)))
        });
        Self { tasks: tasks.collect(), is_over, gate }
    }

    /// Held, nobody publishes.
    pub(crate) fn gate(&self) -> Arc<RwLock<()>> {
        self.gate.clone()
    }

    /// Returns when one has failed.
    pub(crate) async fn failed(&mut self) -> anyhow::Error {
        match self.tasks.join_next().await {
            Some(Ok(Err(error))) => error,
            _ => anyhow::anyhow!("a publisher has ended"),
        }
    }

    /// Publish no more events; returns once all are confirmed.
    pub(crate) async fn end(&mut self) -> Result<()> {
        self.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.context("a publisher panicked")??;
        }
        Ok(())
    }
}

impl Publisher {
    async fn publish(self, keys: Vec<u32>, pause: Duration, mut dice: Dice) -> Result<()> {
        let mut turns = tokio::time::interval(pause);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.is_over.load(Ordering::Relaxed) {
            turns.tick().await;
            if self.book.backlog() > MOST_BACKLOG {
                continue;
            }
            let key = *dice.pick(&keys).context("a publisher has keys")?;
            let count = if dice.happens(900) { 1 } else { 2 + dice.below(7) };
            let _gate = self.gate.read().await;
            let range = self.book.publish(key, count);
            let events: Result<Vec<_>> =
                range.clone().map(|number| self.mint.event(key, number)).collect();
            self.insist(key, &range, &events?, &mut dice).await?;
            self.book.confirmed(key, range);
        }
        Ok(())
    }

    /// Publishes until the broker has confirmed it: the same events again, before any other of
    /// their key.
    async fn insist(
        &self,
        key: u32,
        range: &std::ops::Range<u32>,
        events: &[DomainEvent],
        dice: &mut Dice,
    ) -> Result<()> {
        loop {
            let published = match events {
                [event] => self.bus.publish(event.clone()).await,
                events => self.bus.publish_batch(events.to_vec()).await,
            };
            let Err(error) = published else { return Ok(()) };
            if !error.is_retryable() {
                bail!("the bus refuses an event for good: {error}");
            }
            self.book.refused(key, range);
            tokio::time::sleep(dice.millis(5, 100)).await;
        }
    }
}
