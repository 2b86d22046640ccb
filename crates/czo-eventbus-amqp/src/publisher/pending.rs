//! Waiting for the broker's word.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::in_flight::Answer;
use crate::link::{Link, LinkStatus};

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    /// Every queue it was for has it.
    Routed,
    /// No queue is there for it.
    Unroutable,
}

/// The message may or may not be with the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotConfirmed(pub(crate) String);

/// Tells when the broker has confirmed a message. Dropped, it lets the message go: it is not
/// published again.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(super) answer: oneshot::Receiver<Answer>,
    pub(super) until: Instant,
    pub(super) patience: Patience,
}

/// How long a publisher waits, and what it says then.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    pub(super) link: Link,
    pub(super) timeout: Duration,
}

impl Pending {
    /// What the broker says.
    pub(crate) async fn confirmed(mut self) -> Result<Published, NotConfirmed> {
        match tokio::time::timeout_at(self.until, self.said()).await {
            Ok(said) => said,
            Err(_) => Err(self.patience.ended()),
        }
    }

    /// What the broker says, however long that takes.
    pub(crate) async fn said(&mut self) -> Result<Published, NotConfirmed> {
        match (&mut self.answer).await {
            Ok(Answer::Confirmed { is_routed: true }) => Ok(Published::Routed),
            Ok(Answer::Confirmed { is_routed: false }) => Ok(Published::Unroutable),
            Ok(Answer::Refused(reason)) => Err(NotConfirmed(reason)),
            Err(_) => Err(closed()),
        }
    }
}

impl Patience {
    /// Why nothing was heard.
    pub(super) fn ended(&self) -> NotConfirmed {
        let seconds = self.timeout.as_secs_f64();
        NotConfirmed(match self.link.status() {
            LinkStatus::Blocked(reason) => format!("RabbitMQ takes no messages for now: {reason}"),
            LinkStatus::Lost(reason) => format!("no connection to RabbitMQ: {reason}"),
            LinkStatus::Closed => "the connection is closed".to_owned(),
            LinkStatus::Connected => format!("RabbitMQ did not confirm within {seconds} seconds"),
        })
    }
}

pub(super) fn closed() -> NotConfirmed {
    NotConfirmed("the connection is closed".to_owned())
}
