//! Keeps messages in queues that would leave for another one.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use czo_eventbus_amqp::{Argument, Live, LiveQueue};
use lapin::options::BasicConsumeOptions;
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Consumer};

use super::mover::look;

/// How long it may take until all messages are held.
const PATIENCE: Duration = Duration::from_secs(30);

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
    pub(crate) async fn begin(connection: &Connection, live: &Live, queue: &str) -> Result<Self> {
        let feeders = live.queues.iter().filter(|(_, feeder)| feeds(feeder) == Some(queue));
        let mut held = Vec::new();
        for (feeder, _) in feeders {
            let channel = connection.create_channel().await?;
            let (options, table) = (BasicConsumeOptions::default(), FieldTable::default());
            let tag = "czo topology".into();
            let consumer = channel.basic_consume(feeder.as_str().into(), tag, options, table);
            let consumer = consumer.await?;
            let deadline = Instant::now() + PATIENCE;
            while look(&channel, feeder).await?.0 > 0 {
                ensure!(Instant::now() < deadline, "queue {feeder} does not give its messages");
                tokio::time::sleep(PAUSE).await;
            }
            held.push((channel, consumer));
        }
        Ok(Self { held })
    }

    /// Gives them back to their queues.
    pub(crate) async fn release(self) -> Result<()> {
        for (channel, _consumer) in self.held {
            channel.close(200, "".into()).await?;
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
