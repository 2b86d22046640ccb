//! What takes events from the outbox to the buses of a server.

use std::sync::Arc;
use std::time::Duration;

use czo_core::EventBus;
use czo_outbox::{Outbox, OutboxStatus, Relay, RelayHandle, RelayOptions};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::event_bus::KeptForBroker;
use crate::outbox_health::OutboxHealth;

/// How often it is looked whether RabbitMQ has what a dual write left for it, and how long it may
/// take none of it before newer events go beside: one that it never takes must not hold up a shop.
const LOOK: Duration = Duration::from_secs(1);
const STUCK_AFTER: Duration = Duration::from_secs(30);

/// How long the relay of the mirror may take at the end: what it leaves waits for the next start.
const MIRROR_DRAIN: Duration = Duration::from_secs(2);

/// How much longer than told the relays may take to give back what they have leased.
const FAREWELL: Duration = Duration::from_secs(2);

/// Which relays there are to be.
pub(super) struct RelayPlan {
    pub(super) outbox: Outbox,
    /// The bus of the program.
    pub(super) bus: Arc<dyn EventBus>,
    pub(super) options: RelayOptions,
    pub(super) health: OutboxHealth,
    pub(super) kept: KeptForBroker,
    pub(super) mirror_health: OutboxHealth,
}

/// Relays at work. Dropped, they stop at once.
pub(super) struct Relays {
    stop: watch::Sender<Option<Instant>>,
    task: JoinHandle<bool>,
}

impl Relays {
    /// As [`RelayHandle::drain`], of all of them at the same time.
    pub(super) async fn drain(mut self, deadline: Duration) -> bool {
        let until = Instant::now() + deadline;
        self.stop.send_replace(Some(until));
        let ended = tokio::time::timeout_at(until + FAREWELL, &mut self.task).await;
        matches!(ended, Ok(Ok(true)))
    }
}

impl Drop for Relays {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl RelayPlan {
    /// Sets them to work, in a task of their own.
    pub(super) fn start(self) -> Relays {
        let (stop, stopped) = watch::channel(None);
        Relays { stop, task: tokio::spawn(self.work(stopped)) }
    }

    async fn work(self, mut stopped: watch::Receiver<Option<Instant>>) -> bool {
        let mirror = match &self.kept {
            KeptForBroker::Stay => None,
            KeptForBroker::GoBeside(broker) | KeptForBroker::GoFirst(broker) => {
                let relay = self.relay(&self.outbox.mirror(), broker);
                self.mirror_health.is_of(relay.health());
                Some(relay)
            }
        };
        let may_begin = match &self.kept {
            KeptForBroker::GoFirst(_) => tokio::select! {
                () = self.has_gone_first() => true,
                _ = stopped.wait_for(Option::is_some) => false,
            },
            _ => true,
        };
        let main = may_begin.then(|| {
            let relay = self.relay(&self.outbox, &self.bus);
            self.health.is_of(relay.health());
            relay
        });
        if matches!(self.kept, KeptForBroker::Stay) {
            tokio::select! {
                () = self.say_what_stays() => {}
                _ = stopped.wait_for(Option::is_some) => {}
            }
        }
        let Ok(until) = stopped.wait_for(Option::is_some).await.map(|until| *until) else {
            return false;
        };
        let left =
            until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        let (main, mirror) = tokio::join!(drain(main, left), drain(mirror, left.min(MIRROR_DRAIN)));
        // What is left to a bus that is not even begun with is left, too.
        main.unwrap_or(false) && mirror.unwrap_or(true)
    }

    fn relay(&self, outbox: &Outbox, bus: &Arc<dyn EventBus>) -> RelayHandle {
        Relay::new(outbox, bus.clone()).options(self.options.clone()).spawn()
    }

    /// Returns once RabbitMQ has what a dual write left for it, or takes none of it: of a key
    /// nothing newer is to overtake it.
    async fn has_gone_first(&self) {
        let mirror = self.outbox.mirror();
        let Some(mut waiting) = waiting(&mirror).await.filter(|waiting| *waiting > 0) else {
            return;
        };
        tracing::warn!(
            events = waiting,
            "RabbitMQ is given first what waits for it since the dual write; groups of this program \
             handle it again"
        );
        let mut moved = Instant::now();
        loop {
            tokio::time::sleep(LOOK).await;
            match self::waiting(&mirror).await {
                Some(0) => return,
                Some(left) if left < waiting => (waiting, moved) = (left, Instant::now()),
                _ if moved.elapsed() >= STUCK_AFTER && self.bus_is_up().await => {
                    tracing::error!(
                        events = waiting,
                        "RabbitMQ takes nothing of what waits for it since the dual write; newer \
                         events go beside"
                    );
                    return;
                }
                _ => {}
            }
        }
    }

    /// Whether the bus is there at all: one that is away takes nothing newer either.
    async fn bus_is_up(&self) -> bool {
        self.bus.health().await.status == czo_core::HealthStatus::Up
    }

    /// Nobody is to forget events that nobody takes anywhere.
    async fn say_what_stays(&self) {
        if let Ok(OutboxStatus { waiting, parked, .. }) = self.outbox.mirror().status().await
            && waiting + parked > 0
        {
            tracing::warn!(
                events = waiting,
                parked,
                "events wait for RabbitMQ since the dual write, and stay: it is given them by \
                 `event_bus.dual_write` or `event_bus.provider = \"rabbitmq\"`, and they are thrown \
                 away by `czo outbox abandon`"
            );
        }
    }
}

async fn drain(relay: Option<RelayHandle>, deadline: Duration) -> Option<bool> {
    Some(relay?.drain(deadline).await)
}

/// How many events wait; nothing where the database does not say.
async fn waiting(mirror: &Outbox) -> Option<u64> {
    Some(mirror.status().await.ok()?.waiting)
}
