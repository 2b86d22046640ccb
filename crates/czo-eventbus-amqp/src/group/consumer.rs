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

use super::desk::{Desk, Put};
use super::failure::Undertaker;
use super::item::{Item, Parcel};
use super::receipts::Receipts;
use super::{Served, Wanted, Wish};
use crate::backoff::Backoff;
use crate::declare::declare;
use crate::link::{Link, LinkStatus, in_words};
use crate::message;
use crate::{AmqpOptions, Names, Topology};

/// How often the client is asked whether it still has a channel, should it not have said so.
const LOOK: Duration = Duration::from_secs(1);

/// How long to wait before something is asked for again that the broker has in another form.
const CONFLICT_PAUSE: Duration = Duration::from_secs(10);

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
    /// Those of the last channel.
    receipts: Option<Receipts>,
}

/// Why nothing comes from a channel any more.
enum End {
    /// Nobody listens.
    Left,
    Lost(String),
    /// What is wanted can't be had, as long as it is wanted like this.
    Refused(String),
}

/// What to do about a change of what is wanted.
enum Change {
    Declare,
    ConsumeAnew,
    Leave,
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
            receipts: None,
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
            let version = self.wanted.borrow().version;
            match self.serve(&connection).await {
                End::Left => backoff.reset(),
                End::Lost(reason) => {
                    // What it brought is given out again.
                    drop(self.desk.clear());
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
        if let Some(receipts) = &self.receipts {
            receipts.are_told().await;
        }
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

    async fn serve(&mut self, connection: &Connection) -> End {
        match self.serve_over(connection).await {
            Ok(end) => end,
            Err(error) => match error.kind() {
                lapin::ErrorKind::ProtocolError(amqp) if amqp.get_id() == PRECONDITION_FAILED => {
                    End::Refused(format!(
                        "{}; delete what is there, or let `cargo xtask topology apply` move its \
                         messages",
                        amqp.get_message()
                    ))
                }
                _ => End::Lost(in_words(&error)),
            },
        }
    }

    async fn serve_over(&mut self, connection: &Connection) -> lapin::Result<End> {
        let channel = connection.create_channel().await?;
        let receipts = self.receipts.insert(Receipts::of(channel.clone())).clone();
        loop {
            let wanted = self.wanted.borrow_and_update().clone();
            if wanted.is_over || !wanted.is_served {
                self.leave(&channel, &receipts, &wanted).await;
                return Ok(End::Left);
            }
            self.declare(&channel, &wanted).await?;
            channel.basic_qos(wanted.prefetch, BasicQosOptions::default()).await?;
            let queue = self.names.queue(self.undertaker.group());
            let tag = format!("{queue}#{}", wanted.version);
            let options = BasicConsumeOptions::default();
            let mut consumer = channel
                .basic_consume(queue.into(), tag.as_str().into(), options, FieldTable::default())
                .await?;
            self.is_served(wanted.version);
            let prefetch = wanted.prefetch;
            loop {
                tokio::select! {
                    delivery = consumer.next() => match delivery {
                        Some(Ok(delivery)) => self.take_in(delivery, &receipts).await,
                        Some(Err(error)) => return Err(error),
                        None => return Ok(End::Lost("the queue was deleted".to_owned())),
                    },
                    _ = self.wanted.changed() => {
                        let wanted = self.wanted.borrow_and_update().clone();
                        match change(&wanted, prefetch) {
                            Change::Declare => {
                                self.declare(&channel, &wanted).await?;
                                self.is_served(wanted.version);
                            }
                            Change::ConsumeAnew | Change::Leave => break,
                        }
                    }
                    () = tokio::time::sleep(LOOK) => {
                        if !channel.status().connected() {
                            return Ok(End::Lost("the channel was lost".to_owned()));
                        }
                    }
                }
            }
            channel.basic_cancel(tag.into(), BasicCancelOptions::default()).await?;
            while let Some(delivery) = consumer.next().await {
                self.take_in(delivery?, &receipts).await;
            }
        }
    }

    /// Makes what the group needs, but for what it needs only once an event fails.
    async fn declare(&self, channel: &Channel, wanted: &Wanted) -> lapin::Result<()> {
        let wish = wanted.topology.at_first();
        declare(channel, &Topology::exchanges(&self.names).with(&self.names, &wish)).await
    }

    /// Gives back what no handler has.
    async fn leave(&self, channel: &Channel, receipts: &Receipts, wanted: &Wanted) {
        for item in self.desk.clear() {
            item.parcel.receipt.give_back();
        }
        receipts.are_told().await;
        if wanted.topology.is_temporary {
            let queue = self.names.queue(self.undertaker.group());
            // Others may listen to it.
            let options = QueueDeleteOptions { if_unused: true, ..Default::default() };
            if let Err(error) = channel.queue_delete(queue.into(), options).await {
                tracing::debug!(%error, "a temporary queue stays until the broker forgets it");
            }
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
        match self.desk.put(item) {
            Put::Waits => {}
            Put::Over(item) => item.parcel.receipt.give_back(),
            // Everybody has all events of the system, and what is for one group is for those of it
            // who want it.
            Put::Unwanted(item)
                if exchange.as_str() == self.names.system
                    || message::has_audience(&item.parcel.properties) =>
            {
                item.parcel.receipt.done();
            }
            // Another process of the group may want it, or another version of the program.
            Put::Unwanted(item) => {
                self.desk.begin();
                self.undertaker.unwanted(&self.desk, item).await;
            }
        }
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

fn change(wanted: &Wanted, prefetch: u16) -> Change {
    if wanted.is_over || !wanted.is_served {
        Change::Leave
    } else if wanted.prefetch != prefetch {
        Change::ConsumeAnew
    } else {
        Change::Declare
    }
}
