//! What tells a relay that its event is done with.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use czo_core::{BusError, Settlement};
use futures_util::future::{self, Either};
use tokio::sync::{oneshot, watch};

/// What the deliveries of a relayed event share. When the last of them has let it go, the relay is
/// told that the event is settled, unless one of them was lost.
#[derive(Debug)]
pub(crate) struct Receipt {
    settled: Option<oneshot::Sender<()>>,
    lost: AtomicBool,
}

impl Receipt {
    /// A delivery was given up with nobody having handled it.
    pub(crate) fn lose(&self) {
        self.lost.store(true, Ordering::Release);
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        let lost = self.lost.load(Ordering::Acquire);
        if let Some(settled) = self.settled.take().filter(|_| !lost) {
            // A relay that has ended listens no more.
            let _ = settled.send(());
        }
    }
}

/// The receipts of one bus.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    given_up: watch::Sender<bool>,
}

impl Receipts {
    /// A receipt for the deliveries of one event, and what it will settle.
    pub(crate) fn issue(&self) -> (Arc<Receipt>, Settlement) {
        let (sender, mut settled) = oneshot::channel();
        let mut bus = self.given_up.subscribe();
        let settlement = Settlement::new(async move {
            let given_up = pin!(async {
                if bus.wait_for(|given_up| *given_up).await.is_err() {
                    // The bus was dropped, and what it has is still handled.
                    future::pending::<()>().await;
                }
            });
            // What is settled counts first: a shutdown takes nothing of it back.
            match future::select(&mut settled, given_up).await {
                Either::Left((settled, _)) => settled.map_err(|_| BusError::Closed),
                Either::Right(_) => Err(BusError::Closed),
            }
        });
        let receipt = Receipt { settled: Some(sender), lost: AtomicBool::new(false) };
        (Arc::new(receipt), settlement)
    }

    /// Lets no relay wait any longer, not even for what is with a handler.
    pub(crate) fn give_up(&self) {
        self.given_up.send_replace(true);
    }
}
