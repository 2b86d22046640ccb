//! Counting what waits, and forgetting what is old.

use std::time::Duration;

use czo_repo::DatabaseError;
use tokio::time::Instant;

use crate::store::Stream;
use crate::{Outbox, status};

/// How often.
const INTERVAL: Duration = Duration::from_secs(10);

/// How long it may forget at once, and how soon again when there is more.
const BUDGET: Duration = Duration::from_millis(500);
const MORE: Duration = Duration::from_secs(1);

/// When the next time is.
#[derive(Debug)]
pub(super) struct Housekeeping {
    next: Instant,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Stock {
    pub(super) depth: u64,
    pub(super) parked: u64,
    /// Whether there is more to forget.
    more: bool,
}

impl Housekeeping {
    pub(super) fn new(now: Instant) -> Self {
        Self { next: now }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        now >= self.next
    }

    pub(super) fn is_done(&mut self, now: Instant, stock: &Stock) {
        self.next = now + if stock.more { MORE } else { INTERVAL };
    }

    pub(super) fn failed(&mut self, next: Instant) {
        self.next = next;
    }

    pub(super) fn hurry(&mut self, now: Instant) {
        self.next = now;
    }

    /// Counts, and forgets what is old, one batch after the other, for as long as that may take.
    pub(super) async fn once(outbox: Outbox) -> Result<Stock, DatabaseError> {
        let (store, options) = (outbox.store(), outbox.options());
        let end = Instant::now() + BUDGET;
        // The log and the inbox are those of the main stream.
        let mut more = store.stream() == Stream::Main;
        while more && Instant::now() < end {
            let more_log = store.forget_log(options.keep_log.unwrap_or_default()).await?;
            let more_inbox = store.forget_inbox(options.keep_inbox).await?;
            more = more_log || more_inbox;
        }
        let status = status::read(store).await?;
        let (depth, parked) = (status.waiting, status.parked);
        let gauge = |number: u64| u32::try_from(number).map_or(f64::MAX, f64::from);
        let stream = store.stream().name();
        metrics::gauge!("czo_outbox_depth", "stream" => stream).set(gauge(depth));
        metrics::gauge!("czo_outbox_parked", "stream" => stream).set(gauge(parked));
        let age = status.oldest_age(outbox.database().now()).as_secs_f64();
        metrics::gauge!("czo_outbox_oldest_age_seconds", "stream" => stream).set(age);
        Ok(Stock { depth, parked, more })
    }
}
