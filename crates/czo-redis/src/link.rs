//! A connection to a Redis.

use std::fmt;
use std::pin::pin;

use fred::bytes_utils::Str;
use fred::clients::{Client, SubscriberClient};
use fred::error::Error;
use fred::interfaces::{ClientLike, LuaInterface, PubsubInterface};
use fred::types::Value;

use crate::error::is_unknown_script;
use crate::tasks::Tasks;
use crate::{RedisError, Script};

/// A connection to a Redis, made by a [`Connector`](crate::Connector). It ends when this is
/// dropped, also for clones of its client.
///
/// **Lost.** What is asked [through it](Self::ask) while it [is lost](Self::is_lost), or is on the
/// way when it gets lost, fails at once. What is asked of its [client](Self::client) directly may
/// not: fred keeps a command that nobody will send until its timeout.
///
/// **Silence.** When the network swallows everything, each answer is given up by itself, and the
/// connection only when nothing came for twice the timeout since something was last asked: while
/// more is asked all the time, it is for whoever asks to drop it. One on which nothing is asked is
/// never given up; whoever only listens asks now and then, by `link.ask(link.client().ping(None))`.
pub struct Link<C = Client> {
    client: C,
    tasks: Tasks,
    /// What the server calls the scripts.
    hashes: Vec<(Script, Str)>,
}

impl<C> Link<C> {
    pub(crate) fn new(client: C, tasks: Tasks) -> Self {
        Self { client, tasks, hashes: Vec::new() }
    }

    /// The client that is connected.
    #[must_use]
    pub fn client(&self) -> &C {
        &self.client
    }

    /// Whether there is no connection any more and will be none. One that is
    /// [reconnecting](crate::Connector::reconnecting) is not lost.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.tasks.ended().is_cancelled()
    }

    /// Waits until it is lost.
    pub async fn lost(&self) {
        self.tasks.ended().cancelled().await;
    }

    /// Waits for an answer to what is asked of the client, for as long as there can be one.
    ///
    /// # Errors
    ///
    /// What [`RedisError`] makes of the client's; [`RedisError::Lost`] when the connection is.
    pub async fn ask<T>(
        &self,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, RedisError> {
        if self.is_lost() {
            return Err(RedisError::lost());
        }
        tokio::select! {
            biased;
            answer = answer => Ok(answer?),
            () = self.lost() => Err(RedisError::lost()),
        }
    }
}

impl Link {
    /// Shows the server a script.
    pub(crate) async fn load(&mut self, script: Script) -> Result<(), RedisError> {
        let answer = pin!(self.client.script_load(script.code()));
        let hash = self.ask(answer).await?;
        self.hashes.push((script, hash));
        Ok(())
    }

    /// Runs a script on a key, the only one of its `KEYS`, with these `ARGV`; once at most: a call
    /// whose answer is lost is not made again.
    ///
    /// A script [shown](crate::Connector::scripts) to the server is called by its hash, and sent as
    /// a whole if the server does not know it (any more). Any other is sent with each call.
    ///
    /// Bytes that are UTF-8 are answered as [`Value::String`], others as [`Value::Bytes`].
    ///
    /// # Errors
    ///
    /// As those of [`ask`](Self::ask).
    pub async fn run(
        &self,
        script: &Script,
        key: &str,
        arguments: Vec<Value>,
    ) -> Result<Value, RedisError> {
        let hash = self.hashes.iter().find(|(known, _)| known == script).map(|(_, hash)| hash);
        // Pinned here, since each that is handed on is there twice, and the client's are large.
        let answer = pin!(async {
            if let Some(hash) = hash {
                match self.client.evalsha(hash.clone(), key, arguments.clone()).await {
                    // A restart or `SCRIPT FLUSH` made the server forget it, or it is another.
                    Err(error) if is_unknown_script(&error) => {}
                    called => return called,
                }
            }
            self.client.eval(script.code(), key, arguments).await
        });
        self.ask(answer).await
    }
}

impl Link<SubscriberClient> {
    /// Hears from now on what is published in this channel. Ask its client for the messages before,
    /// so as to miss none.
    ///
    /// # Errors
    ///
    /// As those of [`ask`](Self::ask).
    pub async fn subscribe(&self, channel: &str) -> Result<(), RedisError> {
        let answer = pin!(self.client.subscribe(channel));
        self.ask(answer).await
    }

    /// Subscribes again whenever the connection was made again.
    pub(crate) fn resubscribe(&mut self) {
        self.tasks.add(self.client.manage_subscriptions().abort_handle());
    }
}

impl<C: ClientLike> fmt::Debug for Link<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("client", &self.client.id())
            .field("is_lost", &self.is_lost())
            .finish_non_exhaustive()
    }
}
