//! Single things on the broker.

use anyhow::{Context, Result};
use czo_eventbus_amqp::{Argument, ExchangeKind, LiveBinding, QueueArguments};
use lapin::Channel;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};

/// Makes an exchange, if it is not there.
pub(crate) async fn declare_exchange(
    channel: &Channel,
    name: &str,
    kind: ExchangeKind,
) -> Result<()> {
    let kind = match kind {
        ExchangeKind::Topic => lapin::ExchangeKind::Topic,
        ExchangeKind::Fanout => lapin::ExchangeKind::Fanout,
    };
    let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
    let made = channel.exchange_declare(name.into(), kind, options, FieldTable::default());
    made.await.with_context(|| format!("cannot make exchange {name}"))
}

/// Makes a queue, if it is not there.
pub(crate) async fn declare_queue(
    channel: &Channel,
    name: &str,
    arguments: &QueueArguments,
) -> Result<()> {
    let options = QueueDeclareOptions { durable: true, ..Default::default() };
    let made = channel.queue_declare(name.into(), options, table(arguments));
    made.await.map(drop).with_context(|| format!("cannot make queue {name}"))
}

/// Binds a queue to what `binding` binds one to.
pub(crate) async fn bind(channel: &Channel, queue: &str, binding: &LiveBinding) -> Result<()> {
    let LiveBinding { binding: from, arguments, .. } = binding;
    let (exchange, key) = (from.exchange.as_str(), from.key.as_str());
    let options = QueueBindOptions::default();
    let bound =
        channel.queue_bind(queue.into(), exchange.into(), key.into(), options, table(arguments));
    bound.await.with_context(|| format!("cannot bind {binding}"))
}

/// Takes a queue off what `binding` binds one to.
pub(crate) async fn unbind(channel: &Channel, queue: &str, binding: &LiveBinding) -> Result<()> {
    let LiveBinding { binding: from, arguments, .. } = binding;
    let (exchange, key) = (from.exchange.as_str(), from.key.as_str());
    let unbound = channel.queue_unbind(queue.into(), exchange.into(), key.into(), table(arguments));
    unbound.await.with_context(|| format!("cannot remove binding {binding}"))
}

fn table(arguments: &QueueArguments) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        let value = match value {
            Argument::Flag(flag) => AMQPValue::Boolean(*flag),
            Argument::Number(number) => AMQPValue::LongLongInt(*number),
            Argument::Text(text) => AMQPValue::LongString(text.as_str().into()),
        };
        table.insert(name.as_str().into(), value);
    }
    table
}
