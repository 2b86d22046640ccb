//! What a connection is done by.

use fred::error::Error;
use fred::interfaces::ClientLike;
use fred::types::ConnectHandle;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

/// The tasks of a connection. They end when this is dropped: the client's own would keep its
/// connection for ever.
pub(crate) struct Tasks {
    running: Vec<AbortHandle>,
    ended: CancellationToken,
}

impl Tasks {
    /// Connects this client. In a task of its own, which ends the client's when nobody waits any
    /// more.
    pub(crate) async fn connect<C: ClientLike + 'static>(client: &C) -> Result<Self, Error> {
        let client = client.clone();
        tokio::spawn(async move { client.init().await.map(Self::of) }).await?
    }

    fn of(connection: ConnectHandle) -> Self {
        let ended = CancellationToken::new();
        let tasks = Self { running: vec![connection.abort_handle()], ended: ended.clone() };
        tokio::spawn(async move {
            // Why does not matter: it does nothing any more.
            let _ = connection.await;
            ended.cancel();
        });
        tasks
    }

    /// Ends this task too.
    pub(crate) fn add(&mut self, task: AbortHandle) {
        self.running.push(task);
    }

    /// Fires when there is no connection any more and will be none.
    pub(crate) fn ended(&self) -> &CancellationToken {
        &self.ended
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.running {
            task.abort();
        }
    }
}
