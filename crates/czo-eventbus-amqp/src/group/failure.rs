//! What becomes of an event whose handler failed.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::Utc;
use czo_core::{Failure, Group, HandlerError, RetryPolicy};
use futures_util::future::BoxFuture;
use tokio::time::timeout_at;

use super::desk::Desk;
use super::item::{Item, Parcel};
use super::lock;
use crate::backoff::Backoff;
use crate::declare::declare;
use crate::link::{Link, in_words};
use crate::message::Message;
use crate::publisher::{NotConfirmed, Pending, Place, Published, Publisher};
use crate::{AmqpOptions, GroupWish, Names, QueueArguments, Topology};

/// How long making a queue may take before an event waits here instead.
const DECLARE_PATIENCE: Duration = Duration::from_secs(5);

/// How often is looked whether a message is still up to us.
const LOOK: Duration = Duration::from_secs(1);

/// Lets failed events of one group wait for their next attempt, and buries those that are given up.
#[derive(Debug)]
pub(crate) struct Undertaker {
    names: Names,
    group: Group,
    topology: Mutex<GroupWish>,
    link: Link,
    publisher: Arc<Publisher>,
    /// The queues for retries that are there.
    declared: Mutex<HashSet<String>>,
}

impl Undertaker {
    pub(super) fn new(
        options: &AmqpOptions,
        topology: &GroupWish,
        link: &Link,
        publisher: &Arc<Publisher>,
    ) -> Self {
        Self {
            names: options.names.clone(),
            group: topology.group.clone(),
            topology: Mutex::new(topology.clone()),
            link: link.clone(),
            publisher: publisher.clone(),
            declared: Mutex::default(),
        }
    }

    pub(super) fn group(&self) -> &Group {
        &self.group
    }

    /// What the group needs has changed.
    pub(super) fn wants(&self, topology: &GroupWish) {
        lock(&self.topology).clone_from(topology);
    }

    /// Lets an event wait for its next attempt, or buries it, in a task of its own: the next one is
    /// not held up by it. Those that are buried one after the other are buried in that order.
    pub(super) async fn failed(
        self: &Arc<Self>,
        desk: &Arc<Desk>,
        mut item: Item,
        policy: &RetryPolicy,
        error: &HandlerError,
    ) {
        let failure = Failure { at: Utc::now(), reason: error.to_string() };
        let history = &mut item.parcel.history;
        history.first_failure.get_or_insert_with(|| failure.clone());
        let attempt = history.attempts;
        let delay = policy.delay_after(attempt).filter(|_| error.is_retryable());
        let Some(delay) = delay else {
            self.give_up(&item, &failure);
            let Item { parcel, key, .. } = item;
            return self.bury(desk, parcel, key, &failure).await;
        };
        tracing::warn!(
            group = self.group.as_str(),
            event.r#type = item.event.event_type.as_str(),
            event.id = %item.event.id,
            correlation_id = item.event.correlation_id.as_str(),
            attempt,
            ?delay,
            %error,
            "an event handler failed, and is tried again"
        );
        let (undertaker, desk) = (self.clone(), desk.clone());
        tokio::spawn(async move {
            if let Some(unwanted) = undertaker.wait(&desk, item, delay).await {
                undertaker.unwanted(&desk, unwanted).await;
            }
        });
    }

    /// Lets an event wait for a process that wants it: its queue brings it, and nobody here does.
    pub(super) fn unwanted<'u>(
        self: &'u Arc<Self>,
        desk: &'u Arc<Desk>,
        mut item: Item,
    ) -> BoxFuture<'u, ()> {
        Box::pin(async move {
            if !desk.has_members() {
                // Another process may want it.
                item.parcel.receipt.give_back();
                return desk.finish(item);
            }
            let attempts = &mut item.parcel.history.attempts;
            *attempts = attempts.saturating_add(1);
            let error = HandlerError::retryable(format!(
                "no subscription of this group wants `{}` in the process that got it: a binding is \
                 left of an earlier version of the program, or processes of the group want \
                 different events",
                item.event.event_type
            ));
            let delays = lock(&self.topology).retries.clone();
            self.failed(desk, item, &RetryPolicy::after(delays), &error).await;
        })
    }

    fn give_up(&self, item: &Item, failure: &Failure) {
        tracing::error!(
            group = self.group.as_str(),
            event.r#type = item.event.event_type.as_str(),
            event.id = %item.event.id,
            correlation_id = item.event.correlation_id.as_str(),
            attempts = item.parcel.history.attempts,
            error = failure.reason,
            "an event handler failed, and its event is given up"
        );
    }

    /// Lets an event wait for its next attempt: in a queue of the broker, or here where there is
    /// none for it, or it takes nothing. It comes back where nobody here wants it any more.
    async fn wait(&self, desk: &Desk, item: Item, delay: Duration) -> Option<Item> {
        if !item.parcel.receipt.is_open() {
            // The broker gives it out again.
            desk.finish(item);
            return None;
        }
        let queue = lock(&self.topology).retry_queue(&self.names, delay);
        if let Some((queue, arguments)) = queue {
            match self.wait_there(&queue, &arguments, &item.parcel).await {
                Ok(()) => {
                    item.parcel.receipt.done();
                    desk.finish(item);
                    return None;
                }
                Err(NotConfirmed(reason)) => {
                    let group = self.group.as_str();
                    tracing::warn!(group, queue, reason, "a failed event waits in this process");
                }
            }
        }
        tokio::select! {
            () = desk.has_ended() => {}
            () = tokio::time::sleep(delay) => {}
        }
        self.go_on(desk, item)
    }

    /// Has an event that waited here tried again, if that is still up to us.
    fn go_on(&self, desk: &Desk, item: Item) -> Option<Item> {
        if desk.is_over() || !item.parcel.receipt.is_open() {
            // It goes back to the broker with its channel, or has gone.
            desk.finish(item);
            return None;
        }
        desk.put_back(item)
    }

    async fn wait_there(
        &self,
        queue: &str,
        arguments: &QueueArguments,
        parcel: &Parcel,
    ) -> Result<(), NotConfirmed> {
        // Once more where the queue turns out to be gone.
        for _ in 0..2 {
            self.ensure(queue, arguments).await?;
            let place = Place::queue(queue.to_owned());
            match self.publisher.publish(place, parcel.message()).await? {
                Published::Routed => return Ok(()),
                Published::Unroutable => drop(lock(&self.declared).remove(queue)),
            }
        }
        Err(NotConfirmed("the queue is deleted again and again".to_owned()))
    }

    /// Makes a queue for retries, unless it is there.
    async fn ensure(&self, queue: &str, arguments: &QueueArguments) -> Result<(), NotConfirmed> {
        if lock(&self.declared).contains(queue) {
            return Ok(());
        }
        let queues = BTreeMap::from([(queue.to_owned(), arguments.clone())]);
        self.make(&Topology { queues, ..Topology::default() }).await?;
        lock(&self.declared).insert(queue.to_owned());
        Ok(())
    }

    /// Puts a message that is no event into the dead letters of the group.
    pub(super) async fn bury_unreadable(
        self: &Arc<Self>,
        desk: &Arc<Desk>,
        mut parcel: Parcel,
        reason: String,
    ) {
        tracing::error!(
            group = self.group.as_str(),
            bytes = parcel.body.len(),
            reason,
            "a message is no event, and is given up"
        );
        let failure = Failure { at: Utc::now(), reason };
        parcel.history.first_failure.get_or_insert_with(|| failure.clone());
        self.bury(desk, parcel, None, &failure).await;
    }

    /// Puts a message into the dead letters of the group, however long that takes, and ends the turn
    /// of its key.
    async fn bury(
        self: &Arc<Self>,
        desk: &Arc<Desk>,
        parcel: Parcel,
        key: Option<Arc<str>>,
        last: &Failure,
    ) {
        if lock(&self.topology).is_temporary {
            // Nobody would ever look for it.
            parcel.receipt.done();
            return desk.end_turn(key);
        }
        if !parcel.receipt.is_open() {
            // The broker gives it out again.
            return desk.end_turn(key);
        }
        let letter = parcel.message().buried(&self.group, last);
        let sent = self.send_letter(&letter).await;
        let (undertaker, desk) = (self.clone(), desk.clone());
        tokio::spawn(async move {
            undertaker.see_buried(&desk, &parcel, letter, sent).await;
            desk.end_turn(key);
        });
    }

    async fn send_letter(&self, letter: &Message) -> Result<Pending, NotConfirmed> {
        let exchange = self.names.dead_letters.as_str().into();
        let place = Place { exchange, key: self.names.queue(&self.group).into() };
        self.publisher.send_patiently(place, letter.clone()).await
    }

    /// Until the broker has it among the dead letters, or has it back.
    async fn see_buried(
        &self,
        desk: &Desk,
        parcel: &Parcel,
        letter: Message,
        mut sent: Result<Pending, NotConfirmed>,
    ) {
        let mut backoff = Backoff::default();
        loop {
            let said = match sent {
                Ok(pending) => said_of_letter(desk, parcel, pending).await,
                Err(error) => Some(Err(error)),
            };
            let reason = match said {
                Some(Ok(Published::Routed)) => {
                    let group = self.group.to_string();
                    metrics::counter!("czo_eventbus_dead_letters_total", "group" => group)
                        .increment(1);
                    return parcel.receipt.done();
                }
                Some(Ok(Published::Unroutable)) => {
                    let restored = self.restore().await;
                    restored.err().map_or("its queue was deleted".to_owned(), |error| error.0)
                }
                Some(Err(NotConfirmed(reason))) => reason,
                None => return,
            };
            tracing::warn!(
                group = self.group.as_str(),
                reason,
                "an event that is given up is not among the dead letters yet"
            );
            if desk.is_over() || !parcel.receipt.is_open() {
                // It goes back to the broker with its channel, or is given out again.
                return;
            }
            tokio::select! {
                () = desk.has_ended() => {}
                () = backoff.wait() => {}
            }
            sent = self.send_letter(&letter).await;
        }
    }

    /// Makes what the group needs and is no longer there.
    async fn restore(&self) -> Result<(), NotConfirmed> {
        let wish = lock(&self.topology).at_first();
        self.make(&Topology::exchanges(&self.names).with(&self.names, &wish)).await
    }

    async fn make(&self, topology: &Topology) -> Result<(), NotConfirmed> {
        let making = async {
            let connection = self.link.connection().await.ok_or("the connection is closed")?;
            let made = async { declare(&connection.create_channel().await?, topology).await };
            made.await.map_err(|error| in_words(&error))
        };
        let made = tokio::time::timeout(DECLARE_PATIENCE, making).await;
        made.unwrap_or_else(|_| Err("RabbitMQ does not answer".to_owned())).map_err(NotConfirmed)
    }
}

/// What the broker says of a letter, however long that takes: one that takes longer than a publisher
/// waits would be sent again and again. Nothing once it is no longer up to us: the broker gives the
/// message out again, or the group has ended.
async fn said_of_letter(
    desk: &Desk,
    parcel: &Parcel,
    mut pending: Pending,
) -> Option<Result<Published, NotConfirmed>> {
    loop {
        tokio::select! {
            said = pending.said() => return Some(said),
            () = desk.has_ended() => {
                let said = timeout_at(pending.due(), pending.said()).await;
                return said.ok()?.ok().map(Ok);
            }
            () = tokio::time::sleep(LOOK) => {
                if !parcel.receipt.is_open() {
                    return None;
                }
            }
        }
    }
}
