//! Takes events from the outbox to the bus.

mod backoff;
mod hand_over;
mod housekeeping;
mod lanes;
mod leases;
mod marks;
mod options;
mod run;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{EventBus, Health, HealthCheck};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) use self::leases::owners;
pub use self::options::RelayOptions;
use self::run::Run;
use crate::Outbox;
use crate::store::Stream;

/// How many events the health report counts anew at most, and how long that may take.
const RECOUNT: u64 = 1_000;
const PATIENCE: Duration = Duration::from_secs(1);

/// Takes events from the outbox to a bus.
///
/// **Promise.** Every committed event arrives at least once. It leaves the outbox once it is
/// [settled](czo_core::Settlement): when a broker has confirmed it or, with the bus in memory,
/// when its handlers have run. What a process had under way when it died arrives again.
///
/// **Order.** An event of a key is handed to the bus once the one before it was taken. Events of
/// different keys, and those without, go side by side.
///
/// **Several.** Relays of any number of processes share the events by partitions of their keys,
/// sixteen in all, each leased by one relay at a time. A lease is kept by a beat that the others
/// see in the table; one that stands still for [`lease`](RelayOptions::lease) by *their own*
/// clocks is taken over, so that no clock of any machine has to be right, nor go forward. A relay
/// that could not renew its lease for three fifths of that time hands nothing over.
///
/// **Outages.** While the bus or the database is out of reach it tries again, after 100 ms first
/// and then ever longer up to [`longest_pause`](RelayOptions::longest_pause). An event whose group
/// is overloaded waits by itself, and holds up its key. An event that the bus refuses for ever, or
/// that is none, is [parked](crate::Parked) with the reason; the others go on.
#[derive(Debug)]
pub struct Relay {
    outbox: Outbox,
    bus: Arc<dyn EventBus>,
    options: RelayOptions,
}

/// A relay at work. Dropped, it stops at once; others take over when its leases have run out.
#[derive(Debug)]
pub struct RelayHandle {
    outbox: Outbox,
    orders: watch::Sender<Order>,
    standing: watch::Receiver<Standing>,
    task: JoinHandle<()>,
}

/// What a relay is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Work,
    /// Publish what is there, wait until it is settled, and end.
    Drain,
    /// Give back what is leased, and end.
    End,
}

/// How a relay is.
#[derive(Clone, Debug, Default)]
struct Standing {
    partitions: usize,
    trouble: Option<String>,
    depth: Option<u64>,
    parked: Option<u64>,
}

impl Relay {
    /// A relay from `outbox` to `bus`.
    #[must_use]
    pub fn new(outbox: &Outbox, bus: Arc<dyn EventBus>) -> Self {
        Self { outbox: outbox.clone(), bus, options: RelayOptions::default() }
    }

    /// Works by these options.
    #[must_use]
    pub fn options(mut self, options: RelayOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets it to work, in a task of its own.
    #[must_use]
    pub fn spawn(self) -> RelayHandle {
        let (orders, ordered) = watch::channel(Order::Work);
        let (tell, standing) = watch::channel(Standing::default());
        let outbox = self.outbox.clone();
        let run = Run::new(self.outbox, self.bus, self.options, ordered, tell);
        RelayHandle { outbox, orders, standing, task: tokio::spawn(run.work()) }
    }
}

impl RelayHandle {
    /// Publishes what is committed by now, waits until it is settled, at most for `deadline`, and
    /// leaves the rest to other relays and the next start. Says whether nothing of it is left, as
    /// far as this relay's partitions go: what another owns, or has left without giving it back, is
    /// not this one's.
    ///
    /// The bus is to be shut down afterwards: handlers have to run for events to be settled.
    pub async fn drain(mut self, deadline: Duration) -> bool {
        // A task that has ended needs no order.
        let _ = self.orders.send(Order::Drain);
        if let Ok(ended) = tokio::time::timeout(deadline, &mut self.task).await {
            return ended.is_ok();
        }
        let _ = self.orders.send(Order::End);
        // Giving back what is leased is one statement; without it others wait for the lease.
        let _ = tokio::time::timeout(Duration::from_secs(1), &mut self.task).await;
        false
    }

    /// How it is, for the report of health.
    #[must_use]
    pub fn health(&self) -> RelayHealth {
        RelayHealth { outbox: self.outbox.clone(), standing: self.standing.clone() }
    }
}

impl Drop for RelayHandle {
    fn drop(&mut self) {
        self.task.abort();
        self.outbox.shared().wake.set_all_here(false);
    }
}

/// The health of a [`Relay`]: whether events go out, and how many wait.
///
/// They are counted every ten seconds; where some waited then, again when it is asked, as far as a
/// thousand.
#[derive(Clone)]
pub struct RelayHealth {
    outbox: Outbox,
    standing: watch::Receiver<Standing>,
}

impl RelayHealth {
    /// How many wait, when so many did a while ago.
    async fn depth(&self, known: u64) -> u64 {
        if known == 0 {
            return 0;
        }
        let counted = self.outbox.store().count_some("outbox_event", RECOUNT);
        match tokio::time::timeout(PATIENCE, counted).await {
            Ok(Ok(counted)) if counted < RECOUNT => counted,
            Ok(Ok(counted)) => known.max(counted),
            // Whoever asks is told by the database's own health.
            _ => known,
        }
    }
}

impl fmt::Debug for RelayHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayHealth").finish_non_exhaustive()
    }
}

#[async_trait]
impl HealthCheck for RelayHealth {
    fn name(&self) -> &str {
        match self.outbox.store().stream() {
            Stream::Main => "outbox",
            Stream::Mirror => "outbox_mirror",
        }
    }

    async fn check(&self) -> Health {
        let standing = self.standing.borrow().clone();
        if self.standing.has_changed().is_err() {
            return Health::down("the relay has ended");
        }
        let depth = self.depth(standing.depth.unwrap_or_default()).await;
        let mut detail = format!("{depth} events wait, partitions: {}", standing.partitions);
        match (standing.trouble, standing.parked.unwrap_or_default()) {
            (Some(trouble), _) => Health::degraded(format!("{trouble}; {detail}")),
            (None, 0) => Health::up().with_detail(detail),
            (None, parked) => {
                detail.push_str(&format!(", parked: {parked}; see `czo outbox status`"));
                Health::degraded(detail)
            }
        }
    }
}
