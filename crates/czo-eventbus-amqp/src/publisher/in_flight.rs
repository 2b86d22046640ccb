//! Messages that the broker has not confirmed.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::stream::FuturesUnordered;
use futures_util::task::noop_waker_ref;
use futures_util::{FutureExt, StreamExt};
use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation};

use super::returns::Place;
use crate::message::Message;

/// What the broker said of a message.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// It has it; every queue it was for has it, if there is one.
    Confirmed { is_routed: bool },
    /// It does not have it, and why.
    Refused(String),
}

type Said = (u64, lapin::Result<Confirmation>);

type Publishing = Pin<Box<dyn Future<Output = Said> + Send>>;

/// Messages that the broker has not confirmed.
#[derive(Default)]
pub(super) struct InFlight {
    publishing: FuturesUnordered<Publishing>,
    /// What was said and not yet taken.
    said: Vec<Said>,
    /// How often the futures were polled.
    polls: Arc<AtomicUsize>,
}

impl InFlight {
    /// Publishes a message, behind all before it.
    pub(super) fn publish(
        &mut self,
        number: u64,
        channel: &Channel,
        place: &Place,
        message: &Message,
    ) {
        let (channel, place, message) = (channel.clone(), place.clone(), message.clone());
        let polls = self.polls.clone();
        let mut publishing = Box::pin(async move {
            let Message { body, properties } = message;
            let options = BasicPublishOptions { mandatory: true, ..Default::default() };
            let (exchange, key) = (place.exchange.as_str().into(), place.key.as_str().into());
            let sent = channel.basic_publish(exchange, key, options, &body, properties).await;
            match sent {
                Ok(confirm) => (number, confirm.await),
                Err(error) => (number, Err(error)),
            }
        });
        let mut counted: Publishing = Box::pin(poll_fn(move |context| {
            polls.fetch_add(1, Ordering::Relaxed);
            publishing.as_mut().poll(context)
        }));
        // The client puts a message into its line when the future is first polled.
        match counted.as_mut().poll(&mut Context::from_waker(noop_waker_ref())) {
            Poll::Ready(said) => self.said.push(said),
            Poll::Pending => self.publishing.push(counted),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.publishing.is_empty() && self.said.is_empty()
    }

    /// Returns once something was said.
    pub(super) async fn changed(&mut self) {
        if self.said.is_empty()
            && let Some(said) = self.publishing.next().await
        {
            self.said.push(said);
        }
    }

    /// Everything that was said by now.
    ///
    /// All of it, since what was returned for one message may be told with the confirmation of
    /// another that was confirmed before: whoever looks at the one has to have seen the other.
    pub(super) fn ready(&mut self) -> Vec<Said> {
        loop {
            let before = self.polls.load(Ordering::Relaxed);
            match self.publishing.next().now_or_never() {
                Some(Some(said)) => self.said.push(said),
                Some(None) => break,
                // It also says so now and then to let others have their turn.
                None if self.polls.load(Ordering::Relaxed) == before => break,
                None => {}
            }
        }
        std::mem::take(&mut self.said)
    }
}
