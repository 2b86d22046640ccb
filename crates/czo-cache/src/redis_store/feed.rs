//! What Redis tells a session.

use czo_redis::Link;
use fred::clients::SubscriberClient;
use fred::types::Message;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;

use super::session::Tag;
use crate::store::{Invalidation, Notice};

/// How many notices may wait before the session is given up: its memory is the bound.
const WAITING: usize = 4_096;

/// A connection that hears notices.
pub(super) struct Feed {
    pub(super) subscriber: Link<SubscriberClient>,
    pub(super) messages: broadcast::Receiver<Message>,
    pub(super) tag: Tag,
    /// Notices up to this one are of the time before.
    pub(super) generation: u64,
}

/// Ends the task when it is dropped, and with it the connection.
#[derive(Debug)]
pub(super) struct Pump(JoinHandle<()>);

impl Drop for Pump {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Feed {
    /// Lets notices flow until one can't be told: then they end.
    pub(super) fn flow(mut self) -> (mpsc::Receiver<Notice>, Pump) {
        let (tell, notices) = mpsc::channel(WAITING);
        let pump = tokio::spawn(async move {
            loop {
                let message = tokio::select! {
                    biased;
                    message = self.messages.recv() => message,
                    () = self.subscriber.lost() => return,
                };
                // What was passed over because nobody took it can't be known.
                let Ok(message) = message else { return };
                match self.notice(&message) {
                    None => return,
                    Some(Notice::Invalidated { generation, .. })
                        if generation <= self.generation => {}
                    Some(notice) => {
                        if tell.try_send(notice).is_err() {
                            return;
                        }
                    }
                }
            }
        });
        (notices, Pump(pump))
    }

    fn notice(&self, message: &Message) -> Option<Notice> {
        let text = message.value.as_str()?;
        let channel: &str = &message.channel;
        if channel == self.tag.notices() {
            let (generation, what) = text.split_once(' ')?;
            let what: Invalidation = serde_json::from_str(what).ok()?;
            Some(Notice::Invalidated { generation: generation.parse().ok()?, what })
        } else {
            let (number, generation) = text.split_once(' ')?;
            Some(Notice::Beat {
                number: number.parse().ok()?,
                generation: generation.parse().ok()?,
            })
        }
    }
}
