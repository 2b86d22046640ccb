//! Sends what webhooks are to be told.

mod attempt;
mod endpoint;
mod gate;
mod health;
mod housekeeping;
mod keys;
mod options;
mod redact;
mod run;
mod settle;
mod store;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use czo_fetch::Fetcher;
use czo_repo::Database;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

pub use self::health::DispatcherHealth;
pub(crate) use self::keys::Signers;
pub use self::keys::SigningKeys;
pub use self::options::DispatcherOptions;

use self::health::Standing;
use self::run::Run;
use crate::WebhookStaging;
use crate::delivery::wake::CHANNEL;

/// Sends what webhooks are to be told: the deliveries that [`WebhookStaging`] writes.
///
/// **Promise.** What is committed is sent at least once, whatever is killed in between, with the
/// same `webhook-id` and the same body at each attempt, until the receiver answers 2xx, the
/// [schedule](DispatcherOptions::schedule) is over, or the webhook is disabled. What is given up
/// stays in the log, and can be sent again ([`WebhookDeliveries`](crate::WebhookDeliveries)).
///
/// **Several.** Dispatchers of any number of processes share the webhooks. Each webhook that has
/// something to be sent is leased by one of them at a time, until a moment by the clock of the
/// database, which all of them see; so the limits of a webhook hold for all processes together,
/// and nothing is written to claim a delivery. A lease that is not renewed runs out, and another
/// sends what was under way once more. One that has nothing to do gives its webhooks back.
///
/// **Order.** Where a webhook asks for order by key, the deliveries of a key are a lane: one at a
/// time, in the order of the commits. One that fails holds its lane until it arrives or is given up,
/// and no other. A process that stands still for longer than its lease may send one of a lane late.
///
/// **Bounds.** So many at once, in all and to each webhook; first attempts have slots that retries
/// leave free. After failures in a row a webhook's breaker opens: nothing is tried then, and no
/// attempt lost, but one delivery now and then. 429, 502 and 504 halve how much is sent at once, and
/// `Retry-After` is kept. 410 disables the webhook, and so does failing for days.
pub struct WebhookDispatcher {
    staging: WebhookStaging,
    fetcher: Fetcher,
    keys: Arc<dyn SigningKeys>,
    options: DispatcherOptions,
}

/// A dispatcher at work. Dropped, it stops at once, as if it were killed; others take over when its
/// leases have run out.
#[derive(Debug)]
pub struct DispatcherHandle {
    staging: WebhookStaging,
    orders: watch::Sender<Order>,
    standing: watch::Receiver<Standing>,
    task: JoinHandle<()>,
    _others: [AbortOnDropHandle<()>; 3],
}

/// What a dispatcher is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Work,
    /// End what is under way, give everything back, and end.
    Drain,
}

/// What the parts of a dispatcher share.
#[derive(Debug)]
struct Shared {
    database: Database,
    staging: WebhookStaging,
    fetcher: Fetcher,
    signers: Signers,
    options: DispatcherOptions,
}

impl WebhookDispatcher {
    /// A dispatcher of the deliveries that `staging` writes. The fetcher should keep as many
    /// connections to a host as a webhook may have deliveries under way
    /// ([`idle_per_host`](czo_fetch::FetchOptions::idle_per_host)).
    #[must_use]
    pub fn new(staging: &WebhookStaging, fetcher: Fetcher, keys: Arc<dyn SigningKeys>) -> Self {
        let options = DispatcherOptions::default();
        Self { staging: staging.clone(), fetcher, keys, options }
    }

    /// Works by these options.
    #[must_use]
    pub fn options(mut self, options: DispatcherOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets it to work, in tasks of its own.
    #[must_use]
    pub fn spawn(self) -> DispatcherHandle {
        let (orders, ordered) = watch::channel(Order::Work);
        let (tell, standing) = watch::channel(Standing::default());
        let staging = self.staging;
        let database = staging.database().clone();
        let signers = Signers::new(self.keys, self.options.keep_signers);
        let (settlements, to_settle) = mpsc::unbounded_channel();
        let (written, what_was_written) = mpsc::unbounded_channel();
        let settler = tokio::spawn(settle::settle(database.clone(), to_settle, written));
        let housekeeper = housekeeping::keep_house(database.clone(), self.options.clone());
        let housekeeper = tokio::spawn(housekeeper);
        let (wake, mut notifications) = (staging.shared.clone(), database.listen(CHANNEL));
        let listener = tokio::spawn(async move {
            loop {
                notifications.next().await;
                wake.wake.here();
            }
        });
        let shared = Shared {
            database,
            staging: staging.clone(),
            fetcher: self.fetcher,
            signers,
            options: self.options,
        };
        let run = Run::new(Arc::new(shared), settlements, what_was_written, ordered, tell);
        let task = tokio::spawn(run.work());
        let others = [settler, housekeeper, listener].map(AbortOnDropHandle::new);
        DispatcherHandle { staging, orders, standing, task, _others: others }
    }
}

impl DispatcherHandle {
    /// Takes nothing more from now on. What is under way goes on; [`drain`](Self::drain) waits for it.
    pub fn stop(&self) {
        // A task that has ended needs no order.
        let _ = self.orders.send(Order::Drain);
    }

    /// Takes nothing more, ends what is under way, at most for `deadline`, and gives the webhooks
    /// back, so that others take over at once. Says whether all of it was done; what was not is
    /// sent again by another, or at the next start.
    pub async fn drain(mut self, deadline: Duration) -> bool {
        self.stop();
        tokio::time::timeout(deadline, &mut self.task).await.is_ok_and(|ended| ended.is_ok())
    }

    /// How it is, for the report of health.
    #[must_use]
    pub fn health(&self) -> DispatcherHealth {
        DispatcherHealth::new(self.staging.deliveries(), self.standing.clone())
    }
}

impl Drop for DispatcherHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for WebhookDispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookDispatcher").field("options", &self.options).finish_non_exhaustive()
    }
}
