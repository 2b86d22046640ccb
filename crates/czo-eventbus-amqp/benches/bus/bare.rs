//! What one would write with lapin alone.

use std::collections::VecDeque;

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Confirmation, PublisherConfirm};

use crate::place::{PREFETCH, Place};

const KEY: &str = "bench.order.placed";

/// Hands over a message, which is persistent; nothing else is said of it.
async fn send(place: &Place, channel: &Channel, body: &[u8]) -> Result<PublisherConfirm> {
    let properties = BasicProperties::default().with_delivery_mode(2);
    let (exchange, options) = (place.exchange.as_str().into(), BasicPublishOptions::default());
    Ok(channel.basic_publish(exchange, KEY.into(), options, body, properties).await?)
}

/// Publishes one message and waits for its confirmation.
pub(crate) async fn publish(place: &Place, channel: &Channel, body: &[u8]) -> Result<()> {
    is_confirmed(send(place, channel, body).await?).await
}

async fn is_confirmed(confirm: PublisherConfirm) -> Result<()> {
    ensure!(matches!(confirm.await?, Confirmation::Ack(None)), "a message was not taken");
    Ok(())
}

/// Publishes so many, with up to `window` of them not confirmed: when there are so many, the oldest
/// is waited for.
pub(crate) async fn publish_many(
    place: &Place,
    channel: &Channel,
    body: &[u8],
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
        on_their_way.push_back(send(place, channel, body).await?);
    }
    for confirm in on_their_way {
        is_confirmed(confirm).await?;
    }
    Ok(())
}

/// Publishes so many, of which `window` at once are handed over and waited for, each on its own.
pub(crate) async fn publish_at_once(
    place: &Place,
    channel: &Channel,
    body: &[u8],
    count: usize,
    window: usize,
) -> Result<()> {
    let mut publishing = futures_util::stream::iter(0..count)
        .map(|_| publish(place, channel, body))
        .buffer_unordered(window);
    while let Some(published) = publishing.next().await {
        published?;
    }
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
