//! What the groups of a RabbitMQ gave up.

mod browser;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use czo_core::{BusError, DeadContent, DeadLetter, DeadLetterFilter, DeadLetters, Failure, Group};
use lapin::message::Delivery;
use tokio::sync::Mutex;

use self::browser::Browser;
use crate::AmqpOptions;
use crate::link::{Link, LinkStatus};
use crate::message::{self, Message};
use crate::publisher::{NotConfirmed, Place, Published, Publisher};

/// How long the broker may take to let us in.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the groups of a RabbitMQ gave up, over a connection of its own. It needs no bus.
///
/// **Which groups.** The broker does not tell which queues there are, so those of which the letters
/// are wanted are named; a filter may name others.
///
/// **Looking takes.** While letters are looked at they are taken out, and put back in their place
/// after: the oldest 10,000 of a group that are there when it begins. So one program looks at those
/// of a group at a time, and others wait for ten seconds. When it dies meanwhile the broker puts
/// them back.
///
/// **Redrive.** One after the other: an event is with its group before it is taken out of the dead
/// letters, and the order within a group is kept. When that is cut short between the two, an event
/// is handed over twice, with the same id.
///
/// Letters are kept until they are redriven or purged.
#[derive(Debug)]
pub struct AmqpDeadLetters {
    options: AmqpOptions,
    groups: BTreeSet<Group>,
    link: Link,
    /// Over a connection of its own: one that publishes may be held up for long.
    publisher: Publisher,
    publishing: Link,
    /// One at a time: what one looks at, another would not see.
    desk: Mutex<()>,
}

impl AmqpDeadLetters {
    /// The dead letters of these groups. It connects from now on. Panics outside of a tokio runtime.
    #[must_use]
    pub fn new(options: AmqpOptions, groups: impl IntoIterator<Item = Group>) -> Self {
        let link = Link::open(&options, "dead letters");
        let publishing = Link::open(&options, "dead letters, publishing");
        let publisher = Publisher::start(&options, &publishing);
        let groups = groups.into_iter().collect();
        Self { options, groups, link, publisher, publishing, desk: Mutex::new(()) }
    }

    /// Ends the connection.
    pub async fn close(&self) {
        self.link.close().await;
        self.publishing.close().await;
    }

    fn groups(&self, filter: &DeadLetterFilter) -> BTreeSet<Group> {
        match &filter.group {
            Some(group) => BTreeSet::from([group.clone()]),
            None => self.groups.clone(),
        }
    }

    /// What is needed to look at the letters of a group; nothing where it has no queue for them.
    async fn browse(&self, group: &Group) -> Result<Option<Browser>, BusError> {
        let connection = tokio::time::timeout(PATIENCE, self.link.connection()).await;
        let connection = match connection {
            Ok(Some(connection)) => connection,
            Ok(None) => return Err(BusError::Closed),
            Err(_) => return Err(self.out_of_reach()),
        };
        Browser::open(&connection, &self.options.names.dead_queue(group)).await
    }

    fn out_of_reach(&self) -> BusError {
        let reason = match self.link.status() {
            LinkStatus::Lost(reason) | LinkStatus::Blocked(reason) => reason,
            LinkStatus::Connected | LinkStatus::Closed => "it does not answer".to_owned(),
        };
        BusError::Unavailable { reason }
    }

    /// Hands a letter to its group. Says whether the group is there.
    async fn hand_over(&self, group: &Group, delivery: &Delivery) -> Result<bool, BusError> {
        let message = Message::again(delivery.data.clone(), &delivery.properties).renewed();
        let queue = Place::queue(self.options.names.queue(group));
        match self.publisher.publish(queue, message).await {
            Ok(Published::Routed) => Ok(true),
            Ok(Published::Unroutable) => Ok(false),
            Err(NotConfirmed(reason)) => Err(BusError::Unavailable { reason }),
        }
    }
}

fn letter(group: &Group, delivery: &Delivery) -> DeadLetter {
    let content = match message::read(&delivery.data) {
        Ok(event) => DeadContent::Event(Arc::new(event)),
        Err(_) => DeadContent::Unreadable(message::unreadable(delivery)),
    };
    let history = message::history(&delivery.properties);
    let last: Failure = message::burial(&delivery.properties, Utc::now());
    let first = history.first_failure.unwrap_or_else(|| last.clone());
    DeadLetter::new(content, group.clone(), history.attempts, last).first_failed(first)
}

#[async_trait]
impl DeadLetters for AmqpDeadLetters {
    async fn list(
        &self,
        filter: &DeadLetterFilter,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, BusError> {
        let _desk = self.desk.lock().await;
        let mut letters = Vec::new();
        for group in self.groups(filter) {
            let Some(mut browser) = self.browse(&group).await? else { continue };
            let (before, mut found) = (letters.len(), 0);
            while found < limit
                && let Some(delivery) = browser.next().await?
            {
                letters.push(letter(&group, &delivery));
                if !letters.last().is_some_and(|letter| filter.matches(letter)) {
                    letters.pop();
                }
                found = letters.len() - before;
            }
            browser.put_back().await;
        }
        if filter.group.is_none() {
            // By the clocks of those who gave them up.
            letters.sort_by_key(|letter| letter.at);
        }
        letters.truncate(limit);
        Ok(letters)
    }

    async fn redrive(&self, filter: &DeadLetterFilter, limit: usize) -> Result<usize, BusError> {
        let _desk = self.desk.lock().await;
        let mut redriven = 0;
        for group in self.groups(filter) {
            if redriven == limit {
                break;
            }
            let Some(mut browser) = self.browse(&group).await? else { continue };
            let mut outcome = Ok(());
            while redriven < limit
                && let Some(delivery) = browser.next().await?
            {
                if !filter.matches(&letter(&group, &delivery)) {
                    continue;
                }
                match self.hand_over(&group, &delivery).await {
                    Ok(true) => {
                        browser.take_out(&delivery).await?;
                        redriven += 1;
                    }
                    // No later one of the group may overtake it.
                    Ok(false) => break,
                    Err(error) => {
                        outcome = Err(error);
                        break;
                    }
                }
            }
            browser.put_back().await;
            outcome?;
        }
        Ok(redriven)
    }

    async fn purge(&self, filter: &DeadLetterFilter) -> Result<usize, BusError> {
        let _desk = self.desk.lock().await;
        let mut purged = 0;
        for group in self.groups(filter) {
            let Some(mut browser) = self.browse(&group).await? else { continue };
            while let Some(delivery) = browser.next().await? {
                if filter.matches(&letter(&group, &delivery)) {
                    browser.take_out(&delivery).await?;
                    purged += 1;
                }
            }
            browser.put_back().await;
        }
        Ok(purged)
    }
}
