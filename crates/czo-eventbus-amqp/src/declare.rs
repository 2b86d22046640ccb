//! Making on the broker what a topology says.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};

use crate::topology::{self, Argument, QueueArguments, Topology};

/// Makes what is missing. What is there like this stays as it is.
///
/// # Errors
///
/// When something is there that is different, with code 406, which closes the channel.
pub(crate) async fn declare(channel: &Channel, topology: &Topology) -> lapin::Result<()> {
    for (name, kind) in &topology.exchanges {
        let kind = match kind {
            topology::ExchangeKind::Topic => ExchangeKind::Topic,
            topology::ExchangeKind::Fanout => ExchangeKind::Fanout,
        };
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        channel
            .exchange_declare(name.as_str().into(), kind, options, FieldTable::default())
            .await?;
    }
    for (name, arguments) in &topology.queues {
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        channel.queue_declare(name.as_str().into(), options, table(arguments)).await?;
    }
    for topology::Binding { exchange, queue, key } in &topology.bindings {
        let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
        let (queue, exchange, key) = (queue.as_str(), exchange.as_str(), key.as_str());
        channel.queue_bind(queue.into(), exchange.into(), key.into(), options, arguments).await?;
    }
    Ok(())
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
