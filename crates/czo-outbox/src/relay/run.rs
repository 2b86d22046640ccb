//! The loop of a relay.

mod news;

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use czo_core::{BusError, EventBus, Settlement};
use czo_repo::{DatabaseError, Notifications};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::time::Instant;

use super::backoff::Backoff;
use super::hand_over::{HandOverError, hand_over};
use super::housekeeping::{Housekeeping, Stock};
use super::lanes::{Flight, Lanes, Place};
use super::leases::Leases;
use super::marks::Marks;
use super::{Order, RelayOptions, Standing};
use crate::Outbox;
use crate::partition::Partition;
use crate::store::{Batch, Wanted};
use crate::wake::channel;

/// What has arrived leaves the table in groups of this size, or after this time.
const LEAVE_AT_ONCE: usize = 512;
const LEAVE_AFTER: Duration = Duration::from_millis(20);

/// How many events are read at once, over all partitions.
const READ_AT_ONCE: usize = 1_024;

/// How long a read waits after the one before it, so that what is committed together is read
/// together.
const GATHER: Duration = Duration::from_millis(5);

/// How long the events may be together that it has in memory, in bytes.
const IN_FLIGHT_BYTES: usize = 64 * 1024 * 1024;

/// How long the database may take for one statement.
const PATIENCE: Duration = Duration::from_secs(30);

/// How soon it looks again by itself after it found something.
const FIRST_POLL: Duration = Duration::from_millis(50);

/// How long it waits before it reads again what the bus gave up.
const GIVEN_UP_PAUSE: Duration = Duration::from_secs(1);

type Job<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a statement came to.
type Outcome<T> = Result<T, DatabaseError>;

/// A relay at work: everything that it waits for is a future of its own, so that reading, handing
/// over and taking away go side by side.
pub(super) struct Run {
    outbox: Outbox,
    bus: Arc<dyn EventBus>,
    options: RelayOptions,
    orders: watch::Receiver<Order>,
    tell: watch::Sender<Standing>,
    standing: Standing,

    lanes: Lanes,
    marks: Marks,
    handing: FuturesUnordered<Job<(Flight, Result<Settlement, HandOverError>)>>,
    settling: FuturesUnordered<Job<(Place, Result<(), BusError>)>>,
    arrived: Vec<Place>,
    parking: FuturesUnordered<Job<(Flight, String, Outcome<()>)>>,

    /// Away while it beats.
    leases: Option<Leases>,
    beating: Option<Job<(Leases, Outcome<()>)>>,
    reading: Option<Job<(Asked, Outcome<Batch>)>>,
    leaving: Option<Job<(Vec<Place>, Outcome<()>)>>,
    keeping: Option<Job<Outcome<Stock>>>,
    /// A connection that is being made is not given up because something else happens.
    listening: Option<Job<Notifications>>,
    housekeeping: Housekeeping,

    /// What it owns and has not more than its share of.
    readable: BTreeSet<Partition>,
    valid_until: Option<Instant>,
    next_beat: Instant,
    has_beaten: bool,
    /// There may be something that was not read.
    dirty: bool,
    read_from: Instant,
    next_poll: Instant,
    poll: Duration,
    leave_from: Option<Instant>,
    /// Not before the database had time to recover.
    leave_again_from: Instant,
    surplus_since: Option<Instant>,
    /// How long an event is, as far as is known.
    size: usize,
    bus_outage: Backoff,
    bus_from: Instant,
    database_outage: Backoff,
    /// Since when it drains, and whether it has read everything since.
    draining: Option<bool>,
}

/// What a read was to find out.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// The generation of marks in which it began.
    generation: u64,
    /// Whether it began after the order to drain, and leaves nothing out.
    drains: bool,
    began: Instant,
}

/// What happened while the relay waited.
enum Happened {
    Handed(Flight, Result<Settlement, HandOverError>),
    Settled(Place, Result<(), BusError>),
    Beaten(Leases, Outcome<()>),
    Read(Asked, Outcome<Batch>),
    Left(Vec<Place>, Outcome<()>),
    Parked(Flight, String, Outcome<()>),
    Kept(Outcome<Stock>),
    Woken,
    Notified(Notifications),
    Ordered,
    Time,
}

impl Run {
    pub(super) fn new(
        outbox: Outbox,
        bus: Arc<dyn EventBus>,
        options: RelayOptions,
        orders: watch::Receiver<Order>,
        tell: watch::Sender<Standing>,
    ) -> Self {
        let now = Instant::now();
        let channel = channel(outbox.store().stream());
        let listening = Some(listen(outbox.database().listen(channel)));
        Self {
            leases: Some(Leases::new(options.lease)),
            outbox,
            bus,
            options,
            orders,
            tell,
            standing: Standing::default(),
            lanes: Lanes::default(),
            marks: Marks::default(),
            handing: FuturesUnordered::new(),
            settling: FuturesUnordered::new(),
            arrived: Vec::new(),
            parking: FuturesUnordered::new(),
            beating: None,
            reading: None,
            leaving: None,
            keeping: None,
            listening,
            housekeeping: Housekeeping::new(now),
            readable: BTreeSet::new(),
            valid_until: None,
            next_beat: now,
            has_beaten: false,
            dirty: true,
            read_from: now,
            next_poll: now,
            poll: FIRST_POLL,
            leave_from: None,
            leave_again_from: now,
            surplus_since: None,
            size: 1,
            bus_outage: Backoff::default(),
            bus_from: now,
            database_outage: Backoff::default(),
            draining: None,
        }
    }

    /// Works until it is told to end, or nobody is left to tell it.
    pub(super) async fn work(mut self) {
        loop {
            let now = Instant::now();
            if self.is_ended() {
                break;
            }
            self.begin_what_is_due(now);
            let happened = self.happened(now).await;
            self.take_note(happened);
        }
        self.end().await;
    }

    fn is_ended(&self) -> bool {
        // What it does not own is others' to publish.
        let has_read = self.draining == Some(true)
            || (self.draining.is_some() && self.has_beaten && self.readable.is_empty());
        let drained =
            has_read && self.lanes.is_empty() && self.arrived.is_empty() && self.leaving.is_none();
        drained || *self.orders.borrow() == Order::End || self.orders.has_changed().is_err()
    }

    /// Takes away what has arrived, and lets others have what was leased.
    async fn end(mut self) {
        self.outbox.shared().wake.set_all_here(false);
        // They hold connections, and nobody waits for them any more.
        (self.reading, self.keeping) = (None, None);
        if let Some(leaving) = self.leaving.take() {
            let (places, outcome) = leaving.await;
            if outcome.is_err() {
                self.arrived.extend(places);
            }
        }
        let store = self.outbox.store().clone();
        if !self.arrived.is_empty() {
            // Else it arrives again, which is allowed.
            let _ = store.leave(&self.arrived, self.outbox.options().keep_log.is_some()).await;
        }
        let leases = match (self.leases.take(), self.beating.take()) {
            (Some(leases), _) => Some(leases),
            (None, Some(beating)) => Some(beating.await.0),
            (None, None) => None,
        };
        if let Some(mut leases) = leases
            && let Err(error) = leases.leave(&store).await
        {
            tracing::debug!(%error, "the leases of a relay run out by themselves");
        }
    }

    fn is_valid(&self, now: Instant) -> bool {
        self.valid_until.is_some_and(|until| now < until)
    }

    fn begin_what_is_due(&mut self, now: Instant) {
        self.begin_beat(now);
        self.lanes.resume(now);
        self.begin_handing_over(now);
        self.begin_leaving(now);
        self.begin_reading(now);
        let is_keeper = self.readable.contains(&Partition(0));
        if self.keeping.is_none() && is_keeper && self.housekeeping.is_due(now) {
            self.keeping = Some(Box::pin(in_time(Housekeeping::once(self.outbox.clone()))));
        }
    }

    fn begin_beat(&mut self, now: Instant) {
        if now < self.next_beat {
            return;
        }
        let Some(mut leases) = self.leases.take() else { return };
        self.next_beat = now + leases.interval();
        // Others wait for it. What the bus has taken and not settled is waited for, but not longer
        // than a lease: then it arrives twice.
        let is_late = self.surplus_since.is_some_and(|since| since + self.options.lease <= now);
        let idle = |partition: &&Partition| match is_late {
            true => !self.lanes.is_under_way(**partition),
            false => !self.lanes.has_any_of(**partition),
        };
        let unneeded: BTreeSet<_> = leases.surplus().iter().filter(idle).copied().collect();
        let (store, limit) = (self.outbox.store().clone(), self.options.lease);
        self.beating = Some(Box::pin(async move {
            let beaten = tokio::time::timeout(limit, async {
                let given_back = match unneeded.is_empty() {
                    true => Ok(()),
                    false => leases.give_back(&store, &unneeded).await,
                };
                match given_back {
                    Ok(()) => leases.beat(&store).await,
                    Err(error) => Err(error),
                }
            });
            let outcome = beaten.await.unwrap_or(Err(DatabaseError::Unanswered));
            (leases, outcome)
        }));
    }

    fn begin_handing_over(&mut self, now: Instant) {
        if now < self.bus_from || !self.is_valid(now) {
            return;
        }
        // After an outage one event finds out whether it is over.
        let window = if self.bus_outage.failures() > 0 { 1 } else { self.options.window };
        while self.handing.len() < window {
            let Some(flight) = self.lanes.next() else { break };
            self.handing.push(Box::pin(hand_over(self.bus.clone(), flight)));
        }
    }

    fn begin_leaving(&mut self, now: Instant) {
        let is_due =
            self.arrived.len() >= LEAVE_AT_ONCE || self.leave_from.is_some_and(|from| from <= now);
        let may_leave = self.leaving.is_none() && now >= self.leave_again_from;
        if !may_leave || self.arrived.is_empty() || !is_due {
            return;
        }
        let rest = self.arrived.split_off(self.arrived.len().min(READ_AT_ONCE));
        let arrived = std::mem::replace(&mut self.arrived, rest);
        self.leave_from = (!self.arrived.is_empty()).then(|| now + LEAVE_AFTER);
        let (store, log) = (self.outbox.store().clone(), self.outbox.options().keep_log.is_some());
        self.leaving = Some(Box::pin(async move {
            let outcome = in_time(store.leave(&arrived, log)).await;
            (arrived, outcome)
        }));
    }

    fn begin_reading(&mut self, now: Instant) {
        let is_due = now >= self.read_from && (self.dirty || now >= self.next_poll);
        let room = self.options.in_flight.saturating_sub(self.lanes.len());
        let room = room.min(IN_FLIGHT_BYTES.saturating_sub(self.lanes.bytes()) / self.size);
        // What is in memory goes first, and while the bus is out of reach nothing more is needed.
        let is_needed = room > 0 && now >= self.bus_from && !self.readable.is_empty();
        let is_over = self.draining == Some(true);
        if self.reading.is_some() || is_over || !is_due || !is_needed || !self.is_valid(now) {
            return;
        }
        self.dirty = false;
        let partitions: Vec<_> = self.readable.iter().copied().collect();
        let at_once = room.min(READ_AT_ONCE);
        let limit = match self.outbox.store().is_sqlite() {
            true => at_once,
            false => at_once.div_ceil(partitions.len()),
        };
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let (except, except_keys) = (self.lanes.positions(), self.lanes.delayed_keys());
        let behind = self.marks.low(&partitions, now);
        let next = self.marks.asks(now);
        let wanted = Wanted { partitions, behind, except, except_keys, limit, next };
        let store = self.outbox.store().clone();
        let generation = self.marks.generation();
        let drains = self.draining.is_some() && wanted.except_keys.is_empty();
        let asked = Asked { generation, drains, began: now };
        self.reading = Some(Box::pin(async move { (asked, in_time(store.read(&wanted)).await) }));
    }

    /// When something is due though nothing happens.
    fn next_time(&self, now: Instant) -> Instant {
        let mut times = vec![self.next_poll.max(self.read_from)];
        if self.leases.is_some() {
            times.push(self.next_beat);
        }
        if self.dirty {
            times.push(self.read_from);
        }
        if self.lanes.has_work() {
            times.push(self.bus_from);
        }
        times.extend(self.leave_from.map(|from| from.max(self.leave_again_from)));
        times.extend(self.lanes.next_delayed());
        // What is due already waits for something else to happen.
        let next = times.into_iter().filter(|time| *time > now).min();
        next.unwrap_or(now + self.options.poll)
    }

    async fn happened(&mut self, now: Instant) -> Happened {
        let next_time = self.next_time(now);
        tokio::select! {
            Some((flight, outcome)) = self.handing.next() => Happened::Handed(flight, outcome),
            Some((place, outcome)) = self.settling.next() => Happened::Settled(place, outcome),
            (leases, outcome) = finished(&mut self.beating) => Happened::Beaten(leases, outcome),
            (asked, batch) = finished(&mut self.reading) => Happened::Read(asked, batch),
            (places, outcome) = finished(&mut self.leaving) => Happened::Left(places, outcome),
            Some((flight, reason, outcome)) = self.parking.next() => {
                Happened::Parked(flight, reason, outcome)
            }
            stock = finished(&mut self.keeping) => Happened::Kept(stock),
            () = self.outbox.shared().wake.woken() => Happened::Woken,
            notifications = finished(&mut self.listening) => Happened::Notified(notifications),
            _ = self.orders.changed() => Happened::Ordered,
            () = tokio::time::sleep_until(next_time) => Happened::Time,
        }
    }
}

/// A server that has vanished does not answer at all: it is asked again then.
async fn in_time<T>(statement: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let answer = tokio::time::timeout(PATIENCE, statement).await;
    answer.unwrap_or(Err(DatabaseError::Unanswered))
}

/// Waits for the next notification.
fn listen(mut notifications: Notifications) -> Job<Notifications> {
    Box::pin(async move {
        notifications.next().await;
        notifications
    })
}

/// The outcome of a future that is there, once it is ready.
async fn finished<T>(job: &mut Option<Job<T>>) -> T {
    match job {
        Some(future) => {
            let outcome = future.await;
            *job = None;
            outcome
        }
        None => std::future::pending().await,
    }
}
