//! What takes events from the outbox to the buses of a server.

use std::sync::Arc;
use std::time::Duration;

use czo_core::EventBus;
use czo_outbox::{Outbox, Relay, RelayHandle, RelayOptions};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::event_bus::KeptForBroker;
use crate::outbox_health::OutboxHealth;

/// How often it is looked whether RabbitMQ has what a dual write left for it.
const LOOK: Duration = Duration::from_secs(1);

/// How long a relay that has nothing left may take to end.
const END_PATIENCE: Duration = Duration::from_secs(5);

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
    stop: oneshot::Sender<Duration>,
    task: JoinHandle<bool>,
}

impl Relays {
    /// As [`RelayHandle::drain`], of all of them at the same time.
    pub(super) async fn drain(self, deadline: Duration) -> bool {
        // One that has ended needs no order.
        let _ = self.stop.send(deadline);
        self.task.await.unwrap_or(false)
    }
}

impl RelayPlan {
    /// Sets them to work, in a task of their own.
    pub(super) fn start(self) -> Relays {
        let (stop, stopped) = oneshot::channel();
        Relays { stop, task: tokio::spawn(self.work(stopped)) }
    }

    async fn work(self, mut stopped: oneshot::Receiver<Duration>) -> bool {
        let mirror = match &self.kept {
            KeptForBroker::GoBeside(broker) => {
                let relay = self.relay(&self.outbox.mirror(), broker);
                self.mirror_health.is_of(relay.health());
                Some(relay)
            }
            KeptForBroker::GoFirst(broker) => {
                if let Some(deadline) = self.go_first(broker, &mut stopped).await {
                    return deadline;
                }
                None
            }
            KeptForBroker::Stay => {
                self.say_what_stays().await;
                None
            }
        };
        let main = self.relay(&self.outbox, &self.bus);
        self.health.is_of(main.health());
        let Ok(deadline) = stopped.await else { return false };
        let mirror = async {
            match mirror {
                Some(mirror) => mirror.drain(deadline).await,
                None => true,
            }
        };
        let (main, mirror) = tokio::join!(main.drain(deadline), mirror);
        main && mirror
    }

    fn relay(&self, outbox: &Outbox, bus: &Arc<dyn EventBus>) -> RelayHandle {
        Relay::new(outbox, bus.clone()).options(self.options.clone()).spawn()
    }

    /// Gives RabbitMQ what a dual write left for it; of a key nothing newer may overtake it. Says
    /// whether all of it was drained, if it was told to stop meanwhile.
    async fn go_first(
        &self,
        broker: &Arc<dyn EventBus>,
        stopped: &mut oneshot::Receiver<Duration>,
    ) -> Option<bool> {
        let mirror = self.outbox.mirror();
        if mirror.is_empty().await.unwrap_or(false) {
            return None;
        }
        tracing::info!("RabbitMQ is given first what waits for it since the dual write");
        let relay = self.relay(&mirror, broker);
        self.health.is_of(relay.health());
        while !mirror.is_empty().await.unwrap_or(false) {
            tokio::select! {
                deadline = &mut *stopped => {
                    return Some(relay.drain(deadline.unwrap_or_default()).await);
                }
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        relay.drain(END_PATIENCE).await;
        None
    }

    /// Nobody is to forget events that nobody takes anywhere.
    async fn say_what_stays(&self) {
        if let Ok(status) = self.outbox.mirror().status().await
            && status.waiting > 0
        {
            tracing::warn!(
                events = status.waiting,
                "events wait for RabbitMQ since the dual write, and stay: it is given them by \
                 `event_bus.dual_write` or `event_bus.provider = \"rabbitmq\"`, and they are thrown \
                 away by `czo outbox abandon`"
            );
        }
    }
}
