//! Events that carry a number, and subscriptions that tell what they got.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use czo_core::{
    DomainEvent, Event, EventFactory, EventHandler, HandlerError, HealthStatus, RequestContext,
    SubscribeOptions, Subscription, SystemClock, SystemIds, handler_fn,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc};

use super::BusUnderTest;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Something was counted.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event("test.number.counted", version = 1)]
pub(super) struct Counted {
    pub(super) number: usize,
    pub(super) key: Option<String>,
}

fn event(payload: &Counted) -> DomainEvent {
    EventFactory::new("test", Arc::new(SystemClock), Arc::new(SystemIds))
        .event(&RequestContext::system(&SystemIds), payload)
        .expect("numbers and texts have a JSON form")
}

pub(super) fn counted(number: usize) -> DomainEvent {
    event(&Counted { number, key: None })
}

pub(super) fn keyed(number: usize, key: impl fmt::Display) -> DomainEvent {
    event(&Counted { number, key: Some(key.to_string()) })
}

/// A number under another type.
pub(super) fn of_type(event_type: &str, number: usize) -> DomainEvent {
    let event_type = event_type.parse().expect("a type");
    DomainEvent { event_type, ..counted(number) }
}

pub(super) fn number_of(event: &DomainEvent) -> usize {
    let number = event.data["number"].as_u64().expect("every event of the suite has a number");
    usize::try_from(number).expect("a small number")
}

pub(super) fn key_of(event: &DomainEvent) -> String {
    event.data["key"].as_str().unwrap_or_default().to_owned()
}

impl BusUnderTest {
    pub(super) async fn publish(&self, event: DomainEvent) {
        self.bus.publish(event).await.expect("a bus at work takes an event");
    }

    pub(super) async fn subscribe(
        &self,
        pattern: &str,
        group: &str,
        options: SubscribeOptions,
        handler: impl EventHandler + 'static,
    ) -> Subscription {
        let (pattern, group) =
            (pattern.parse().expect("a pattern"), group.parse().expect("a group"));
        let subscription = self
            .bus
            .subscribe(pattern, group, Arc::new(handler), options)
            .await
            .expect("a bus at work takes a subscription");
        self.is_at_work().await;
        subscription
    }

    /// Waits until nothing is wrong with the bus. One whose broker was out of reach takes a
    /// subscription all the same, and until it is there, no event is for it.
    async fn is_at_work(&self) {
        let at_work = async {
            while self.bus.health().await.status != HealthStatus::Up {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, at_work).await.is_err() {
            panic!("the bus is not at work: {:?}", self.bus.health().await);
        }
    }

    /// A subscription that handles everything and tells its numbers.
    pub(super) async fn collect(&self, pattern: &str, group: &str) -> Told<usize> {
        let (teller, told) = tell();
        let handler = handler_fn(move |event: Arc<DomainEvent>| {
            teller.say(number_of(&event));
            async { Ok(()) }
        });
        self.subscribe(pattern, group, SubscribeOptions::default(), handler).await.detach();
        told
    }

    /// As [`collect`](Self::collect); each handler takes a permit of `gate` before it ends.
    pub(super) async fn collect_behind(
        &self,
        group: &str,
        gate: &Arc<Semaphore>,
    ) -> (Subscription, Told<usize>) {
        let (teller, told) = tell();
        let gate = gate.clone();
        let handler = handler_fn(move |event: Arc<DomainEvent>| {
            teller.say(number_of(&event));
            let gate = gate.clone();
            async move {
                pass(&gate).await;
                Ok(())
            }
        });
        let options = SubscribeOptions::default();
        (self.subscribe("test.#", group, options, handler).await, told)
    }

    /// Options with the schedule of this bus.
    pub(super) fn options(&self) -> SubscribeOptions {
        SubscribeOptions::default().retry(self.retry.clone())
    }

    /// Waits until so many dead letters are there.
    pub(super) async fn dead_letters(&self, count: usize) -> Vec<czo_core::DeadLetter> {
        let all = czo_core::DeadLetterFilter::all();
        let enough = async {
            loop {
                let letters = self.dead_letters.list(&all, 1_000).await.expect("dead letters");
                if letters.len() >= count {
                    return letters;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE * 2, enough).await.expect("the dead letters arrive")
    }
}

/// What handlers said, in the order they said it.
pub(super) struct Told<T>(mpsc::UnboundedReceiver<T>);

/// Says what [`Told`] hears.
pub(super) struct Teller<T>(mpsc::UnboundedSender<T>);

impl<T> Clone for Teller<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

pub(super) fn tell<T>() -> (Teller<T>, Told<T>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Teller(sender), Told(receiver))
}

impl<T> Teller<T> {
    pub(super) fn say(&self, word: T) {
        // A test that has ended listens no more.
        let _ = self.0.send(word);
    }
}

impl<T> Told<T> {
    /// The next word.
    pub(super) async fn next(&mut self) -> T {
        tokio::time::timeout(PATIENCE, self.0.recv())
            .await
            .expect("the handler is called")
            .expect("the handler is there")
    }

    pub(super) async fn take(&mut self, count: usize) -> Vec<T> {
        let mut words = Vec::with_capacity(count);
        for _ in 0..count {
            words.push(self.next().await);
        }
        words
    }

    /// What was said by now and not yet taken.
    pub(super) fn rest(&mut self) -> Vec<T> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

/// A gate that lets nobody through until permits are added.
pub(super) fn closed_gate() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(0))
}

pub(super) fn open(gate: &Semaphore) {
    gate.add_permits(1_000_000);
}

pub(super) async fn pass(gate: &Semaphore) {
    gate.acquire().await.expect("nobody closes a gate of the suite").forget();
}

/// Fails each number as often as it is told to, and tells every attempt.
pub(super) fn failing(
    fails: impl Fn(usize) -> Option<HandlerError> + Send + Sync + 'static,
) -> (impl EventHandler + 'static, Told<(usize, tokio::time::Instant)>) {
    let (teller, told) = tell();
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let number = number_of(&event);
        teller.say((number, tokio::time::Instant::now()));
        let outcome = fails(number).map_or(Ok(()), Err);
        async move { outcome }
    });
    (handler, told)
}

/// Fails the first `times` calls for each of these numbers.
pub(super) fn first_times(
    numbers: &'static [usize],
    times: usize,
) -> impl Fn(usize) -> Option<HandlerError> {
    let tried = Mutex::new(std::collections::HashMap::<usize, usize>::new());
    move |number| {
        let mut tried = tried.lock().unwrap_or_else(PoisonError::into_inner);
        let tried = tried.entry(number).or_default();
        *tried += 1;
        let fails = numbers.contains(&number) && *tried <= times;
        fails.then(|| HandlerError::retryable(format!("attempt {tried} of {number}")))
    }
}
