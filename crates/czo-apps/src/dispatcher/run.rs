//! A dispatcher at work.

mod finish;
mod look;
mod take;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use czo_core::describe;
use czo_repo::DatabaseError;
use futures_util::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use self::take::Taken;
use super::attempt::{Attempted, attempt};
use super::endpoint::{Endpoint, Target};
use super::health::Standing;
use super::settle::{Settlement, Written};
use super::store::Store;
use super::{DispatcherOptions, Order, Shared};
use crate::AppWebhookId;

/// The longest pause after the database did not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A dispatcher at work: one task that knows everything, which reads what is due and starts what
/// may start. Attempts are tasks of their own, and so is what writes how they ended.
pub(super) struct Run {
    shared: Arc<Shared>,
    store: Arc<Store>,
    endpoints: HashMap<AppWebhookId, Endpoint>,
    /// Those that may start something, in turn.
    ready: VecDeque<AppWebhookId>,
    attempts: JoinSet<Attempted>,
    /// Looks for webhooks that are nobody's; one at most.
    taking: JoinSet<Result<Taken, DatabaseError>>,
    /// Whether they are to be looked for once more after that.
    takes_again: bool,
    running_retries: usize,
    settlements: mpsc::UnboundedSender<Settlement>,
    written: mpsc::UnboundedReceiver<Written>,
    /// How many settlements are not yet written.
    unwritten: usize,
    /// When something may be due, before it looks by itself anyway.
    alarms: BTreeSet<Instant>,
    /// When a webhook may be sent the next one by its rate.
    start_at: Option<Instant>,
    look_at: Instant,
    /// Not sooner is it looked for webhooks that are nobody's.
    take_from: Instant,
    renew_at: Instant,
    /// Until when its leases hold.
    leased_until: Instant,
    failures: u32,
    orders: watch::Receiver<Order>,
    standing: watch::Sender<Standing>,
    is_draining: bool,
}

impl Run {
    pub(super) fn new(
        shared: Arc<Shared>,
        settlements: mpsc::UnboundedSender<Settlement>,
        written: mpsc::UnboundedReceiver<Written>,
        orders: watch::Receiver<Order>,
        standing: watch::Sender<Standing>,
    ) -> Self {
        let (store, now) = (Arc::new(Store::new(&shared.database)), Instant::now());
        Self {
            store,
            endpoints: HashMap::new(),
            ready: VecDeque::new(),
            attempts: JoinSet::new(),
            taking: JoinSet::new(),
            takes_again: false,
            running_retries: 0,
            settlements,
            written,
            unwritten: 0,
            alarms: BTreeSet::new(),
            start_at: None,
            look_at: now,
            take_from: now,
            renew_at: now + shared.options.lease / 3,
            leased_until: now + shared.options.lease,
            failures: 0,
            orders,
            standing,
            is_draining: false,
            shared,
        }
    }

    fn options(&self) -> &DispatcherOptions {
        &self.shared.options
    }

    pub(super) async fn work(mut self) {
        loop {
            let now = Instant::now();
            if *self.orders.borrow_and_update() == Order::Drain {
                self.drain();
            }
            if now >= self.renew_at {
                let renewed = self.renew().await;
                self.renew_at = Instant::now() + self.options().lease / 3;
                self.heard(renewed);
            }
            while self.alarms.first().is_some_and(|at| *at <= now) {
                self.alarms.pop_first();
                self.look_at = now;
            }
            if now >= self.look_at && !self.is_draining {
                self.look_at = now + self.options().poll;
                match self.look().await {
                    Ok(false) => self.tell(),
                    looked => self.heard(looked.map(drop)),
                }
            }
            self.start();
            let is_busy = !self.attempts.is_empty() || !self.taking.is_empty();
            if self.is_draining && !is_busy && self.unwritten == 0 {
                break;
            }
            self.wait().await;
        }
        let own: Vec<_> = self.endpoints.keys().copied().collect();
        if let Err(error) = self.store.release(&own).await {
            // They are free when their leases have run out.
            tracing::debug!(error = describe(&error), "webhooks could not be given back");
        }
    }

    /// Takes nothing more, and leaves what has not begun.
    fn drain(&mut self) {
        self.is_draining = true;
        self.endpoints.values_mut().for_each(Endpoint::clear);
    }

    /// Waits until there is something to do.
    async fn wait(&mut self) {
        let mut until = self.renew_at;
        if !self.is_draining {
            let moments = [Some(self.look_at), self.alarms.first().copied(), self.start_at];
            until = moments.into_iter().flatten().fold(until, Instant::min);
        }
        let shared = self.shared.clone();
        tokio::select! {
            ended = self.attempts.join_next(), if !self.attempts.is_empty() => {
                let mut ended = ended;
                while let Some(attempted) = ended {
                    match attempted {
                        Ok(attempted) => self.finish(attempted),
                        // One that panics is caught where it is.
                        Err(error) => tracing::error!(%error, "an attempt to deliver was lost"),
                    }
                    ended = self.attempts.try_join_next();
                }
            }
            Some(taken) = self.taking.join_next(), if !self.taking.is_empty() => match taken {
                Ok(taken) => self.was_taken(taken),
                Err(error) => tracing::error!(%error, "looking for webhooks was given up"),
            },
            written = self.written.recv() => match written {
                Some(written) => self.was_written(written),
                // Only when everything ends.
                None => std::future::pending().await,
            },
            () = shared.staging.shared.wake.woken() => self.look_at = Instant::now(),
            changed = self.orders.changed(), if !self.is_draining => {
                // Whoever could say something has gone.
                if changed.is_err() {
                    self.drain();
                }
            }
            () = tokio::time::sleep_until(until.into()) => {}
        }
    }

    /// Notes whether the database answered.
    fn heard(&mut self, outcome: Result<(), DatabaseError>) {
        match outcome {
            Ok(()) => self.failures = 0,
            Err(error) => {
                let error = describe(&error);
                tracing::warn!(error, "deliveries cannot be read");
                let pause = Duration::from_millis(100) * (1 << self.failures.min(6));
                self.failures = self.failures.saturating_add(1);
                self.look_at = Instant::now() + pause.min(LONGEST_PAUSE);
            }
        }
        self.tell();
    }

    /// Tells how it is.
    fn tell(&self) {
        let endpoints = self.endpoints.len();
        let open = self.endpoints.values().filter(|endpoint| endpoint.gate.is_tripped()).count();
        let gauge = |number: usize| u32::try_from(number).map_or(f64::MAX, f64::from);
        metrics::gauge!("czo_webhook_endpoints").set(gauge(endpoints));
        metrics::gauge!("czo_webhook_open_breakers").set(gauge(open));
        let trouble = (self.failures > 0).then(|| "the database does not answer".to_owned());
        self.standing.send_replace(Standing { endpoints, open, trouble });
    }

    /// Starts what may start, one of each webhook in turn.
    fn start(&mut self) {
        let now = Instant::now();
        self.start_at = None;
        if self.is_draining || now >= self.leased_until {
            return;
        }
        // Those that have had what they may have in this second.
        let mut limited = Vec::new();
        while self.attempts.len() < self.options().concurrency {
            let Some(webhook) = self.ready.pop_front() else { break };
            let may_retry = !self.has_most_retries();
            let Some(endpoint) = self.endpoints.get_mut(&webhook) else { continue };
            endpoint.is_ready = false;
            let Target::Served(target) = endpoint.target.clone() else { continue };
            if let Some(opens_at) = endpoint.gate.opens_at(now) {
                endpoint.clear();
                self.alarm(opens_at);
                continue;
            }
            if endpoint.running() >= endpoint.gate.slots(now) || !endpoint.has_queued() {
                continue;
            }
            if let Err(next) = endpoint.gate.take(now) {
                endpoint.is_ready = true;
                limited.push(webhook);
                self.start_at = Some(self.start_at.map_or(next, |at| at.min(next)));
                continue;
            }
            let Some(delivery) = endpoint.next(may_retry, now) else { continue };
            endpoint.used = now;
            if endpoint.has_queued() {
                endpoint.is_ready = true;
                self.ready.push_back(webhook);
            }
            if delivery.attempts > 0 {
                self.running_retries += 1;
            }
            let panicked = Attempted::panicked(delivery.clone());
            let attempt = AssertUnwindSafe(attempt(self.shared.clone(), target, delivery));
            self.attempts.spawn(async { attempt.catch_unwind().await.unwrap_or(panicked) });
        }
        self.ready.extend(limited);
    }

    /// Looks then, if it would not look sooner anyway.
    fn alarm(&mut self, at: Instant) {
        if at < Instant::now() + self.options().poll {
            self.alarms.insert(at);
        }
    }

    /// Whether retries have all the slots that they may have.
    fn has_most_retries(&self) -> bool {
        self.running_retries >= DispatcherOptions::for_retries(self.options().concurrency)
    }

    /// Puts all that wait for a slot among those that may start something.
    fn all_are_ready(&mut self) {
        let queued = self.endpoints.iter().filter(|(_, endpoint)| endpoint.has_queued());
        let queued: Vec<_> = queued.map(|(webhook, _)| *webhook).collect();
        queued.into_iter().for_each(|webhook| self.is_ready(webhook));
    }

    /// Puts a webhook among those that may start something.
    fn is_ready(&mut self, webhook: AppWebhookId) {
        if let Some(endpoint) = self.endpoints.get_mut(&webhook)
            && !endpoint.is_ready
            && endpoint.has_queued()
        {
            endpoint.is_ready = true;
            self.ready.push_back(webhook);
        }
    }

    fn settle(&mut self, settlement: Settlement) {
        // Who writes ends only with this task.
        if self.settlements.send(settlement).is_ok() {
            self.unwritten += 1;
        }
    }
}
