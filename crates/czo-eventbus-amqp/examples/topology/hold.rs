//! Keeps messages in queues that would leave for another one.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use czo_eventbus_amqp::{Argument, Live, LiveQueue};
use lapin::Consumer;

use super::broker::{Broker, Channel};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Keeps messages in queues that would leave for another one, until it is released or its
/// connection ends. They are with a consumer that does nothing, where their time does not run out.
///
/// The queue that they would leave for is deleted meanwhile. The broker would take such a message
/// for delivered, if it comes at that very moment.
pub(crate) struct Hold {
    held: Vec<(Channel, Consumer)>,
}

impl Hold {
    /// Holds what would leave for `queue`: events that wait for their next attempt.
    pub(crate) async fn begin(broker: &Broker, live: &Live, queue: &str) -> Result<Self> {
        let feeders = live.queues.iter().filter(|(_, feeder)| feeds(feeder) == Some(queue));
        let mut held = Vec::new();
        for (feeder, _) in feeders {
            let channel = broker.channel().await?;
            let consumer = channel.consume(feeder, 0).await?;
            let (began, patience) = (Instant::now(), channel.patience());
            // A quorum queue without a leader seems to be empty, and to have no consumer.
            while !matches!(channel.look(feeder).await?, (0, 1..)) {
                ensure!(
                    began.elapsed() < patience,
                    "queue {feeder} did not give its messages within {patience:?}"
                );
                tokio::time::sleep(PAUSE).await;
            }
            held.push((channel, consumer));
        }
        Ok(Self { held })
    }

    /// Gives them back to their queues.
    pub(crate) async fn release(self) -> Result<()> {
        for (channel, _consumer) in self.held {
            channel.close().await?;
        }
        Ok(())
    }
}

/// The queue to which messages of this one go by its name once their time is over.
pub(crate) fn feeds(queue: &LiveQueue) -> Option<&str> {
    let text = |name| match queue.arguments.get(name) {
        Some(Argument::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let is_by_name = text("x-dead-letter-exchange") == Some("");
    text("x-dead-letter-routing-key").filter(|_| is_by_name)
}
