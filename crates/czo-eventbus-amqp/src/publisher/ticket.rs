//! A message on its way, as both who asked and the task that publishes see it.

use std::borrow::Cow;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::message::Message;

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

/// What is said of a message, once.
pub(super) type Answer = Result<Published, NotConfirmed>;

/// Where a message goes.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) exchange: Arc<str>,
    pub(crate) key: Cow<'static, str>,
}

impl Place {
    /// A queue.
    pub(crate) fn queue(name: String) -> Self {
        Self { exchange: Arc::default(), key: name.into() }
    }
}

/// A message on its way. There is one allocation for each, which is all that who asked and the task
/// that publishes have in common.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) place: Place,
    pub(super) message: Message,
    /// When who asked waits no longer.
    due: Instant,
    /// Who asked waits as long as it takes.
    is_patient: bool,
    answer: OnceLock<Answer>,
    /// Who waits for the answer.
    waker: AtomicWaker,
    is_given_up: AtomicBool,
}

impl Ticket {
    pub(super) fn new(place: Place, message: Message, due: Instant, is_patient: bool) -> Arc<Self> {
        Arc::new(Self {
            place,
            message,
            due,
            is_patient,
            answer: OnceLock::new(),
            waker: AtomicWaker::new(),
            is_given_up: AtomicBool::new(false),
        })
    }

    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// The first answer counts.
    fn answer(&self, answer: Answer) {
        if self.answer.set(answer).is_ok() {
            self.waker.wake();
        }
    }
}

/// A message as the task that publishes has it. Dropped without an answer, it says that the
/// connection is closed.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) ticket: Arc<Ticket>,
    unconfirmed: Arc<Unconfirmed>,
}

impl Outgoing {
    pub(super) fn new(ticket: Arc<Ticket>, unconfirmed: &Arc<Unconfirmed>) -> Self {
        unconfirmed.count.fetch_add(1, Ordering::AcqRel);
        Self { ticket, unconfirmed: unconfirmed.clone() }
    }

    pub(super) fn answer(&self, answer: Answer) {
        self.ticket.answer(answer);
    }

    /// Says so where who asked has waited long enough.
    pub(super) fn expire(&self, now: Instant, reason: impl FnOnce() -> NotConfirmed) {
        let Ticket { due, is_patient, answer, .. } = &*self.ticket;
        if *due <= now && !is_patient && answer.get().is_none() {
            self.answer(Err(reason()));
        }
    }

    /// Whether who asked waits as long as it takes.
    pub(super) fn is_patient(&self) -> bool {
        self.ticket.is_patient
    }

    /// Whether somebody still waits for the answer.
    pub(super) fn is_wanted(&self) -> bool {
        !self.ticket.is_given_up.load(Ordering::Acquire) && self.ticket.answer.get().is_none()
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.answer(Err(closed()));
        if self.unconfirmed.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.unconfirmed.none_left.notify_waiters();
        }
    }
}

/// How many messages wait for their confirmation.
#[derive(Debug, Default)]
pub(super) struct Unconfirmed {
    count: AtomicUsize,
    none_left: Notify,
}

impl Unconfirmed {
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Returns once there is none.
    pub(super) async fn are_none(&self) {
        loop {
            let none_left = self.none_left.notified();
            if self.count() == 0 {
                return;
            }
            none_left.await;
        }
    }
}

/// Tells when the broker has confirmed a message. Dropped, it lets the message go: it is not
/// published again.
#[derive(Debug)]
pub(crate) struct Pending(pub(super) Arc<Ticket>);

impl Pending {
    /// What the broker says, or why it has not within the time that publishers wait.
    pub(crate) async fn said(&mut self) -> Answer {
        let Ticket { answer, waker, .. } = &*self.0;
        poll_fn(|context| {
            if answer.get().is_none() {
                waker.register(context.waker());
            }
            answer.get().map_or(Poll::Pending, |answer| Poll::Ready(answer.clone()))
        })
        .await
    }

    /// When the time that publishers wait is over.
    pub(crate) fn due(&self) -> Instant {
        self.0.due()
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.is_given_up.store(true, Ordering::Release);
    }
}

pub(super) fn closed() -> NotConfirmed {
    NotConfirmed("the connection is closed".to_owned())
}
