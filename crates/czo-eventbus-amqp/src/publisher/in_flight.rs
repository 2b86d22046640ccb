//! Messages that the broker has not confirmed.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt};
use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation};

use super::ticket::Ticket;

type Said = (usize, lapin::Result<Confirmation>);

/// Publishes a message and waits for the broker's word. The client puts it into its line when the
/// future is first polled.
pub(super) async fn publish(channel: &Channel, key: usize, ticket: Arc<Ticket>) -> Said {
    let Ticket { place, message, .. } = &*ticket;
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let (exchange, routing_key) = ((*place.exchange).into(), (*place.key).into());
    let properties = message.properties();
    match channel.basic_publish(exchange, routing_key, options, &message.body, properties).await {
        Ok(confirm) => (key, confirm.await),
        Err(error) => (key, Err(error)),
    }
}

/// Messages that the broker has not confirmed.
pub(super) struct InFlight<F> {
    publishing: FuturesUnordered<F>,
    /// What was said and not yet taken.
    said: Vec<Said>,
    woken: Arc<Woken>,
    waker: Waker,
}

/// Whether there may be more to see.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl<F: Future<Output = Said>> InFlight<F> {
    pub(super) fn new() -> Self {
        let woken = Arc::<Woken>::default();
        let waker = woken.clone().into();
        Self { publishing: FuturesUnordered::new(), said: Vec::new(), woken, waker }
    }

    /// Adds a message. It is on its way, behind all before it, once somebody asks for what is
    /// [`ready`](Self::ready).
    pub(super) fn push(&mut self, publishing: F) {
        self.publishing.push(publishing);
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

    /// Everything that was said by now, for the caller to take.
    ///
    /// All of it, since what was returned for one message may be told with the confirmation of
    /// another that was confirmed before: whoever looks at the one has to have seen the other.
    pub(super) fn ready(&mut self) -> &mut Vec<Said> {
        loop {
            self.woken.0.store(false, Ordering::Release);
            let mut context = Context::from_waker(&self.waker);
            match Pin::new(&mut self.publishing).poll_next(&mut context) {
                Poll::Ready(Some(said)) => self.said.push(said),
                Poll::Ready(None) => break,
                // Where there is more it also says so now and then, to let others have their turn,
                // and wakes.
                Poll::Pending if !self.woken.0.load(Ordering::Acquire) => break,
                Poll::Pending => {}
            }
        }
        &mut self.said
    }
}
