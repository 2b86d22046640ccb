//! What a relay makes of what happens.

use std::time::Duration;

use czo_core::{BusError, Classified, Settlement, describe};
use czo_repo::DatabaseError;
use futures_util::FutureExt;
use tokio::time::Instant;

use super::{
    Asked, FIRST_POLL, GATHER, GIVEN_UP_PAUSE, Happened, LEAVE_AFTER, Outcome, Run, in_time, listen,
};
use crate::partition::PARTITIONS;
use crate::relay::Order;
use crate::relay::hand_over::HandOverError;
use crate::relay::lanes::{Flight, Place};
use crate::relay::leases::Leases;
use crate::store::Batch;

impl Run {
    pub(super) fn take_note(&mut self, happened: Happened) {
        let now = Instant::now();
        match happened {
            Happened::Handed(flight, Ok(settlement)) => self.taken(&flight, settlement, now),
            Happened::Handed(flight, Err(error)) => self.refused(flight, error, now),
            Happened::Parked(flight, reason, outcome) => self.parked(flight, &reason, outcome, now),
            Happened::Settled(place, Ok(())) => self.settled(place, now),
            Happened::Settled(place, Err(error)) => {
                let position = place.1;
                tracing::debug!(%error, position, "the bus gave an event up, which is read again");
                self.read_again(place, now);
            }
            Happened::Beaten(leases, outcome) => self.beaten(leases, outcome),
            Happened::Read(asked, batch) => self.has_read(asked, batch, now),
            Happened::Left(places, Ok(())) => {
                places.iter().for_each(|(_, position)| self.lanes.forget(*position));
            }
            Happened::Left(places, Err(error)) => {
                self.arrived.extend(places);
                self.leave_again_from = now + self.database_failed(&error);
                self.leave_from = Some(self.leave_again_from);
            }
            Happened::Kept(stock) => match stock {
                Ok(stock) => {
                    self.standing.depth = Some(stock.depth);
                    self.standing.parked = Some(stock.parked);
                    self.housekeeping.is_done(now, &stock);
                    self.report();
                }
                Err(error) => {
                    let pause = self.database_failed(&error);
                    self.housekeeping.failed(now + pause);
                }
            },
            Happened::Woken => self.dirty = true,
            Happened::Notified(notifications) => {
                self.dirty = true;
                self.listening = Some(listen(notifications));
            }
            Happened::Ordered => {
                if *self.orders.borrow_and_update() == Order::Drain {
                    self.draining = Some(false);
                    self.marks.reset(&self.readable);
                    (self.dirty, self.read_from) = (true, now);
                }
            }
            Happened::Time => {}
        }
    }

    fn stream(&self) -> &'static str {
        self.outbox.store().stream().name()
    }

    /// The bus has taken an event.
    fn taken(&mut self, flight: &Flight, mut settlement: Settlement, now: Instant) {
        if self.bus_outage.failures() > 0 {
            tracing::info!("the event bus takes events again");
            self.bus_outage.reset();
            self.standing.trouble = None;
            self.report();
        }
        let lag = self.outbox.database().now() - flight.row.occurred_at;
        let (stream, lag) = (self.stream(), lag.to_std().unwrap_or_default());
        metrics::counter!("czo_outbox_published_total", "stream" => stream).increment(1);
        metrics::histogram!("czo_outbox_lag_seconds", "stream" => stream).record(lag);
        self.lanes.end_turn(flight.row.key.as_deref());
        let place = flight.place();
        self.lanes.is_answered(place.1);
        match (&mut settlement).now_or_never() {
            Some(Ok(())) => self.settled(place, now),
            Some(Err(_)) => self.read_again(place, now),
            None => self.settling.push(Box::pin(async move { (place, settlement.await) })),
        }
    }

    /// The bus has given up what it had taken.
    fn read_again(&mut self, (partition, position): Place, now: Instant) {
        self.lanes.forget(position);
        self.marks.forget(partition);
        if self.draining.is_some() {
            // It is not over yet.
            self.draining = Some(false);
        }
        self.dirty = true;
        self.read_from = now + GIVEN_UP_PAUSE;
    }

    fn settled(&mut self, place: Place, now: Instant) {
        self.arrived.push(place);
        self.leave_from.get_or_insert(now + LEAVE_AFTER);
    }

    /// The bus has not taken an event.
    fn refused(&mut self, mut flight: Flight, error: HandOverError, now: Instant) {
        self.lanes.is_answered(flight.row.position);
        if !self.readable.contains(&flight.row.partition) {
            // Another relay's by now.
            self.lanes.end_turn(flight.row.key.as_deref());
            return self.lanes.forget(flight.row.position);
        }
        metrics::counter!("czo_outbox_retries_total", "stream" => self.stream()).increment(1);
        let error = match error {
            HandOverError::Unreadable(reason) => return self.park(flight, reason),
            HandOverError::Bus(error) => error,
        };
        match error {
            BusError::Overloaded { .. } => {
                let pause = flight.backoff.next(self.options.longest_pause);
                self.lanes.delay(flight, now + pause);
            }
            error if error.is_retryable() || matches!(error, BusError::Closed) => {
                // Others that fail with it are of the same outage.
                if now >= self.bus_from {
                    let pause = self.bus_outage.next(self.options.longest_pause);
                    self.bus_from = now + pause;
                    let reason = describe(&error);
                    if self.bus_outage.failures() == 1 {
                        tracing::warn!(error = reason, "events wait until the bus takes them");
                    }
                    self.standing.trouble = Some(reason);
                    self.report();
                }
                self.lanes.put_back(flight);
            }
            error => self.park(flight, describe(&error)),
        }
    }

    /// Puts aside what will never be published.
    fn park(&mut self, flight: Flight, reason: String) {
        let (place, attempts) = (flight.place(), flight.backoff.failures() + 1);
        let store = self.outbox.store().clone();
        self.parking.push(Box::pin(async move {
            let outcome = in_time(store.park(place, attempts, &reason)).await;
            (flight, reason, outcome)
        }));
    }

    fn parked(&mut self, flight: Flight, reason: &str, outcome: Outcome<()>, now: Instant) {
        match outcome {
            Ok(()) => {
                tracing::error!(
                    position = flight.row.position,
                    error = reason,
                    "an event cannot be published, and is parked"
                );
                self.lanes.end_turn(flight.row.key.as_deref());
                self.lanes.forget(flight.row.position);
                self.housekeeping.hurry(now);
            }
            Err(error) => {
                let pause = self.database_failed(&error);
                self.lanes.delay(flight, now + pause);
            }
        }
    }

    fn beaten(&mut self, leases: Leases, outcome: Outcome<()>) {
        match outcome {
            Ok(()) => {
                if self.database_outage.failures() > 0 {
                    self.database_outage.reset();
                    self.standing.trouble = None;
                    // A server that failed shows what had just left the table again.
                    self.marks.reset(&self.readable);
                    self.dirty = true;
                }
                self.has_beaten = true;
                self.valid_until = leases.valid_until();
                let readable = leases.owned() - leases.surplus();
                self.surplus_since = match leases.surplus().is_empty() {
                    true => None,
                    false => self.surplus_since.or_else(|| Some(Instant::now())),
                };
                self.dirty |= !readable.is_subset(&self.readable);
                if readable != self.readable {
                    tracing::debug!(partitions = readable.len(), "a relay has other partitions");
                    self.lanes.retain(&readable);
                    self.marks.reset(&readable);
                    self.readable = readable;
                }
                self.standing.partitions = self.readable.len();
                let all = usize::try_from(PARTITIONS).is_ok_and(|all| all == self.readable.len());
                self.outbox.shared().wake.set_all_here(all);
                self.report();
            }
            Err(error) => {
                self.outbox.shared().wake.set_all_here(false);
                self.database_failed(&error);
            }
        }
        self.leases = Some(leases);
    }

    fn has_read(&mut self, asked: Asked, batch: Outcome<Batch>, now: Instant) {
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => {
                self.dirty = true;
                self.read_from = now + self.database_failed(&error);
                return;
            }
        };
        if asked.generation != self.marks.generation() {
            // What it left out as known may not be known any more, and would be overtaken.
            self.dirty = true;
            return;
        }
        let is_full = batch.is_full();
        self.dirty |= is_full;
        // A read that takes long, over a key that waits perhaps, leaves others their time too.
        self.read_from = if is_full { now } else { now + GATHER.max(now - asked.began) };
        self.poll = match batch.rows.is_empty() {
            true => (self.poll * 2).min(self.options.poll),
            false => FIRST_POLL.min(self.options.poll),
        };
        self.next_poll = now + self.poll;
        if asked.drains && !is_full {
            self.draining = Some(true);
        }
        self.marks.has_read(&batch);
        if !batch.rows.is_empty() {
            let bytes: usize = batch.rows.iter().map(|row| row.event.len()).sum();
            self.size = (bytes / batch.rows.len()).max(1);
        }
        for row in batch.rows {
            if self.readable.contains(&row.partition) {
                self.lanes.admit(row);
            }
        }
    }

    /// Says so, and how long to wait.
    fn database_failed(&mut self, error: &DatabaseError) -> Duration {
        let pause = self.database_outage.next(self.options.longest_pause.min(self.options.poll));
        let reason = describe(error);
        if self.database_outage.failures() == 1 {
            tracing::warn!(error = reason, "the outbox cannot be read or written");
        }
        self.standing.trouble = Some(reason);
        self.report();
        pause
    }

    fn report(&self) {
        self.tell.send_replace(self.standing.clone());
    }
}
