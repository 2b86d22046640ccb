//! The task of one subscription: it takes from the desk of its group and runs the handler.

use std::sync::Arc;

use czo_core::EventHandler;
use futures_util::{StreamExt, stream};

use super::desk::Desk;
use super::failure::Undertaker;
use super::item::Item;
use super::member::Member;

/// The task of one subscription.
pub(super) struct Worker {
    pub(super) desk: Arc<Desk>,
    pub(super) undertaker: Arc<Undertaker>,
    pub(super) member: Arc<Member>,
    pub(super) handler: Arc<dyn EventHandler>,
}

impl Worker {
    /// Runs the handler for what the member takes, until it is stopped.
    pub(super) async fn work_off(self) {
        let concurrency = self.member.options.concurrency.max(1);
        let items = stream::unfold((), |()| async {
            self.desk.next(&self.member).await.map(|item| (item, ()))
        });
        items.for_each_concurrent(concurrency, |item| self.handle(item)).await;
    }

    /// Runs the handler for one event; whatever happens in it ends here.
    async fn handle(&self, mut item: Item) {
        // Its channel is lost, and the desk not cleared yet. The broker gives it out again, behind
        // those of its key that left their turn to it for the same reason.
        if !item.parcel.receipt.is_open() {
            return self.desk.finish(item);
        }
        if !self.desk.was_handled(&item) {
            let attempts = &mut item.parcel.history.attempts;
            *attempts = attempts.saturating_add(1);
            let (group, number) = (self.undertaker.group(), *attempts);
            let outcome = czo_events::attempt(&*self.handler, &item.event, group, number).await;
            if let Err(error) = outcome {
                let policy = &self.member.options.retry;
                self.undertaker.failed(&self.desk, item, policy, &error).await;
                return;
            }
            self.desk.handled(&item);
        }
        item.parcel.receipt.done();
        self.desk.finish(item);
    }
}
