//! The task of one subscription: it takes from the queue of its group and runs the handler.

use std::sync::Arc;

use czo_core::{EventHandler, HandlerError};
use futures_util::{StreamExt, stream};

use crate::attempt::attempt;
use crate::dead_letter_box::DeadLetterBox;
use crate::delivery::Delivery;
use crate::group_queue::GroupQueue;
use crate::member::Member;

/// The task of one subscription.
pub(crate) struct Worker {
    pub(crate) queue: Arc<GroupQueue>,
    pub(crate) member: Arc<Member>,
    pub(crate) handler: Arc<dyn EventHandler>,
    pub(crate) dead_letters: Arc<DeadLetterBox>,
}

impl Worker {
    /// Runs the handler for what the member takes, until it is stopped or its queue ends.
    pub(crate) async fn work_off(self) {
        let concurrency = self.member.options.concurrency.max(1);
        stream::unfold(0, |seen| self.queue.next(&self.member, seen))
            .for_each_concurrent(concurrency, |delivery| self.handle(delivery))
            .await;
    }

    /// Runs the handler for one event; whatever happens in it ends here.
    async fn handle(&self, mut delivery: Delivery) {
        delivery.attempts = delivery.attempts.saturating_add(1);
        let (event, group) = (delivery.event.clone(), self.queue.group());
        let outcome = attempt(&*self.handler, &event, group, delivery.attempts).await;
        match outcome {
            Ok(()) => self.queue.finish(delivery),
            Err(error) => self.failed(delivery, &error),
        }
    }

    /// Lets an event wait for its next attempt, or gives it up. The log names everything: whoever
    /// reads it has no span of this level.
    fn failed(&self, mut delivery: Delivery, error: &HandlerError) {
        let policy = &self.member.options.retry;
        let delay = policy.delay_after(delivery.attempts).filter(|_| error.is_retryable());
        let Some(delay) = delay else { return self.give_up(delivery, error.to_string()) };
        let (event, attempt) = (delivery.event.clone(), delivery.attempts);
        delivery.first_failure.get_or_insert_with(|| self.dead_letters.failure(error.to_string()));
        tracing::warn!(
            group = self.queue.group().as_str(),
            event.r#type = event.event_type.as_str(),
            event.id = %event.id,
            correlation_id = event.correlation_id.as_str(),
            attempt,
            ?delay,
            %error,
            "an event handler failed, and is tried again"
        );
        if let Err(delivery) = self.queue.park(delivery, delay) {
            let reason = format!("too many events wait for their next attempt; {error}");
            self.give_up(delivery, reason);
        }
    }

    fn give_up(&self, delivery: Delivery, reason: String) {
        let (event, attempts) = (delivery.event.clone(), delivery.attempts);
        tracing::error!(
            group = self.queue.group().as_str(),
            event.r#type = event.event_type.as_str(),
            event.id = %event.id,
            correlation_id = event.correlation_id.as_str(),
            attempts,
            error = reason,
            "an event handler failed, and its event is given up"
        );
        self.dead_letters.give_up(&delivery, self.queue.group(), reason);
        self.queue.finish(delivery);
    }
}
