//! Takes a queue's messages to another one.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures_util::{FutureExt, StreamExt};
use lapin::message::Delivery;
use lapin::{BasicProperties, Confirmation, Consumer, PublisherConfirm};
use tokio::time::timeout;

use super::broker::{Broker, Channel};
use super::{Report, Step};

/// How many messages are on their way at a time.
const BATCH: u16 = 64;

/// How long a queue may seem empty before the broker is asked whether it is, and a message that was
/// refused waits.
const MOMENT: Duration = Duration::from_millis(10);

/// Takes a queue's messages to an exchange, in their order.
///
/// **Guarantee.** A message is taken off the queue only once the broker has it at its new place.
/// Who ends in between leaves it at both: at-least-once, and whoever handles it tells a second one
/// by its message id. Properties, headers and the routing key stay; the exchange changes, and the
/// broker's own count of deliveries begins anew.
///
/// From its beginning to its end it is a consumer of the queue, so what comes in at the last
/// moment, and then is deleted with the queue, was given to it before.
pub(crate) struct Mover<'a> {
    queue: String,
    exchange: String,
    channel: Channel,
    consumer: Consumer,
    report: Report<'a>,
    moved: usize,
}

impl<'a> Mover<'a> {
    /// Begins to take from `queue` what nobody else is taking, to give it to `exchange`.
    pub(crate) async fn begin(
        broker: &Broker,
        queue: &str,
        exchange: &str,
        report: Report<'a>,
    ) -> Result<Self> {
        let channel = broker.channel().await?;
        channel.confirm().await?;
        let (_, others) = channel.look(queue).await?;
        if others > 0 {
            bail!(in_use(queue, others));
        }
        let consumer = channel.consume(queue, BATCH).await?;
        let (queue, exchange) = (queue.to_owned(), exchange.to_owned());
        Ok(Self { queue, exchange, channel, consumer, report, moved: 0 })
    }

    /// Moves what is there, and what comes meanwhile, until the queue is empty for a moment, for at
    /// least so long. Returns how many others listen to it by then.
    pub(crate) async fn catch_up(&mut self, at_least: Duration) -> Result<u32> {
        let until = Instant::now() + at_least;
        let mut given = Instant::now();
        loop {
            let moment = until.saturating_duration_since(Instant::now()).max(MOMENT);
            let batch = self.next(moment).await?;
            self.move_batch(&batch).await?;
            if !batch.is_empty() {
                given = Instant::now();
            }
            if batch.len() < usize::from(BATCH) && Instant::now() >= until {
                let (messages, consumers) = self.channel.look(&self.queue).await?;
                // What the queue gave before may come after this answer, but not after the next.
                self.channel.look(&self.queue).await?;
                let late = self.next(Duration::ZERO).await?;
                // A quorum queue without a leader seems to be empty, and to have no consumer.
                let is_empty = messages == 0 && late.is_empty();
                if let (true, Some(others)) = (is_empty, consumers.checked_sub(1)) {
                    return Ok(others);
                }
                let (patience, queue) = (self.channel.patience(), &self.queue);
                ensure!(
                    !late.is_empty() || given.elapsed() < patience,
                    "queue {queue} gave nothing within {patience:?}, and may have messages \
                     ({messages}) nevertheless"
                );
                self.move_batch(&late).await?;
            }
        }
    }

    /// Deletes the queue, to which no exchange leads any more, and moves what comes until then.
    /// What was on its way to it has to come within `settled`. Returns how many messages were moved
    /// from beginning to end.
    pub(crate) async fn end(mut self, settled: Duration) -> Result<usize> {
        let others = self.catch_up(settled).await?;
        if others > 0 {
            bail!(in_use(&self.queue, others));
        }
        // A quorum queue knows neither `if_empty` nor `if_unused`; what they would save is with
        // this consumer already.
        self.channel.delete_queue(&self.queue).await?;
        // The broker says that there is no more by ending the consumer.
        let patience = self.channel.patience();
        loop {
            let Ok(next) = timeout(patience, self.consumer.next()).await else {
                bail!("the broker did not end the reading of {} within {patience:?}", self.queue);
            };
            let Some(delivery) = next else { break };
            self.publish(&[delivery?]).await?;
            self.moved += 1;
        }
        self.channel.close().await?;
        Ok(self.moved)
    }

    /// What comes next, or nothing if that takes longer.
    async fn next(&mut self, patience: Duration) -> Result<Vec<Delivery>> {
        let Ok(first) = timeout(patience, self.consumer.next()).await else {
            return Ok(Vec::new());
        };
        let first = first.with_context(|| format!("somebody else deleted queue {}", self.queue))?;
        let mut batch = vec![first?];
        while batch.len() < usize::from(BATCH) {
            match self.consumer.next().now_or_never() {
                Some(Some(delivery)) => batch.push(delivery?),
                _ => break,
            }
        }
        Ok(batch)
    }

    async fn move_batch(&mut self, batch: &[Delivery]) -> Result<()> {
        let Some(last) = batch.last() else { return Ok(()) };
        self.publish(batch).await?;
        self.moved += batch.len();
        (self.report)(Step::Moved(self.moved, &self.exchange))?;
        self.channel.ack_up_to(last).await
    }

    /// Returns once the broker has all of them.
    async fn publish(&self, batch: &[Delivery]) -> Result<()> {
        // Their order stays if the first one has to wait.
        let (first, others) = batch.split_at(usize::from(self.moved == 0));
        for first in first {
            self.publish_first(first).await?;
        }
        let mut confirms = Vec::with_capacity(others.len());
        for delivery in others {
            confirms.push(self.send(delivery).await?);
        }
        // A message that could not be delivered may come back with the word on another one, so one
        // that came back counts against all.
        for confirm in confirms {
            if !self.is_taken(confirm).await? {
                bail!(self.refused());
            }
        }
        Ok(())
    }

    /// Returns once the broker has it. A quorum queue refuses everything while it is being made,
    /// which somebody may have begun who was killed.
    async fn publish_first(&self, first: &Delivery) -> Result<()> {
        let began = Instant::now();
        while !self.is_taken(self.send(first).await?).await? {
            ensure!(began.elapsed() < self.channel.patience(), self.refused());
            tokio::time::sleep(MOMENT).await;
        }
        Ok(())
    }

    async fn send(&self, delivery: &Delivery) -> Result<PublisherConfirm> {
        let properties = without_count(&delivery.properties);
        self.channel.publish(&self.exchange, delivery, properties).await
    }

    async fn is_taken(&self, confirm: PublisherConfirm) -> Result<bool> {
        match self.channel.confirmed(&self.exchange, confirm).await? {
            Confirmation::Ack(None) => Ok(true),
            Confirmation::Nack(None) | Confirmation::NotRequested => Ok(false),
            Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => {
                bail!("exchange {} lost the queue it leads to", self.exchange)
            }
        }
    }

    fn refused(&self) -> String {
        format!("the broker refused a message for {}: the queue may be full", self.exchange)
    }
}

/// Why a queue can't be emptied.
pub(crate) fn in_use(queue: &str, consumers: u32) -> String {
    let group = queue.split(':').next().unwrap_or(queue);
    format!(
        "queue {queue} has consumers ({consumers}), which would take its messages while they are \
         moved; stop whoever listens as {group}, and apply again"
    )
}

/// The broker writes its count of deliveries among the headers.
fn without_count(properties: &BasicProperties) -> BasicProperties {
    let Some(headers) = properties.headers() else { return properties.clone() };
    let counts = ["x-delivery-count", "x-acquired-count"];
    let headers = headers.inner().iter().filter(|(name, _)| !counts.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.clone(), value.clone()));
    properties.clone().with_headers(headers.collect::<std::collections::BTreeMap<_, _>>().into())
}
