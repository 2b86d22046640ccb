//! Events that wait for their next attempt.

use std::sync::Arc;
use std::time::Duration;

use super::GroupQueue;
use crate::delivery::Delivery;

/// How many events of a group may wait for their next attempt.
const PARKING_CAPACITY: usize = 10_000;

impl GroupQueue {
    /// Lets a delivery wait for its next attempt, with the turn of its key; gives it back when
    /// too many do.
    pub(crate) fn park(
        self: &Arc<Self>,
        delivery: Delivery,
        delay: Duration,
    ) -> Result<(), Delivery> {
        let mut state = self.lock();
        if state.parked >= PARKING_CAPACITY {
            return Err(delivery);
        }
        state.parked += 1;
        state.running = state.running.saturating_sub(1);
        drop(state);
        let queue = self.clone();
        tokio::spawn(async move {
            queue.wait(delay).await;
            queue.unpark(delivery);
        });
        Ok(())
    }

    /// Lets nothing wait for its next attempt from now on.
    pub(crate) fn hurry(&self) {
        self.lock().hurried = true;
        self.hurry.notify_waiters();
    }

    async fn wait(&self, delay: Duration) {
        let hurry = self.hurry.notified();
        // Asked after `notified`, so that a change in between is not missed.
        if !self.lock().hurried {
            let _ = tokio::time::timeout(delay, hurry).await;
        }
    }

    /// Puts a delivery before all that waits, if somebody is left who wants it.
    fn unpark(&self, mut delivery: Delivery) {
        let mut state = self.lock();
        state.parked = state.parked.saturating_sub(1);
        let wanted = state.members.iter().any(|member| member.wants(&delivery.event.event_type));
        let dropped = if wanted {
            state.put_ahead(delivery);
            None
        } else {
            let key = delivery.key.take();
            state.end_turn(key);
            Some(delivery)
        };
        let is_lost = state.cleared;
        state.wake_all();
        drop(state);
        if let Some(mut dropped) = dropped.filter(|_| !is_lost) {
            dropped.settle();
        }
    }
}
