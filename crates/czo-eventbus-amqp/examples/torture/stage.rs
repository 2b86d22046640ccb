//! The broker, the networks to it, and what is done to them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use czo_core::{EventBus, HealthStatus};
use czo_eventbus_amqp::{AmqpBus, Names};
use czo_testkit::torture::Dice;
use czo_testkit::{TcpProxy, TestBroker};
use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};

use super::book::{GROUPS, Group};

/// Who the bus is for the broker. Its password changes now and then.
const USER: &str = "torture";
const PASSWORD: &str = "r1ght";

/// After how many seconds without a word a connection is given up.
pub(crate) const HEARTBEAT: u32 = 2;

/// How long it may take until what was done shows.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// A bad acknowledgement on every channel that there is.
///
/// A channel takes acknowledgements from its own connection only, so nobody from outside can send
/// a bad one, and the bus sends none by itself. The broker's own way to hand a method to a channel
/// is `rabbit_channel:do`: what comes of it is what comes of a frame, an error 406 and the end of
/// the channel. It says how many of those channels are gone a moment later.
const BAD_ACKS: &str = "Channels = rabbit_channel:list(), \
     [rabbit_channel:do(Channel, {'basic.ack', 999999999999, false}) || Channel <- Channels], \
     timer:sleep(1500), \
     length([Channel || Channel <- Channels, not is_process_alive(Channel)]).";

/// The broker, behind a network for each bus.
#[derive(Debug)]
pub(crate) struct Stage {
    broker: TestBroker,
    pub(crate) proxies: Vec<TcpProxy>,
    pub(crate) names: Names,
}

impl Stage {
    /// Starts a broker with so many networks to it.
    pub(crate) async fn start(networks: u32) -> Result<Self> {
        let broker = TestBroker::start().await?;
        broker.ctl(&["add_user", USER, PASSWORD]).await?;
        broker.ctl(&["set_permissions", USER, ".*", ".*", ".*"]).await?;
        let mut proxies = Vec::new();
        for _ in 0..networks {
            proxies.push(TcpProxy::start(broker.port()).await?);
        }
        Ok(Self { broker, proxies, names: Names::default() })
    }

    /// Where the bus finds the broker, over this network.
    pub(crate) fn url(&self, proxy: &TcpProxy) -> String {
        let port = proxy.port();
        format!("amqp://{USER}:{PASSWORD}@127.0.0.1:{port}/%2f?heartbeat={HEARTBEAT}")
    }

    /// The broker, past all networks, as somebody whose password stays.
    pub(crate) fn direct_url(&self) -> String {
        self.broker.url()
    }

    /// A connection of the torture's own, past all networks.
    pub(crate) async fn connection(&self) -> Result<Connection> {
        let properties = ConnectionProperties::default();
        Ok(Connection::connect(&self.broker.url(), properties).await?)
    }

    /// Ends all connections. It was seen once whoever had one has come back.
    pub(crate) async fn cut(&self) -> Result<bool> {
        let before = self.accepted();
        for proxy in &self.proxies {
            proxy.cut().await;
        }
        let is_back = || self.accepted().iter().zip(&before).all(|(now, before)| now > before);
        self.see(async || Ok(is_back())).await
    }

    /// Lets one network say nothing for longer than a connection without a word lives. It was seen
    /// once whoever used it has come back.
    pub(crate) async fn silence(&self, dice: &mut Dice) -> Result<bool> {
        let proxy = dice.pick(&self.proxies).context("there is a network")?;
        let before = proxy.accepted();
        proxy.freeze(true);
        tokio::time::sleep(too_long(dice)).await;
        proxy.freeze(false);
        self.see(async || Ok(proxy.accepted() > before)).await
    }

    fn accepted(&self) -> Vec<u64> {
        self.proxies.iter().map(TcpProxy::accepted).collect()
    }

    pub(crate) async fn restart(&mut self, dice: &mut Dice) -> Result<bool> {
        self.broker.stop().await?;
        tokio::time::sleep(dice.millis(0, 3_000)).await;
        self.broker.start_again().await?;
        Ok(true)
    }

    pub(crate) async fn crash(&mut self, dice: &mut Dice) -> Result<bool> {
        self.broker.kill().await?;
        tokio::time::sleep(dice.millis(0, 3_000)).await;
        self.broker.start_again().await?;
        Ok(true)
    }

    /// Deletes a queue and those for its retries, in which there is nothing, and waits until it is
    /// there again, bound and listened to. Says whether that came to be.
    pub(crate) async fn delete_queue(&self, dice: &mut Dice) -> Result<bool> {
        let group = dice.pick(&GROUPS).context("there is a group")?.name();
        let connection = self.connection().await?;
        let queues = self.queues().await?;
        let of_group = |queue: &&String| {
            queue.as_str() == group || queue.starts_with(&format!("{group}:retry-"))
        };
        let channel = connection.create_channel().await?;
        for queue in queues.keys().filter(of_group) {
            let options = QueueDeleteOptions::default();
            channel.queue_delete(queue.as_str().into(), options).await?;
        }
        self.see(async || Ok(consumers(&connection, group).await > 0)).await
    }

    /// See [`BAD_ACKS`].
    pub(crate) async fn close_channels(&self) -> Result<bool> {
        let closed = self.broker.ctl(&["eval", BAD_ACKS]).await?;
        Ok(closed.trim().parse::<u32>().is_ok_and(|closed| closed > 0))
    }

    pub(crate) async fn alarm(&self, bus: &AmqpBus, dice: &mut Dice) -> Result<bool> {
        self.broker.ctl(&["set_vm_memory_high_watermark", "0.000001"]).await?;
        let seen = self.says(bus, "takes no messages for now").await?;
        tokio::time::sleep(dice.millis(0, 4_000)).await;
        self.broker.ctl(&["set_vm_memory_high_watermark", "0.6"]).await?;
        Ok(seen)
    }

    pub(crate) async fn wrong_password(&self, bus: &AmqpBus, dice: &mut Dice) -> Result<bool> {
        self.broker.ctl(&["change_password", USER, "wr0ng"]).await?;
        self.broker.ctl(&["close_all_user_connections", USER, "torture"]).await?;
        let seen = self.says(bus, "check user, password and virtual host").await?;
        tokio::time::sleep(dice.millis(0, 2_000)).await;
        self.broker.ctl(&["change_password", USER, PASSWORD]).await?;
        Ok(seen)
    }

    /// Lets no more than one event wait in each queue for retries, and sees one that is full.
    pub(crate) async fn fill_retries(&self, dice: &mut Dice) -> Result<bool> {
        const FULL: &str = "{\"max-length\": 1, \"overflow\": \"reject-publish\"}";
        self.broker.ctl(&["set_policy", "full", ":retry-", FULL]).await?;
        let seen = self.see(async || {
            let queues = self.queues().await?;
            Ok(queues.iter().any(|(queue, depth)| queue.contains(":retry-") && *depth > 0))
        });
        let seen = seen.await?;
        tokio::time::sleep(dice.millis(1_000, 4_000)).await;
        self.broker.ctl(&["clear_policy", "full"]).await?;
        Ok(seen)
    }

    /// How many messages are in each queue.
    pub(crate) async fn queues(&self) -> Result<BTreeMap<String, u64>> {
        let words = ["list_queues", "--no-table-headers", "name", "messages"];
        let listed = self.broker.ctl(&words).await?;
        let queues = listed.lines().filter_map(|line| line.split_once('\t'));
        Ok(queues.map(|(name, depth)| (name.to_owned(), depth.parse().unwrap_or(0))).collect())
    }

    /// What brings messages to queues. Each queue is also bound to the exchange without a name, by
    /// being there; that is left out, since queues for retries come to be when an event first
    /// fails.
    pub(crate) async fn bindings(&self) -> Result<Vec<String>> {
        let words = [
            "list_bindings",
            "--no-table-headers",
            "source_name",
            "destination_name",
            "routing_key",
            "arguments",
        ];
        let listed = self.broker.ctl(&words).await?;
        let named = listed.lines().filter(|line| !line.starts_with('\t'));
        let mut named: Vec<_> = named.map(str::to_owned).collect();
        named.sort_unstable();
        Ok(named)
    }

    /// Returns once so many listen to each queue, and no more. Of those who listen to one that
    /// keeps an order, the broker counts the one whose turn it is.
    pub(crate) async fn has_consumers(&self, count: u32) -> Result<()> {
        let connection = self.connection().await?;
        let all = self.see(async || {
            let plain = consumers(&connection, Group::Plain.name()).await;
            let ordered = consumers(&connection, Group::Ordered.name()).await;
            Ok((plain, ordered) == (count, 1))
        });
        if all.await? { Ok(()) } else { bail!("not {count} consumers listen to each queue") }
    }

    /// Whether the bus says this of its health.
    async fn says(&self, bus: &AmqpBus, text: &str) -> Result<bool> {
        self.see(async || {
            let health = bus.health().await;
            let detail = health.detail.unwrap_or_default();
            Ok(health.status != HealthStatus::Up && detail.contains(text))
        })
        .await
    }

    /// Waits until it is so, and says whether that came to be.
    pub(crate) async fn see(&self, is_so: impl AsyncFn() -> Result<bool>) -> Result<bool> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if is_so().await? {
                return Ok(true);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(false)
    }
}

/// A time after which a connection without a word was given up.
pub(crate) fn too_long(dice: &mut Dice) -> Duration {
    dice.millis(HEARTBEAT * 3_000, HEARTBEAT * 5_000)
}

/// How many messages are in this queue.
pub(crate) async fn depth(connection: &Connection, queue: &str) -> u32 {
    look(connection, queue).await.map_or(0, |found| found.0)
}

/// How many listen to this queue.
async fn consumers(connection: &Connection, queue: &str) -> u32 {
    look(connection, queue).await.map_or(0, |found| found.1)
}

/// Nothing where there is no such queue: that ends the channel.
async fn look(connection: &Connection, queue: &str) -> lapin::Result<(u32, u32)> {
    let channel: Channel = connection.create_channel().await?;
    let passive = QueueDeclareOptions { passive: true, ..Default::default() };
    let found = channel.queue_declare(queue.into(), passive, FieldTable::default()).await?;
    channel.close(200, "".into()).await?;
    Ok((found.message_count(), found.consumer_count()))
}
