//! A broker that has something else than what is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Parser;
use czo_core::Group;
use czo_eventbus_amqp::{GroupWish, Interim, Names, Note, Topology};
use czo_testkit::TestBroker;
use lapin::message::Delivery;
use lapin::options::{BasicGetOptions, ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Confirmation, Connection, ExchangeKind};

use crate::cli::{self, Command, Place, Tool};
use crate::messages::{KEY, bind, properties, send, sender};

/// How long after a queue was unbound what was on its way to it has come, here.
const SETTLED: Duration = Duration::from_millis(30);

pub(crate) const GROUP: &str = "search.indexing";

/// A topology of one group, whose queue is there with other arguments.
pub(crate) struct Scene {
    pub(crate) place: Place,
    pub(crate) names: Names,
    pub(crate) topology: Topology,
    pub(crate) queue: String,
    pub(crate) channel: Channel,
    /// A foreign exchange that the queue is bound to, too.
    foreign: String,
    _connection: Connection,
}

impl Scene {
    pub(crate) async fn set(node: &TestBroker, prefix: &str, kind: &str) -> Result<Self> {
        Self::set_with(node, prefix, kind, BTreeSet::new()).await
    }

    pub(crate) async fn set_with(
        node: &TestBroker,
        prefix: &str,
        kind: &str,
        retries: BTreeSet<Duration>,
    ) -> Result<Self> {
        let names = Names::prefixed(prefix)?;
        let queue = names.queue(&GROUP.parse()?);
        let (connection, channel) = sender(node).await?;
        let foreign = format!("{prefix}elsewhere");
        for (name, kind) in [(&names.events, ExchangeKind::Topic), (&foreign, ExchangeKind::Direct)]
        {
            let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
            let table = FieldTable::default();
            channel.exchange_declare(name.as_str().into(), kind, options, table).await?;
        }
        let mut table = FieldTable::default();
        table.insert("x-queue-type".into(), AMQPValue::LongString(kind.into()));
        table.insert("x-max-length".into(), AMQPValue::LongLongInt(1_000_000));
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        channel.queue_declare(queue.as_str().into(), options, table).await?;
        bind(&channel, &queue, &names.events, "product.item.*", FieldTable::default()).await?;
        bind(&channel, &queue, &foreign, KEY, FieldTable::default()).await?;
        let topology = wanted(&names, retries)?;
        let place = place(node);
        Ok(Self { place, names, topology, queue, channel, foreign, _connection: connection })
    }

    pub(crate) fn tool(&self) -> Result<Tool> {
        tool(&self.place, self.topology.clone())
    }

    pub(crate) async fn plan(&self) -> Result<Vec<String>> {
        let (_, difference) = self.tool()?.plan().await?;
        Ok(difference.to_string().lines().map(str::to_owned).collect())
    }

    pub(crate) async fn apply(&self, report: cli::Report<'_>) -> Result<()> {
        apply(&self.tool()?, report).await
    }

    /// Applies as soon as the broker has noticed the end of the run before.
    pub(crate) async fn apply_once_free(&self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            match self.apply(&|_| Ok(())).await {
                Err(error) if error.to_string().contains("has consumers") => {
                    ensure!(Instant::now() < deadline, "{error}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Publishes events, every other one through the foreign exchange; each must find a queue.
    pub(crate) async fn publish(&self, ids: &[String]) -> Result<()> {
        let mut confirms = Vec::with_capacity(ids.len());
        for (number, id) in ids.iter().enumerate() {
            let exchange = [&self.names.events, &self.foreign][number % 2].as_str();
            confirms.push(send(&self.channel, exchange, KEY, id).await?);
        }
        for confirm in confirms {
            ensure!(confirm.await? == Confirmation::Ack(None), "it was not taken");
        }
        Ok(())
    }

    /// The ids of all events in the queue, which are as they were published.
    pub(crate) async fn ids(&self) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        for delivery in self.take_all().await? {
            let id = String::from_utf8(delivery.data)?;
            // The broker's own header says that nobody had it before.
            let mut expected = properties(&id).headers().clone().unwrap_or_default();
            let found = delivery.properties.headers().clone().unwrap_or_default();
            if found.contains_key("x-delivery-count") {
                expected.insert("x-delivery-count".into(), AMQPValue::LongLongInt(0));
            }
            assert_eq!(delivery.properties, properties(&id).with_headers(expected));
            assert_eq!(delivery.routing_key.as_str(), KEY);
            ids.push(id);
        }
        Ok(ids)
    }

    /// Takes all messages out of the queue.
    pub(crate) async fn take_all(&self) -> Result<Vec<Delivery>> {
        let mut all = Vec::new();
        let options = BasicGetOptions { no_ack: true };
        while let Some(next) = self.channel.basic_get(self.queue.as_str().into(), options).await? {
            all.push(next.delivery);
        }
        Ok(all)
    }

    /// All of them, in their order, perhaps with some twice.
    pub(crate) async fn assert_arrived(&self, ids: &[String]) -> Result<()> {
        let mut first = BTreeMap::new();
        for (place, id) in self.ids().await?.into_iter().enumerate() {
            first.entry(id).or_insert(place);
        }
        let mut arrived: Vec<_> = first.into_iter().collect();
        arrived.sort_by_key(|(_, place)| *place);
        let arrived: Vec<_> = arrived.into_iter().map(|(id, _)| id).collect();
        ensure!(arrived == ids, "expected {ids:?}, not {arrived:?}");
        Ok(())
    }

    /// Nothing differs, and nothing is left of the way there.
    pub(crate) async fn assert_finished(&self) -> Result<()> {
        let (live, difference) = self.tool()?.plan().await?;
        ensure!(difference.is_empty(), "{difference}");
        let foreign = difference.notes.iter().all(|note| matches!(note, Note::OtherBinding(_)));
        ensure!(foreign && difference.notes.len() == 1, "{difference}");
        let Interim { queue, aside, back, .. } = Interim::of(&self.queue);
        ensure!(!live.queues.contains_key(&queue), "{queue} is still there");
        ensure!(!live.exchanges.contains_key(&aside), "{aside} is still there");
        ensure!(!live.exchanges.contains_key(&back), "{back} is still there");
        Ok(())
    }
}

/// What one group wants.
pub(crate) fn wanted(names: &Names, retries: BTreeSet<Duration>) -> Result<Topology> {
    let group: Group = GROUP.parse()?;
    let mut wish = GroupWish::new(group, ["product.item.*".parse()?]);
    wish.retries = retries;
    Ok(Topology::exchanges(names).with(names, &wish))
}

pub(crate) fn tool(place: &Place, topology: Topology) -> Result<Tool> {
    let mut tool = Tool::new(topology, &place.amqp, place.management.as_deref())?;
    tool.settled = SETTLED;
    Ok(tool)
}

pub(crate) async fn apply(tool: &Tool, report: cli::Report<'_>) -> Result<()> {
    let (live, difference) = tool.plan().await?;
    tool.apply(&live, &difference, report).await
}

pub(crate) fn place(node: &TestBroker) -> Place {
    Place { amqp: node.url(), management: Some(node.management_url()) }
}

pub(crate) async fn run(node: &TestBroker, arguments: &str) -> Result<(u8, String)> {
    run_at(&place(node), arguments).await
}

/// The exit status and what was printed.
pub(crate) async fn run_at(place: &Place, arguments: &str) -> Result<(u8, String)> {
    let words = std::iter::once("topology").chain(arguments.split(' '));
    let command = Command::try_parse_from(words)?;
    let mut out = Vec::new();
    let status = cli::run(&command, Some(place), &mut out, &|_| Ok(())).await?;
    Ok((status, String::from_utf8(out)?))
}
