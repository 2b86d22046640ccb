//! The task that brings a group its events from the broker.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicCancelOptions, BasicConsumeOptions, BasicQosOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection};
use tokio::sync::watch;

use super::desk::Desk;
use super::failure::Undertaker;
use super::item::{Item, Parcel};
use super::receipts::Receipts;
use super::{Served, Wanted, Wish};
use crate::backoff::Backoff;
use crate::declare::declare;
use crate::link::{Link, LinkStatus, in_words, is_long_lost};
use crate::message;
use crate::topology::command_for;
use crate::{AmqpOptions, GroupWish, Names, Topology};

/// How often the client is asked whether it still has a channel, should it not have said so.
const LOOK: Duration = Duration::from_secs(1);

/// How long to wait before something is asked for again that the broker has in another form.
const CONFLICT_PAUSE: Duration = Duration::from_secs(10);

/// How long a channel may take to close.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// What the protocol says where something is there with other properties.
const PRECONDITION_FAILED: u16 = 406;

/// The task that brings a group its events: it declares what the group wants, listens, and does both
/// again whenever the connection, the channel or the queue is lost.
pub(super) struct Consumer {
    names: Names,
    link: Link,
    wish: Arc<Wish>,
    wanted: watch::Receiver<Wanted>,
    desk: Arc<Desk>,
    undertaker: Arc<Undertaker>,
    /// What the group was given by the last channel can only be acknowledged on it.
    channel: Option<Open>,
    /// The version of the wish that is being granted.
    version: u64,
}

/// Why nothing comes from a channel any more.
enum End {
    /// Nobody listens.
    Left,
    Lost(String),
    /// What is wanted can't be had, as long as it is wanted like this.
    Refused(String),
}

/// A channel, and what the broker is told over it.
#[derive(Clone)]
struct Open {
    channel: Channel,
    receipts: Receipts,
}

/// How the broker is listened to.
struct Listening {
    consumer: lapin::Consumer,
    tag: String,
    wanted: Wanted,
}

impl Listening {
    /// Whether something else is wanted than to be told of more.
    fn is_outdated(&self, wanted: &Wanted) -> bool {
        // A group that keeps order has enough at hand, and would lose its turn.
        let prefetch = wanted.prefetch != self.wanted.prefetch && !wanted.topology.is_ordered;
        wanted.is_over || !wanted.is_served || prefetch
    }
}

impl From<lapin::Error> for End {
    fn from(error: lapin::Error) -> Self {
        Self::Lost(in_words(&error))
    }
}

impl Consumer {
    pub(super) fn new(
        options: &AmqpOptions,
        link: &Link,
        wish: &Arc<Wish>,
        desk: &Arc<Desk>,
        undertaker: &Arc<Undertaker>,
    ) -> Self {
        Self {
            names: options.names.clone(),
            link: link.clone(),
            wish: wish.clone(),
            wanted: wish.wanted.subscribe(),
            desk: desk.clone(),
            undertaker: undertaker.clone(),
            channel: None,
            version: 0,
        }
    }

    /// Brings events until it is over.
    pub(super) async fn keep(mut self) {
        let mut backoff = Backoff::default();
        while !self.wanted.borrow_and_update().is_over {
            if !self.wanted.borrow().is_served {
                let _ = self.wanted.changed().await;
                continue;
            }
            let Some(connection) = self.connection().await else { continue };
            let end = tokio::select! {
                end = self.serve(&connection) => end.unwrap_or_else(|end| end),
                () = is_long_lost(&connection) => End::Lost("the connection was lost".to_owned()),
            };
            if !matches!(end, End::Left) {
                // What it brought is given out again.
                drop(self.desk.clear());
                self.close().await;
            }
            match end {
                End::Left => backoff.reset(),
                End::Lost(reason) => {
                    if self.tell(|served| served.trouble.replace(reason.clone())).is_none() {
                        let group = self.undertaker.group().as_str();
                        tracing::warn!(group, reason, "a group lost its queue; it is tried again");
                        backoff.reset();
                    }
                    backoff.wait().await;
                }
                End::Refused(reason) => {
                    let group = self.undertaker.group().as_str();
                    tracing::error!(group, reason, "a group can't have its queue");
                    let version = self.version;
                    self.tell(|served| served.conflict = Some((version, reason)));
                    let pause = tokio::time::sleep(CONFLICT_PAUSE);
                    tokio::select! {
                        () = pause => {}
                        _ = self.wanted.changed() => {}
                    }
                }
            }
        }
        self.desk.is_idle().await;
        self.close().await;
        self.tell(|served| served.is_over = true);
    }

    /// The connection; nothing if something else is wanted meanwhile.
    async fn connection(&mut self) -> Option<Arc<Connection>> {
        self.link.tried().await;
        if let LinkStatus::Lost(reason) = self.link.status() {
            self.tell(|served| served.trouble = Some(reason));
        }
        tokio::select! {
            connection = self.link.connection() => {
                if connection.is_none() {
                    // Closed for ever; the end is near.
                    let _ = self.wanted.wait_for(|wanted| wanted.is_over).await;
                }
                connection
            }
            _ = self.wanted.changed() => None,
        }
    }

    /// Listens until nobody does any more; the error is the end, too.
    async fn serve(&mut self, connection: &Connection) -> Result<End, End> {
        // Handlers of before may still have what can only be acknowledged on the channel of before.
        let open = self.channel.clone().filter(|open| open.channel.status().connected());
        let open = match open {
            Some(open) => open,
            None => {
                let channel = connection.create_channel().await?;
                Open { receipts: Receipts::of(channel.clone()), channel }
            }
        };
        self.channel = Some(open.clone());
        let mut listening: Option<Listening> = None;
        loop {
            let wanted = self.wanted.borrow_and_update().clone();
            self.version = wanted.version;
            if wanted.is_over || !wanted.is_served {
                if let Some(listening) = listening {
                    self.leave(connection, &open, listening).await?;
                }
                return Ok(End::Left);
            }
            if let Some(listening) = listening.take() {
                self.hear_out(&open, listening).await?;
            }
            self.declare(&open.channel, &wanted).await?;
            let mut now = self.listen(&open.channel, &wanted).await?;
            self.is_served(wanted.version);
            self.hear(&open, &mut now).await?;
            listening = Some(now);
        }
    }

    async fn listen(&self, channel: &Channel, wanted: &Wanted) -> lapin::Result<Listening> {
        channel.basic_qos(wanted.prefetch, BasicQosOptions::default()).await?;
        let queue = self.names.queue(self.undertaker.group());
        let tag = format!("{queue}#{}", wanted.version);
        let options = BasicConsumeOptions::default();
        let consuming = channel.basic_consume(
            queue.into(),
            tag.as_str().into(),
            options,
            FieldTable::default(),
        );
        Ok(Listening { consumer: consuming.await?, tag, wanted: wanted.clone() })
    }

    /// Takes in what comes, until the broker is to be listened to in another way, or not at all.
    async fn hear(&mut self, open: &Open, listening: &mut Listening) -> Result<(), End> {
        loop {
            tokio::select! {
                delivery = listening.consumer.next() => match delivery {
                    Some(delivery) => self.take_in(delivery?, &open.receipts).await,
                    None => return Err(End::Lost("the broker ended it: its queue was deleted, perhaps".to_owned())),
                },
                _ = self.wanted.changed() => {
                    let wanted = self.wanted.borrow_and_update().clone();
                    if listening.is_outdated(&wanted) {
                        self.wanted.mark_changed();
                        return Ok(());
                    }
                    self.version = wanted.version;
                    self.declare(&open.channel, &wanted).await?;
                    self.is_served(wanted.version);
                }
                () = tokio::time::sleep(LOOK) => {
                    if !open.channel.status().connected() {
                        return Err(End::Lost("the channel was lost".to_owned()));
                    }
                }
            }
        }
    }

    /// Listens no more, and takes in what was on its way.
    async fn hear_out(&self, open: &Open, listening: Listening) -> Result<(), End> {
        let Listening { mut consumer, tag, .. } = listening;
        open.channel.basic_cancel(tag.into(), BasicCancelOptions::default()).await?;
        while let Some(delivery) = consumer.next().await {
            self.take_in(delivery?, &open.receipts).await;
        }
        Ok(())
    }

    /// Makes what the group needs, but for what it needs only once an event fails.
    async fn declare(&self, channel: &Channel, wanted: &Wanted) -> Result<(), End> {
        let wish = wanted.topology.at_first();
        let topology = Topology::exchanges(&self.names).with(&self.names, &wish);
        declare(channel, &topology).await.map_err(|error| match error.kind() {
            lapin::ErrorKind::ProtocolError(amqp) if amqp.get_id() == PRECONDITION_FAILED => {
                let reason = amqp.get_message();
                End::Refused(match command_for(&self.names, &topology) {
                    Some(command) => format!(
                        "{reason}; stop whoever listens as this group, and `{command}` makes the \
                         queue anew with its events"
                    ),
                    None => format!(
                        "{reason}; delete the queue once it is empty, or give the group another name"
                    ),
                })
            }
            _ => End::from(error),
        })
    }

    /// Gives back what no handler has.
    ///
    /// Where order is kept, the next process must not have anything before the handlers here are
    /// done, and then all of it in its order: that is what the end of the channel does, and neither
    /// a cancelled consumer nor single messages that are given back.
    async fn leave(
        &mut self,
        connection: &Connection,
        open: &Open,
        mut listening: Listening,
    ) -> Result<(), End> {
        let GroupWish { is_ordered, is_temporary, .. } = listening.wanted.topology;
        if !is_ordered && !is_temporary {
            self.hear_out(open, listening).await?;
            for item in self.desk.clear() {
                item.parcel.receipt.give_back();
            }
            return Ok(());
        }
        loop {
            tokio::select! {
                () = self.desk.is_idle() => break,
                delivery = listening.consumer.next() => match delivery {
                    Some(Ok(delivery)) => self.take_in(delivery, &open.receipts).await,
                    // It is over in any case.
                    Some(Err(_)) | None => break,
                },
            }
        }
        drop(self.desk.clear());
        self.close().await;
        if is_temporary {
            self.delete_queue(connection).await;
        }
        Ok(())
    }

    /// Deletes the queue, unless others listen to it.
    async fn delete_queue(&self, connection: &Connection) {
        let queue = self.names.queue(self.undertaker.group());
        let options = QueueDeleteOptions { if_unused: true, ..Default::default() };
        let deleted =
            async { connection.create_channel().await?.queue_delete(queue.into(), options).await };
        if let Err(error) = deleted.await {
            tracing::debug!(%error, "a temporary queue stays until the broker forgets it");
        }
    }

    /// Closes the channel, so that the broker gives out again what was not acknowledged on it.
    async fn close(&mut self) {
        if let Some(Open { channel, receipts }) = self.channel.take() {
            let closing = async {
                receipts.are_told().await;
                channel.close(200, "".into()).await
            };
            let _ = tokio::time::timeout(CLOSE_PATIENCE, closing).await;
        }
    }

    /// Puts what the broker gave out on the desk.
    async fn take_in(&self, delivery: Delivery, receipts: &Receipts) {
        let exchange = delivery.exchange.clone();
        let parcel = Parcel::of(delivery, receipts);
        let event = match message::read(&parcel.body) {
            Ok(event) => Arc::new(event),
            Err(reason) => {
                self.desk.begin();
                return self.undertaker.bury_unreadable(&self.desk, parcel, reason).await;
            }
        };
        let item = Item { event, parcel, key: None };
        let Some(item) = self.desk.put(item) else { return };
        // Everybody has all events of the system, and what is for one group is for those of it who
        // want it.
        let is_system = exchange.as_str() == self.names.system;
        if is_system || message::has_audience(&item.parcel.properties) {
            item.parcel.receipt.done();
            return self.desk.finish(item);
        }
        // Another process of the group may want it, or another version of the program.
        self.undertaker.unwanted(&self.desk, item).await;
    }

    fn is_served(&self, version: u64) {
        self.tell(|served| {
            *served = Served { version, ..Served::default() };
        });
    }

    fn tell<T>(&self, change: impl FnOnce(&mut Served) -> T) -> T {
        let mut told = None;
        self.wish.served.send_modify(|served| told = Some(change(served)));
        told.expect("it was called")
    }
}
