//! Looking at the messages of a queue, one after the other.

use std::time::Duration;

use czo_core::BusError;
use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Consumer};
use tokio::time::Instant;

use crate::link::in_words;

/// How many messages are looked at, at most.
pub(super) const MOST: u16 = 10_000;

/// How long to wait for another program that looks at the same queue.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often to ask whether it still does.
const PAUSE: Duration = Duration::from_millis(200);

/// How long the broker may take for one answer, or one message.
const ANSWER: Duration = Duration::from_secs(5);

const NOT_FOUND: u16 = 404;
const RESOURCE_LOCKED: u16 = 405;

/// Looks at the messages that are in a queue when it is opened, oldest first. What is not taken out
/// goes back to its place when it is [put back](Self::put_back), or dropped: it is one consumer that
/// ends with its channel, and of one the broker puts everything back in its order.
pub(super) struct Browser {
    channel: Channel,
    consumer: Consumer,
    /// How many are still to come.
    left: u32,
}

impl Browser {
    /// Nothing where there is no such queue.
    pub(super) async fn open(
        connection: &Connection,
        queue: &str,
    ) -> Result<Option<Self>, BusError> {
        let until = Instant::now() + PATIENCE;
        loop {
            match in_time(Self::try_open(connection, queue)).await? {
                Ok(browser) => return Ok(Some(browser)),
                Err(error) => match code(&error) {
                    Some(NOT_FOUND) => return Ok(None),
                    Some(RESOURCE_LOCKED) if Instant::now() >= until => {
                        let reason = format!("another program looks at `{queue}`; try again later");
                        return Err(BusError::Unavailable { reason });
                    }
                    Some(RESOURCE_LOCKED) => tokio::time::sleep(PAUSE).await,
                    _ => return Err(failed(&error)),
                },
            }
        }
    }

    async fn try_open(connection: &Connection, queue: &str) -> lapin::Result<Self> {
        let channel = connection.create_channel().await?;
        // A queue that only one connection may have keeps others away. Listened to, it ends with
        // the channel.
        let lock = format!("{queue}:lock");
        let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
        let passive = QueueDeclareOptions { passive: true, ..Default::default() };
        let none = FieldTable::default;
        // First, so that a queue that is not there leaves no lock behind.
        channel.queue_declare(queue.into(), passive, none()).await?;
        channel.queue_declare(lock.as_str().into(), own, none()).await?;
        let options = BasicConsumeOptions::default();
        channel.basic_consume(lock.into(), "lock".into(), options, none()).await?;
        // Again, now that nobody else takes any out.
        let count = channel.queue_declare(queue.into(), passive, none()).await?.message_count();
        channel.basic_qos(MOST, BasicQosOptions::default()).await?;
        let consuming = channel.basic_consume(queue.into(), "look".into(), options, none());
        Ok(Self { consumer: consuming.await?, channel, left: count.min(MOST.into()) })
    }

    /// The next message; nothing behind the last.
    pub(super) async fn next(&mut self) -> Result<Option<Delivery>, BusError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        match tokio::time::timeout(ANSWER, self.consumer.next()).await {
            Ok(Some(Ok(delivery))) => Ok(Some(delivery)),
            Ok(Some(Err(error))) => Err(failed(&error)),
            Ok(None) => Err(unanswered()),
            // Counts are those of a moment ago, and messages may have run out of time since.
            Err(_) if self.channel.status().connected() => Ok(None),
            Err(_) => Err(unanswered()),
        }
    }

    /// Takes a message out for ever.
    pub(super) async fn take_out(&self, delivery: &Delivery) -> Result<(), BusError> {
        let acknowledging = delivery.acker.ack(BasicAckOptions::default());
        match in_time(acknowledging).await? {
            Ok(true) => Ok(()),
            Ok(false) => Err(unanswered()),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Puts everything back that was not taken out, and lets others look.
    pub(super) async fn put_back(self) {
        // Where the connection is lost, the broker has put it back.
        let _ = in_time(self.channel.close(200, "".into())).await;
    }
}

async fn in_time<T>(answer: impl Future<Output = T>) -> Result<T, BusError> {
    tokio::time::timeout(ANSWER, answer).await.map_err(|_| unanswered())
}

fn code(error: &lapin::Error) -> Option<u16> {
    match error.kind() {
        lapin::ErrorKind::ProtocolError(error) => Some(error.get_id()),
        _ => None,
    }
}

fn unanswered() -> BusError {
    BusError::Unavailable { reason: "it does not answer".to_owned() }
}

fn failed(error: &lapin::Error) -> BusError {
    BusError::Unavailable { reason: in_words(error) }
}
