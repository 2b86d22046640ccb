//! One webhook that is this process' own.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::DispatcherOptions;
use super::attempt::Delivery;
use super::gate::{Gate, Known};
use super::store::Found;
use crate::Webhook;

/// How many deliveries are in memory for each that may be under way.
const AHEAD: usize = 4;

/// Whether a webhook is served.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Served(Arc<Webhook>),
    /// What waits for it is given up.
    Closed {
        reason: String,
    },
    /// Nobody can read what it is. What waits for it waits.
    Unreadable,
}

impl Target {
    pub(super) fn of(found: Option<&Found>) -> Self {
        let Some(found) = found else {
            return Self::Closed { reason: "the webhook is not there any more".to_owned() };
        };
        if !found.is_active {
            return Self::Closed { reason: "the webhook is disabled".to_owned() };
        }
        match serde_json::from_str(&found.definition) {
            Ok(webhook) => Self::Served(Arc::new(webhook)),
            Err(error) => {
                let webhook = found.webhook;
                tracing::error!(%webhook, %error, "a webhook cannot be read; its deliveries wait");
                Self::Unreadable
            }
        }
    }
}

/// One webhook that is this process' own.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) target: Target,
    pub(super) gate: Gate,
    /// What is in memory: it waits, is under way, or is not yet written.
    pub(super) have: HashSet<i64>,
    pub(super) firsts: VecDeque<Delivery>,
    pub(super) retries: VecDeque<Delivery>,
    pub(super) running_firsts: usize,
    pub(super) running_retries: usize,
    /// Whether the database had as many as were asked for.
    pub(super) has_more: bool,
    /// Whether it is in the queue of those that may start something.
    pub(super) is_ready: bool,
    /// Whether what waits is being given up.
    pub(super) is_burying: bool,
    pub(super) used: Instant,
}

impl Endpoint {
    pub(super) fn new(known: &Known, options: &DispatcherOptions, now: Instant) -> Self {
        Self {
            target: Target::Unreadable,
            gate: Gate::new(known, options, now),
            have: HashSet::new(),
            firsts: VecDeque::new(),
            retries: VecDeque::new(),
            running_firsts: 0,
            running_retries: 0,
            has_more: false,
            is_ready: false,
            is_burying: false,
            used: now,
        }
    }

    pub(super) fn running(&self) -> usize {
        self.running_firsts + self.running_retries
    }

    /// How many more of first attempts and of retries are wanted in memory.
    pub(super) fn wanted(&self, options: &DispatcherOptions, now: Instant) -> (usize, usize) {
        let slots = self.gate.slots(now);
        if slots == 0 || !matches!(self.target, Target::Served(_)) {
            return (0, 0);
        }
        let room = if self.gate.is_tripped() { 1 } else { options.per_endpoint * AHEAD };
        let left = room.saturating_sub(self.have.len());
        // Half of it at least is for first attempts.
        let retries = left.min((room / 2).max(1).saturating_sub(self.retries.len()));
        (left, retries)
    }

    /// Forgets what waits in memory: it is in the database.
    pub(super) fn clear(&mut self) {
        for delivery in self.firsts.drain(..).chain(self.retries.drain(..)) {
            self.have.remove(&delivery.position);
        }
    }

    pub(super) fn queue(&mut self, delivery: Delivery) {
        self.have.insert(delivery.position);
        match delivery.attempts {
            0 => self.firsts.push_back(delivery),
            _ => self.retries.push_back(delivery),
        }
    }

    /// What may start now. `retries` is whether a retry may.
    pub(super) fn next(&mut self, retries: bool, now: Instant) -> Option<Delivery> {
        let slots = self.gate.slots(now);
        if self.running() >= slots {
            return None;
        }
        let may_retry = retries && self.running_retries < DispatcherOptions::for_retries(slots);
        // One retry is always under way, so that no flood of first attempts holds up all of them.
        if may_retry
            && (self.running_retries == 0 || self.firsts.is_empty())
            && let Some(retry) = self.retries.pop_front()
        {
            self.running_retries += 1;
            return Some(retry);
        }
        let first = self.firsts.pop_front()?;
        self.running_firsts += 1;
        Some(first)
    }

    pub(super) fn has_queued(&self) -> bool {
        !self.firsts.is_empty() || !self.retries.is_empty()
    }

    /// Whether nothing of it is in memory.
    pub(super) fn is_idle(&self) -> bool {
        self.have.is_empty() && self.running() == 0 && !self.is_burying
    }
}
