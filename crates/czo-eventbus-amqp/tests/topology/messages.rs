//! Messages that could lose something.

use anyhow::Result;
use czo_testkit::TestBroker;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, PublisherConfirm};

pub(crate) const KEY: &str = "product.item.created";

pub(crate) async fn send(
    channel: &Channel,
    exchange: &str,
    key: &str,
    id: &str,
) -> lapin::Result<PublisherConfirm> {
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let (exchange, key, body) = (exchange.into(), key.into(), id.as_bytes());
    channel.basic_publish(exchange, key, options, body, properties(id)).await
}

/// With one of everything that could get lost.
pub(crate) fn properties(id: &str) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("x-event-version".into(), AMQPValue::LongLongInt(3));
    headers.insert("x-event-source".into(), AMQPValue::LongString("catalog".into()));
    headers.insert("x-flag".into(), AMQPValue::Boolean(true));
    // Would bring a copy elsewhere if a move went through the exchange without a name.
    let elsewhere = vec![AMQPValue::LongString("elsewhere".into())];
    headers.insert("CC".into(), AMQPValue::FieldArray(elsewhere.into()));
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(2)
        .with_priority(4)
        .with_correlation_id(format!("correlation-{id}").into())
        .with_message_id(id.into())
        .with_timestamp(1_700_000_000)
        .with_type(KEY.into())
        .with_app_id("czo".into())
        .with_headers(headers)
}

pub(crate) async fn bind(
    channel: &Channel,
    queue: &str,
    exchange: &str,
    key: &str,
    arguments: FieldTable,
) -> Result<()> {
    let options = QueueBindOptions::default();
    Ok(channel.queue_bind(queue.into(), exchange.into(), key.into(), options, arguments).await?)
}

/// A channel on which the broker confirms.
pub(crate) async fn sender(node: &TestBroker) -> Result<(Connection, Channel)> {
    let connection = Connection::connect(&node.url(), ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok((connection, channel))
}
