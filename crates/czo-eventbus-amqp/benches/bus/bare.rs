//! What one would write with lapin alone.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation};
use uuid::Uuid;

use crate::place::{PREFETCH, Place};

const KEY: &str = "bench.order.placed";

/// A message, over and over.
#[derive(Clone)]
pub(crate) struct Letter {
    exchange: ShortString,
    channel: Channel,
    body: Vec<u8>,
    properties: BasicProperties,
    options: BasicPublishOptions,
}

impl Letter {
    /// A body, which is persistent; nothing else is said of it.
    pub(crate) async fn plain(place: &Place) -> Result<Self> {
        let channel = place.connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self {
            exchange: place.exchange.as_str().into(),
            channel,
            body: place.body()?,
            properties: BasicProperties::default().with_delivery_mode(2),
            options: BasicPublishOptions::default(),
        })
    }

    /// The same message that the bus makes of an event: with its ids and its trace, and the broker
    /// says when there is no queue for it.
    pub(crate) async fn same(place: &Place) -> Result<Self> {
        let (id, mut headers) = (Uuid::now_v7(), FieldTable::default());
        headers.insert("x-event-version".into(), AMQPValue::LongLongInt(1));
        headers.insert("x-event-source".into(), AMQPValue::LongString("bench".into()));
        let trace = format!("00-{}-{:016x}-01", id.simple(), 1);
        headers.insert("traceparent".into(), AMQPValue::LongString(trace.into()));
        let mut letter = Self::plain(place).await?;
        letter.properties = letter
            .properties
            .with_content_type("application/json".into())
            .with_message_id(id.to_string().into())
            .with_correlation_id(id.to_string().into())
            .with_timestamp(1_800_000_000)
            .with_type(KEY.into())
            .with_headers(headers);
        letter.options.mandatory = true;
        Ok(letter)
    }

    /// Publishes it once and waits for the confirmation.
    pub(crate) async fn publish(&self) -> Result<()> {
        let (exchange, properties) = (self.exchange.clone(), self.properties.clone());
        let (options, body) = (self.options, &self.body);
        let sending = self.channel.basic_publish(exchange, KEY.into(), options, body, properties);
        let confirmation = sending.await?.await?;
        ensure!(matches!(confirmation, Confirmation::Ack(None)), "a message was not taken");
        Ok(())
    }

    /// Publishes it so often, of which `window` at once are handed over and waited for, each on its
    /// own. To wait for the oldest instead when there are so many, each would be written to the
    /// socket before the next is handed over.
    pub(crate) async fn publish_many(&self, count: usize, window: usize) -> Result<()> {
        let letter = self.clone();
        let publishing = async move {
            let mut publishing = futures_util::stream::iter(0..count)
                .map(|_| letter.publish())
                .buffer_unordered(window);
            while let Some(published) = publishing.next().await {
                published?;
            }
            Ok(())
        };
        // As in a server.
        tokio::spawn(publishing).await?
    }
}

/// Consumes so many and acknowledges each. Says how long that took from the first.
pub(crate) async fn consume(place: &Place, count: usize) -> Result<f64> {
    let channel = place.connection.create_channel().await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let (queue, options) = (place.queue.as_str().into(), BasicConsumeOptions::default());
    let mut consumer =
        channel.basic_consume(queue, "bare".into(), options, FieldTable::default()).await?;
    let consuming = async move {
        let mut began = None;
        for _ in 0..count {
            let delivery = consumer.next().await.context("the consumer has ended")??;
            began.get_or_insert_with(Instant::now);
            delivery.ack(BasicAckOptions::default()).await?;
        }
        began.context("nothing came")
    };
    // As in a server.
    let took = tokio::spawn(consuming).await??.elapsed();
    channel.close(200, "".into()).await?;
    Ok(took.as_secs_f64())
}
