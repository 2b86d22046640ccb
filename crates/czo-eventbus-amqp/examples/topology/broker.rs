//! A broker that is asked over AMQP. Whatever it is asked, it answers in time, or the error says
//! what it was asked.

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use czo_eventbus_amqp::{Argument, ExchangeKind, LiveBinding, QueueArguments};
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions,
    QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{
    BasicProperties, Confirmation, Connection, ConnectionProperties, Consumer, PublisherConfirm,
};

/// What a reader is called.
const TAG: &str = "czo topology";

/// How long it may take to take leave.
const GOODBYE: Duration = Duration::from_secs(2);

/// A connection to the broker. It has to be [closed](Self::close), also after an error: then all
/// that was read and not acknowledged is back in its queues, in its order.
pub(crate) struct Broker {
    connection: Connection,
    /// How long an answer may take.
    patience: Duration,
    readers: Readers,
}

/// A channel. It has to be [closed](Self::close) unless something failed: one that is dropped closes
/// in the background, and makes an error of a connection that is just being closed.
pub(crate) struct Channel {
    channel: lapin::Channel,
    patience: Duration,
    readers: Readers,
}

/// Who reads on which channel. One that is dropped would be ended before its channel; in between the
/// queue would seem free while its messages are not back, and whoever comes next would get the last
/// ones first.
type Readers = Arc<Mutex<Vec<(u16, Consumer)>>>;

impl Broker {
    pub(crate) async fn connect(uri: &AMQPUri, patience: Duration) -> Result<Self> {
        let properties = ConnectionProperties::default().with_connection_name(TAG.into());
        let (host, port) = (&uri.authority.host, uri.authority.port);
        let connection = Connection::connect_uri(uri.clone(), properties);
        let connection =
            answer(patience, format!("connect to RabbitMQ at {host}:{port}"), connection).await?;
        Ok(Self { connection, patience, readers: Readers::default() })
    }

    pub(crate) async fn channel(&self) -> Result<Channel> {
        let channel = answer(self.patience, "open a channel", self.connection.create_channel());
        let (patience, readers) = (self.patience, Arc::clone(&self.readers));
        Ok(Channel { channel: channel.await?, patience, readers })
    }

    /// Takes leave.
    pub(crate) async fn close(self) {
        // Nothing that was done depends on it. An error of before counts more than one of this.
        let _ = tokio::time::timeout(GOODBYE, self.connection.close(200, "".into())).await;
    }
}

impl Channel {
    /// Makes an exchange, if it is not there.
    pub(crate) async fn declare_exchange(&self, name: &str, kind: ExchangeKind) -> Result<()> {
        let kind = match kind {
            ExchangeKind::Topic => lapin::ExchangeKind::Topic,
            ExchangeKind::Fanout => lapin::ExchangeKind::Fanout,
        };
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let table = FieldTable::default();
        let made = self.channel.exchange_declare(name.into(), kind, options, table);
        self.answer(format!("make exchange {name}"), made).await
    }

    /// Deletes an exchange, if it is there.
    pub(crate) async fn delete_exchange(&self, name: &str) -> Result<()> {
        let deleted = self.channel.exchange_delete(name.into(), ExchangeDeleteOptions::default());
        self.answer(format!("delete exchange {name}"), deleted).await
    }

    /// Makes a queue, if it is not there.
    pub(crate) async fn declare_queue(&self, name: &str, arguments: &QueueArguments) -> Result<()> {
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        let made = self.channel.queue_declare(name.into(), options, table(arguments));
        self.answer(format!("make queue {name}"), made).await.map(drop)
    }

    /// Deletes a queue with what is in it.
    pub(crate) async fn delete_queue(&self, name: &str) -> Result<()> {
        let deleted = self.channel.queue_delete(name.into(), QueueDeleteOptions::default());
        self.answer(format!("delete queue {name}"), deleted).await.map(drop)
    }

    /// How many messages are in a queue, and how many consumers it has.
    pub(crate) async fn look(&self, queue: &str) -> Result<(u32, u32)> {
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        let found = self.channel.queue_declare(queue.into(), options, FieldTable::default());
        let found = self.answer(format!("look at queue {queue}"), found).await?;
        Ok((found.message_count(), found.consumer_count()))
    }

    /// Binds a queue to what `binding` binds one to.
    pub(crate) async fn bind(&self, queue: &str, binding: &LiveBinding) -> Result<()> {
        let LiveBinding { binding: from, arguments, .. } = binding;
        let (exchange, key) = (from.exchange.as_str(), from.key.as_str());
        let (options, table) = (QueueBindOptions::default(), table(arguments));
        let bound =
            self.channel.queue_bind(queue.into(), exchange.into(), key.into(), options, table);
        self.answer(format!("bind queue {queue} to {exchange} ({key})"), bound).await
    }

    /// Takes a queue off what `binding` binds one to.
    pub(crate) async fn unbind(&self, queue: &str, binding: &LiveBinding) -> Result<()> {
        let LiveBinding { binding: from, arguments, .. } = binding;
        let (exchange, key) = (from.exchange.as_str(), from.key.as_str());
        let table = table(arguments);
        let unbound = self.channel.queue_unbind(queue.into(), exchange.into(), key.into(), table);
        self.answer(format!("unbind queue {queue} from {exchange} ({key})"), unbound).await
    }

    /// Reads a queue, and gets at most so many messages before it has acknowledged some, or all of
    /// them if it is 0.
    pub(crate) async fn consume(&self, queue: &str, at_most: u16) -> Result<Consumer> {
        let limited = self.channel.basic_qos(at_most, BasicQosOptions::default());
        self.answer(format!("read queue {queue}"), limited).await?;
        let (options, table) = (BasicConsumeOptions::default(), FieldTable::default());
        let consumer = self.channel.basic_consume(queue.into(), TAG.into(), options, table);
        let consumer = self.answer(format!("read queue {queue}"), consumer).await?;
        lock(&self.readers).push((self.channel.id(), consumer.clone()));
        Ok(consumer)
    }

    /// Acknowledges everything up to this message.
    pub(crate) async fn ack_up_to(&self, last: &Delivery) -> Result<()> {
        let options = BasicAckOptions { multiple: true };
        let told = self.channel.basic_ack(last.delivery_tag, options);
        self.answer("acknowledge messages", told).await
    }

    /// From now on the broker confirms what is published.
    pub(crate) async fn confirm(&self) -> Result<()> {
        let confirmed = self.channel.confirm_select(ConfirmSelectOptions::default());
        self.answer("have messages confirmed", confirmed).await
    }

    /// Publishes the message, to an exchange of another name. Its way ends with
    /// [`confirmed`](Self::confirmed).
    pub(crate) async fn publish(
        &self,
        exchange: &str,
        message: &Delivery,
        properties: BasicProperties,
    ) -> Result<PublisherConfirm> {
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let (key, body) = (message.routing_key.clone(), &message.data);
        let sent = self.channel.basic_publish(exchange.into(), key, options, body, properties);
        self.answer(format!("send a message to {exchange}"), sent).await
    }

    /// What the broker says of a message that was sent to this exchange.
    pub(crate) async fn confirmed(
        &self,
        exchange: &str,
        confirm: PublisherConfirm,
    ) -> Result<Confirmation> {
        self.answer(format!("have a message for {exchange} confirmed"), confirm).await
    }

    /// How long an answer may take.
    pub(crate) const fn patience(&self) -> Duration {
        self.patience
    }

    /// Gives back what was read and not acknowledged.
    pub(crate) async fn close(&self) -> Result<()> {
        self.answer("close a channel", self.channel.close(200, "".into())).await?;
        lock(&self.readers).retain(|(channel, _)| *channel != self.channel.id());
        Ok(())
    }

    async fn answer<T>(
        &self,
        what: impl Display,
        asked: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T> {
        answer(self.patience, what, asked).await
    }
}

/// The answer to what the broker was asked for.
async fn answer<T>(
    patience: Duration,
    what: impl Display,
    asked: impl Future<Output = lapin::Result<T>>,
) -> Result<T> {
    let answer = match tokio::time::timeout(patience, asked).await {
        Ok(answer) => answer.map_err(anyhow::Error::from),
        Err(_) => Err(anyhow!(
            "no answer from the broker within {patience:?}; it may be overloaded, or out of memory \
             or disk"
        )),
    };
    answer.with_context(|| format!("cannot {what}"))
}

fn lock(readers: &Readers) -> MutexGuard<'_, Vec<(u16, Consumer)>> {
    readers.lock().unwrap_or_else(PoisonError::into_inner)
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
