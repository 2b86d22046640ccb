//! When a worker looks for jobs again.

use std::time::Duration;

use czo_core::JobName;
use fred::types::Message;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::RedisJobs;

/// How long a worker sleeps at most: how late a job begins whose message was lost.
const LONGEST: Duration = Duration::from_secs(1);

impl RedisJobs {
    pub(super) async fn wait_for(&self, names: &[JobName]) {
        // Nothing in time is an answer too.
        let _ = tokio::time::timeout(LONGEST, self.until_due(names)).await;
    }

    async fn until_due(&self, names: &[JobName]) {
        // It listens before it asks, so that nothing is missed in between.
        let messages = self.shared.connection.listen().await;
        let heard = async {
            match messages {
                Ok(messages) => hear(messages, names).await,
                Err(error) => {
                    tracing::debug!(%error, "nobody will be woken by redis");
                    std::future::pending().await
                }
            }
        };
        let due = async {
            match self.next_due(names).await {
                Ok(Some(until)) => tokio::time::sleep(until).await,
                Ok(None) => std::future::pending().await,
                Err(error) => {
                    tracing::debug!(%error, "the next job cannot be foreseen");
                    std::future::pending().await
                }
            }
        };
        tokio::select! {
            () = heard => {}
            () = due => {}
        }
    }
}

/// Waits for a message about one of these names.
async fn hear(mut messages: Receiver<Message>, names: &[JobName]) {
    loop {
        match messages.recv().await {
            Ok(message) => {
                let name = message.value.as_str();
                if name.is_some_and(|name| names.iter().any(|known| known.as_str() == &*name)) {
                    return;
                }
            }
            // What was missed may have been for this one.
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
