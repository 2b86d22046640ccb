//! The connections to Redis.

use std::pin::pin;

use czo_redis::{Connector, Link, Script};
use fred::clients::SubscriberClient;
use fred::interfaces::{ClientLike, EventInterface};
use fred::types::{Message, Value};
use tokio::sync::{OnceCell, broadcast};

use super::RedisJobsError;
use super::options::RedisOptions;
use super::scripts;

/// The connections to Redis: one for scripts, and one to be woken by, once somebody waits.
pub(super) struct Connection {
    link: Link,
    connector: Connector,
    /// Hears who is to be woken.
    listener: OnceCell<Link<SubscriberClient>>,
    tag: String,
}

impl Connection {
    /// Connects, and shows the server the scripts.
    pub(super) async fn open(options: &RedisOptions) -> Result<Self, RedisJobsError> {
        let connector = Connector::new(options.url.clone())
            .timeout(options.timeout)
            .reconnecting()
            .scripts(scripts::ALL);
        let link = connector.connect().await?;
        look_at(&link).await;
        let tag = format!("{{{}}}", options.prefix);
        Ok(Self { link, connector, listener: OnceCell::new(), tag })
    }

    /// Runs a script, once at most: a call whose answer is lost is not made again.
    pub(super) async fn run(
        &self,
        script: Script,
        arguments: Vec<Value>,
    ) -> Result<Value, RedisJobsError> {
        Ok(self.link.run(&script, &self.tag, arguments).await?)
    }

    /// Hears from now on of names of which a job waits.
    pub(super) async fn listen(&self) -> Result<broadcast::Receiver<Message>, RedisJobsError> {
        let listener = self.listener.get_or_try_init(|| self.subscribe()).await?;
        Ok(listener.client().message_rx())
    }

    async fn subscribe(&self) -> Result<Link<SubscriberClient>, RedisJobsError> {
        let listener = self.connector.subscriber().await?;
        listener.subscribe(&format!("{}:wake", self.tag)).await?;
        Ok(listener)
    }
}

/// Tells the operator of a server that may lose jobs. It does not hinder: who may not ask it is not
/// told.
async fn look_at(link: &Link) {
    let info = pin!(link.client().info::<String>(None));
    let Ok(info) = link.ask(info).await else { return };
    let value = |key: &str| info.lines().find_map(|line| line.strip_prefix(key));
    if let Some(policy) = value("maxmemory_policy:").filter(|policy| *policy != "noeviction") {
        tracing::warn!(
            policy,
            "redis may delete jobs: its `maxmemory-policy` must be `noeviction`"
        );
    }
    if value("aof_enabled:") == Some("0") {
        tracing::info!("jobs do not survive a crash of redis: its `appendonly` is `no`");
    }
}
