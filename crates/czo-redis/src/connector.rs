//! How a Redis is connected to.

use std::time::Duration;

use fred::clients::{Client, SubscriberClient};
use fred::error::Error;
use fred::interfaces::ClientLike;
use fred::types::Builder;
use fred::types::config::{ReconnectPolicy, TcpConfig, UnresponsiveConfig};

use crate::tasks::Tasks;
use crate::{Link, RedisError, RedisUrl, Script};

/// The first pause before connecting again, in milliseconds; it doubles each time.
const FIRST_PAUSE: u32 = 20;

/// The longest pause before connecting again, in milliseconds.
const LONGEST_PAUSE: u32 = 1_000;

/// What connecting may take at least: several answers, one after the other, with TLS more.
const CONNECTING: Duration = Duration::from_secs(2);

/// How many messages a receiver may be behind before it misses some.
const MESSAGES: usize = 256;

/// How a Redis is connected to. Each connection is one of its own: this keeps none.
///
/// No command is sent twice by itself, as it is unknown whether one was done whose answer is lost.
#[derive(Clone, Debug)]
pub struct Connector {
    url: RedisUrl,
    timeout: Duration,
    reconnects: bool,
    scripts: &'static [Script],
}

impl Connector {
    /// Connects to this Redis, waits 5 seconds for an answer, shows it no scripts, and leaves a
    /// connection that is lost lost.
    #[must_use]
    pub fn new(url: RedisUrl) -> Self {
        Self { url, timeout: Duration::from_secs(5), reconnects: false, scripts: &[] }
    }

    /// Gives up an answer after this long, and a connection that is [silent](Link) for twice as
    /// long. Where connections are made again, the time without one counts too. Connecting may take
    /// as long, and 2 seconds at least.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Makes a connection that was lost again, however long that takes: after 20 ms at first, every
    /// second in the end. What is on the way when it breaks fails; what is asked meanwhile waits.
    #[must_use]
    pub fn reconnecting(mut self) -> Self {
        self.reconnects = true;
        self
    }

    /// Shows these scripts to the server, so that they are called by a hash. One that is no Lua is
    /// an error as soon as it connects.
    #[must_use]
    pub fn scripts(mut self, scripts: &'static [Script]) -> Self {
        self.scripts = scripts;
        self
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &RedisUrl {
        &self.url
    }

    /// Connects, for commands.
    ///
    /// # Errors
    ///
    /// [`RedisError::Unreachable`]; another when the scripts can't be shown.
    pub async fn connect(&self) -> Result<Link, RedisError> {
        let client = self.builder()?.build().map_err(|error| self.unreachable(error))?;
        let mut link: Link<Client> = self.open(client).await?;
        for script in self.scripts {
            link.load(*script).await?;
        }
        Ok(link)
    }

    /// Connects, for messages. One that is [reconnecting](Self::reconnecting) subscribes again by
    /// itself; what was sent meanwhile is missed. A receiver that is 256 messages behind misses the
    /// oldest, and is told so.
    ///
    /// # Errors
    ///
    /// [`RedisError::Unreachable`].
    pub async fn subscriber(&self) -> Result<Link<SubscriberClient>, RedisError> {
        let client = self.builder()?.build_subscriber_client();
        let mut link = self.open(client.map_err(|error| self.unreachable(error))?).await?;
        if self.reconnects {
            link.resubscribe();
        }
        Ok(link)
    }

    async fn open<C: ClientLike + 'static>(&self, client: C) -> Result<Link<C>, RedisError> {
        let tasks = Tasks::connect(&client).await.map_err(|error| self.unreachable(error))?;
        Ok(Link::new(client, tasks))
    }

    fn unreachable(&self, source: Error) -> RedisError {
        RedisError::Unreachable { server: self.url.to_string(), source }
    }

    fn builder(&self) -> Result<Builder, RedisError> {
        let config = self.url.config().map_err(|error| {
            self.unreachable(Error::new(fred::error::ErrorKind::Url, error.to_string()))
        })?;
        let mut builder = Builder::from_config(config);
        if self.reconnects {
            let policy = ReconnectPolicy::new_exponential(0, FIRST_PAUSE, LONGEST_PAUSE, 2);
            builder.set_policy(policy);
        }
        builder
            .with_performance_config(|performance| {
                performance.default_command_timeout = self.timeout;
                performance.broadcast_channel_capacity = MESSAGES;
            })
            .with_connection_config(|connection| {
                connection.connection_timeout = self.timeout.max(CONNECTING);
                connection.internal_command_timeout = self.timeout.max(CONNECTING);
                // What was sent when the connection broke may have been done: who asked decides.
                connection.max_command_attempts = 1;
                connection.tcp = TcpConfig { nodelay: Some(true), ..TcpConfig::default() };
                connection.unresponsive = UnresponsiveConfig {
                    max_timeout: Some(self.timeout.saturating_mul(2)),
                    interval: Duration::from_secs(1),
                };
            });
        Ok(builder)
    }
}
