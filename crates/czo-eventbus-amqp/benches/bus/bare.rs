//! What one would write with lapin alone.

use std::collections::VecDeque;

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, PublisherConfirm};
use uuid::Uuid;

use crate::place::{PREFETCH, Place};

const KEY: &str = "bench.order.placed";

/// A message, over and over.
pub(crate) struct Letter {
    body: Vec<u8>,
    properties: BasicProperties,
    options: BasicPublishOptions,
}

impl Letter {
    /// A body, which is persistent; nothing else is said of it.
    pub(crate) fn plain(place: &Place) -> Result<Self> {
        let properties = BasicProperties::default().with_delivery_mode(2);
        Ok(Self { body: place.body()?, properties, options: BasicPublishOptions::default() })
    }

    /// The same message that the bus makes of an event: with its ids and its trace, and the broker
    /// says when there is no queue for it.
    pub(crate) fn same(place: &Place) -> Result<Self> {
        let (id, mut headers) = (Uuid::now_v7(), FieldTable::default());
        headers.insert("x-event-version".into(), AMQPValue::LongLongInt(1));
        headers.insert("x-event-source".into(), AMQPValue::LongString("bench".into()));
        let trace = format!("00-{}-{:016x}-01", id.simple(), 1);
        headers.insert("traceparent".into(), AMQPValue::LongString(trace.into()));
        let plain = Self::plain(place)?;
        let properties = plain
            .properties
            .with_content_type("application/json".into())
            .with_message_id(id.to_string().into())
            .with_correlation_id(id.to_string().into())
            .with_timestamp(1_800_000_000)
            .with_type(KEY.into())
            .with_headers(headers);
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        Ok(Self { body: plain.body, properties, options })
    }

    async fn send(&self, place: &Place, channel: &Channel) -> Result<PublisherConfirm> {
        let (exchange, properties) = (place.exchange.as_str().into(), self.properties.clone());
        let (options, body) = (self.options, &self.body);
        Ok(channel.basic_publish(exchange, KEY.into(), options, body, properties).await?)
    }

    /// Publishes it once and waits for the confirmation.
    pub(crate) async fn publish(&self, place: &Place, channel: &Channel) -> Result<()> {
        is_confirmed(self.send(place, channel).await?).await
    }

    /// Publishes it so often, with up to `window` of them not confirmed: when there are so many, the
    /// oldest is waited for.
    pub(crate) async fn publish_many(
        &self,
        place: &Place,
        channel: &Channel,
        count: usize,
        window: usize,
    ) -> Result<()> {
        let mut on_their_way = VecDeque::with_capacity(window);
        for _ in 0..count {
            if on_their_way.len() == window
                && let Some(oldest) = on_their_way.pop_front()
            {
                is_confirmed(oldest).await?;
            }
            on_their_way.push_back(self.send(place, channel).await?);
        }
        for confirm in on_their_way {
            is_confirmed(confirm).await?;
        }
        Ok(())
    }

    /// Publishes it so often, of which `window` at once are handed over and waited for, each on its
    /// own.
    pub(crate) async fn publish_at_once(
        &self,
        place: &Place,
        channel: &Channel,
        count: usize,
        window: usize,
    ) -> Result<()> {
        let mut publishing = futures_util::stream::iter(0..count)
            .map(|_| self.publish(place, channel))
            .buffer_unordered(window);
        while let Some(published) = publishing.next().await {
            published?;
        }
        Ok(())
    }
}

async fn is_confirmed(confirm: PublisherConfirm) -> Result<()> {
    ensure!(matches!(confirm.await?, Confirmation::Ack(None)), "a message was not taken");
    Ok(())
}

/// Consumes so many and acknowledges each. Says how long that took from the first.
pub(crate) async fn consume(place: &Place, count: usize) -> Result<f64> {
    let channel = place.connection.create_channel().await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let (queue, options) = (place.queue.as_str().into(), BasicConsumeOptions::default());
    let mut consumer =
        channel.basic_consume(queue, "bare".into(), options, FieldTable::default()).await?;
    let mut began = None;
    for _ in 0..count {
        let delivery = consumer.next().await.context("the consumer has ended")??;
        began.get_or_insert_with(std::time::Instant::now);
        delivery.ack(BasicAckOptions::default()).await?;
    }
    let took = began.context("nothing came")?.elapsed();
    channel.close(200, "".into()).await?;
    Ok(took.as_secs_f64())
}
