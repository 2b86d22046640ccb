//! Looking at the messages of a queue, one after the other.

use std::time::Duration;

use czo_core::BusError;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection};
use tokio::time::Instant;

use crate::link::in_words;

/// How long to wait for another program that looks at the same queue.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often to ask whether it still does.
const PAUSE: Duration = Duration::from_millis(200);

const NOT_FOUND: u16 = 404;
const RESOURCE_LOCKED: u16 = 405;

/// Looks at the messages of a queue, oldest first. What is neither taken out nor acknowledged goes
/// back to its place when it is [put back](Self::put_back), or dropped.
pub(super) struct Browser {
    channel: Channel,
    queue: String,
}

impl Browser {
    /// Nothing where there is no such queue.
    pub(super) async fn open(
        connection: &Connection,
        queue: String,
    ) -> Result<Option<Self>, BusError> {
        let browser = Self { channel: connection.create_channel().await.map_err(failed)?, queue };
        let passive = QueueDeclareOptions { passive: true, ..Default::default() };
        match browser.declare(&browser.queue, passive).await {
            Ok(()) => {}
            Err(error) if code(&error) == Some(NOT_FOUND) => return Ok(None),
            Err(error) => return Err(failed(error)),
        }
        browser.lock(connection).await.map(Some)
    }

    /// A queue that only one connection may have, and that ends with it, keeps others away.
    async fn lock(mut self, connection: &Connection) -> Result<Self, BusError> {
        let until = Instant::now() + PATIENCE;
        let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
        loop {
            match self.declare(&self.lock_name(), own).await {
                Ok(()) => return Ok(self),
                Err(error) if code(&error) != Some(RESOURCE_LOCKED) => return Err(failed(error)),
                Err(_) if Instant::now() >= until => {
                    let queue = self.queue;
                    let reason = format!("another program looks at `{queue}`; try again later");
                    return Err(BusError::Unavailable { reason });
                }
                Err(_) => {
                    tokio::time::sleep(PAUSE).await;
                    self.channel = connection.create_channel().await.map_err(failed)?;
                }
            }
        }
    }

    fn lock_name(&self) -> String {
        format!("{}:lock", self.queue)
    }

    async fn declare(&self, name: &str, options: QueueDeclareOptions) -> lapin::Result<()> {
        self.channel.queue_declare(name.into(), options, FieldTable::default()).await?;
        Ok(())
    }

    /// The next message; nothing behind the last.
    pub(super) async fn next(&mut self) -> Result<Option<Delivery>, BusError> {
        let (queue, options) = (self.queue.as_str().into(), BasicGetOptions::default());
        let got = self.channel.basic_get(queue, options).await.map_err(failed)?;
        Ok(got.map(|got| got.delivery))
    }

    /// Takes a message out for ever.
    pub(super) async fn take_out(&self, delivery: &Delivery) -> Result<(), BusError> {
        delivery.acker.ack(BasicAckOptions::default()).await.map_err(failed)?;
        Ok(())
    }

    /// Puts everything back that was not taken out, and lets others look.
    pub(super) async fn put_back(self) {
        let unlocked =
            self.channel.queue_delete(self.lock_name().into(), QueueDeleteOptions::default());
        // Where the connection is lost, so is the lock.
        let _ = unlocked.await;
        let _ = self.channel.close(200, "".into()).await;
    }
}

fn code(error: &lapin::Error) -> Option<u16> {
    match error.kind() {
        lapin::ErrorKind::ProtocolError(error) => Some(error.get_id()),
        _ => None,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn failed(error: lapin::Error) -> BusError {
    BusError::Unavailable { reason: in_words(&error) }
}
