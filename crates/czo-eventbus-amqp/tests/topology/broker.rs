//! What is made of the topology on a broker of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use czo_core::Group;
use czo_eventbus_amqp::{Argument, GroupWish, Interim, Names, Note, Topology};
use czo_testkit::TestBroker;
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt};
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicPublishOptions,
    BasicRecoverOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind,
    PublisherConfirm,
};
use tokio::sync::Notify;
use tokio::{join, select, try_join};

use crate::cli::{self, Command, Place, Step, Tool};

/// How long after a queue was unbound what was on its way to it has come, here.
const SETTLED: Duration = Duration::from_millis(30);

const GROUP: &str = "search.indexing";

const KEY: &str = "product.item.created";

/// One broker serves all of it: it takes longer to start than everything else together.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_gets_the_topology_and_loses_no_message() -> Result<()> {
    let node = TestBroker::options().management().start().await?;
    try_join!(
        an_empty_broker_gets_everything_and_then_nothing_differs(&node),
        what_is_exported_can_be_imported(&node),
        a_queue_is_made_anew_with_its_messages_in_order(&node),
        what_waits_for_its_next_attempt_meanwhile_is_not_lost(&node),
        a_run_that_ends_at_any_step_is_finished_by_the_next(&node),
        a_run_that_is_killed_while_it_moves_is_finished_by_the_next(&node),
        a_pattern_that_was_given_up_is_unbound_and_nothing_else_touched(&node),
        a_queue_that_is_listened_to_is_left_alone(&node),
        an_exchange_of_another_kind_is_left_alone(&node),
        a_wrong_password_is_not_repeated(&node),
    )?;
    Ok(())
}

#[tokio::test]
async fn without_a_management_api_the_error_says_how_to_get_one() -> Result<()> {
    let place = Place {
        amqp: "amqp://guest:hush@127.0.0.1:1/%2f".to_owned(),
        management: Some("http://127.0.0.1:1".to_owned()),
    };
    let error = run_at(&place, "plan").await.unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains("rabbitmq-plugins enable rabbitmq_management"), "{error}");
    assert!(error.contains("--management http://"), "{error}");
    assert!(!error.contains("hush"), "{error}");
    Ok(())
}

async fn an_empty_broker_gets_everything_and_then_nothing_differs(node: &TestBroker) -> Result<()> {
    let topology = Topology::of_the_system(&Names::prefixed("all.")?);
    let count = topology.exchanges.len() + topology.queues.len() + topology.bindings.len();

    let (status, said) = run(node, "plan --prefix all.").await?;
    assert_eq!(status, 2);
    assert!(said.ends_with(&format!("\n{count} changes\n")), "{said}");
    let refused = run(node, "apply --prefix all.").await.unwrap_err().to_string();
    assert!(refused.contains("--yes"), "{refused}");
    let (status, said) = run(node, "apply --prefix all. --yes").await?;
    assert_eq!(status, 0);
    assert!(said.ends_with("\napplied\n"), "{said}");
    assert_eq!(run(node, "plan --prefix all.").await?, (0, "nothing differs\n".to_owned()));
    let (status, json) = run(node, "plan --prefix all. --json").await?;
    let json: serde_json::Value = serde_json::from_str(&json)?;
    assert_eq!((status, json), (0, serde_json::json!({ "changes": [], "notes": [] })));
    Ok(())
}

async fn what_is_exported_can_be_imported(node: &TestBroker) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("definitions.json");
    let file = file.to_str().context("a path of text")?;
    run(node, &format!("export --prefix sent. --vhost sent --out {file}")).await?;
    node.ctl(&["import_definitions", file]).await?;
    let place = Place { amqp: node.url().replace("%2f", "sent"), ..place(node) };
    let nothing = (0, "nothing differs\n".to_owned());
    assert_eq!(run_at(&place, "plan --prefix sent.").await?, nothing);
    Ok(())
}

async fn a_queue_is_made_anew_with_its_messages_in_order(node: &TestBroker) -> Result<()> {
    const COUNT: usize = 1_000;
    let scene = Scene::set(node, "anew.", "quorum").await?;
    let ids: Vec<_> = (0..COUNT).map(|number| format!("{number:04}")).collect();
    scene.publish(&ids).await?;

    let is_over = AtomicBool::new(false);
    let meanwhile = async {
        let mut ids = BTreeSet::new();
        let (mut _connection, mut channel) = sender(node).await?;
        while !is_over.load(Ordering::Relaxed) {
            let id = format!("meanwhile-{:04}", ids.len());
            let word = async { send(&channel, &scene.names.events, KEY, &id).await?.await };
            match word.await {
                Ok(word) => {
                    ensure!(word == Confirmation::Ack(None), "{word:?}");
                    ids.insert(id);
                }
                // Some versions of the broker end a connection whose queue is just being deleted.
                // What it did not confirm is sent again.
                Err(_) => (_connection, channel) = sender(node).await?,
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(ids)
    };
    let applied = async {
        let applied = scene.apply(&|_| Ok(())).await;
        is_over.store(true, Ordering::Relaxed);
        applied
    };
    let (meanwhile, applied) = join!(meanwhile, applied);
    applied?;

    let arrived = scene.ids().await?;
    let (before, later): (Vec<_>, Vec<_>) =
        arrived.into_iter().partition(|id| !id.starts_with("meanwhile"));
    assert_eq!(before, ids);
    let later: BTreeSet<_> = later.into_iter().collect();
    assert_eq!(later, meanwhile?);
    scene.assert_finished().await
}

async fn what_waits_for_its_next_attempt_meanwhile_is_not_lost(node: &TestBroker) -> Result<()> {
    let delay = Duration::from_millis(20);
    let scene = Scene::set_with(node, "retries.", "quorum", BTreeSet::from([delay])).await?;
    let retries = scene.names.retry_queue(&GROUP.parse()?, delay);
    let declared = QueueDeclareOptions { durable: true, ..Default::default() };
    let mut table = FieldTable::default();
    for (name, value) in &scene.topology.queues[&retries] {
        let value = match value {
            Argument::Flag(flag) => AMQPValue::Boolean(*flag),
            Argument::Number(number) => AMQPValue::LongLongInt(*number),
            Argument::Text(text) => AMQPValue::LongString(text.as_str().into()),
        };
        table.insert(name.as_str().into(), value);
    }
    scene.channel.queue_declare(retries.as_str().into(), declared, table).await?;

    let is_over = AtomicBool::new(false);
    let sending = async {
        let mut ids = BTreeSet::new();
        while !is_over.load(Ordering::Relaxed) {
            let id = format!("{:05}", ids.len());
            let word = send(&scene.channel, "", &retries, &id).await?.await?;
            ensure!(word == Confirmation::Ack(None), "{word:?}");
            ids.insert(id);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(ids)
    };
    let applied = async {
        let applied = scene.apply(&|_| Ok(())).await;
        is_over.store(true, Ordering::Relaxed);
        applied
    };
    let (sent, applied) = join!(sending, applied);
    applied?;
    let (sent, mut arrived) = (sent?, BTreeSet::new());
    let deadline = Instant::now() + Duration::from_secs(20);
    while arrived.len() < sent.len() {
        let missing = sent.len() - arrived.len();
        ensure!(Instant::now() < deadline, "{missing} of {} did not come back", sent.len());
        for delivery in scene.take_all().await? {
            arrived.insert(String::from_utf8(delivery.data)?);
        }
    }
    ensure!(arrived == sent && arrived.len() > 10, "{arrived:?} of {sent:?}");
    scene.assert_finished().await
}

async fn a_run_that_ends_at_any_step_is_finished_by_the_next(node: &TestBroker) -> Result<()> {
    let scene = Scene::set(node, "steps.", "quorum").await?;
    scene.publish(&["only".to_owned()]).await?;
    let steps = AtomicUsize::new(0);
    scene
        .apply(&|_| {
            steps.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
        .await?;
    let steps = steps.into_inner();
    ensure!(steps > 10, "only {steps} steps");
    try_join_all((0..steps).map(|step| ends_at(node, step))).await?;
    Ok(())
}

async fn ends_at(node: &TestBroker, last: usize) -> Result<()> {
    let kind = ["quorum", "classic"][last % 2];
    let scene = Scene::set(node, &format!("step{last}."), kind).await?;
    let mut ids: Vec<_> = (0..20).map(|number| format!("{number:02}")).collect();
    scene.publish(&ids).await?;
    let steps = AtomicUsize::new(0);
    let report = |step: Step<'_>| {
        let is_last = steps.fetch_add(1, Ordering::Relaxed) == last;
        if is_last { bail!("ended after: {step}") } else { Ok(()) }
    };
    let ended = scene.apply(&report).await.unwrap_err().to_string();
    ensure!(ended.starts_with("ended after: "), "{ended}");

    // What is published now has to arrive too.
    ids.push("between".to_owned());
    scene.publish(&ids[20..]).await?;
    scene.apply_once_free().await.with_context(|| ended.clone())?;
    scene.assert_arrived(&ids).await.with_context(|| ended.clone())?;
    scene.assert_finished().await.context(ended)
}

async fn a_run_that_is_killed_while_it_moves_is_finished_by_the_next(
    node: &TestBroker,
) -> Result<()> {
    let scene = Scene::set(node, "killed.", "classic").await?;
    let ids: Vec<_> = (0..300).map(|number| format!("{number:03}")).collect();
    scene.publish(&ids).await?;
    let (moved, killed) = (AtomicUsize::new(0), Notify::new());
    let report = |step: Step<'_>| {
        let is_move = matches!(step, Step::Moved(..));
        if is_move && moved.fetch_add(1, Ordering::Relaxed) == 2 {
            killed.notify_one();
        }
        Ok(())
    };
    select! {
        biased;
        () = killed.notified() => {}
        applied = scene.apply(&report) => bail!("it was not killed: {applied:?}"),
    }
    scene.apply_once_free().await?;
    scene.assert_arrived(&ids).await?;
    scene.assert_finished().await
}

async fn a_pattern_that_was_given_up_is_unbound_and_nothing_else_touched(
    node: &TestBroker,
) -> Result<()> {
    let scene = Scene::set(node, "stale.", "quorum").await?;
    scene.apply(&|_| Ok(())).await?;
    let Scene { queue, names, channel, .. } = &scene;
    let mut arguments = FieldTable::default();
    arguments.insert("x-why".into(), AMQPValue::LongString("by hand".into()));
    bind(channel, queue, &names.events, "product.#", FieldTable::default()).await?;
    bind(channel, queue, &names.events, KEY, arguments).await?;
    let stranger = "stale.catalog.cache";
    let options = QueueDeclareOptions::default();
    channel.queue_declare(stranger.into(), options, FieldTable::default()).await?;
    bind(channel, stranger, &names.events, "product.#", FieldTable::default()).await?;

    let shown = scene.plan().await?;
    assert_eq!(
        shown,
        [
            "- binding stale.czo.events -> stale.search.indexing (product.#)",
            "- binding stale.czo.events -> stale.search.indexing (product.item.created), \
             x-why \"by hand\"",
            "  queue stale.catalog.cache, with no messages and no consumers, is not in the \
             topology; it stays",
            "  binding stale.elsewhere -> stale.search.indexing (product.item.created) is from an \
             exchange not in the topology; it stays",
        ]
    );
    scene.apply(&|_| Ok(())).await?;
    assert_eq!(scene.plan().await?, shown[2..]);
    Ok(())
}

async fn a_queue_that_is_listened_to_is_left_alone(node: &TestBroker) -> Result<()> {
    let scene = Scene::set(node, "busy.", "classic").await?;
    let (options, table) = (BasicConsumeOptions::default(), FieldTable::default());
    let channel = &scene.channel;
    let consumer =
        channel.basic_consume(scene.queue.as_str().into(), "busy".into(), options, table).await?;
    let before = scene.plan().await?;
    let error = scene.apply(&|_| Ok(())).await.unwrap_err().to_string();
    assert!(error.contains("has consumers (1)"), "{error}");
    assert_eq!(scene.plan().await?, before);
    drop(consumer);
    Ok(())
}

async fn an_exchange_of_another_kind_is_left_alone(node: &TestBroker) -> Result<()> {
    let names = Names::prefixed("odd.")?;
    let connection = connect(node).await?;
    let channel = connection.create_channel().await?;
    let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
    let events = names.events.as_str();
    channel
        .exchange_declare(events.into(), ExchangeKind::Direct, options, FieldTable::default())
        .await?;
    let error = run(node, "apply --prefix odd. --yes").await.unwrap_err().to_string();
    assert!(error.contains("odd.czo.events, delete it"), "{error}");
    let (_, plan) = run(node, "plan --prefix odd.").await?;
    assert!(plan.contains("! exchange odd.czo.events is direct, not topic"), "{plan}");
    assert!(plan.contains("+ exchange odd.czo.dlx (topic)"), "{plan}");
    Ok(())
}

async fn a_wrong_password_is_not_repeated(node: &TestBroker) -> Result<()> {
    let amqp = node.url().replace("guest:guest", "guest:hush");
    let management = Some(node.management_url().replace("guest:guest@", ""));
    let place = Place { amqp, management };
    let error = format!("{:#}", run_at(&place, "plan").await.unwrap_err());
    assert!(error.contains("does not let `guest` in"), "{error}");
    assert!(!error.contains("hush"), "{error}");
    Ok(())
}

/// A topology of one group, whose queue is there with other arguments.
struct Scene<'n> {
    node: &'n TestBroker,
    names: Names,
    topology: Topology,
    queue: String,
    channel: Channel,
    /// A foreign exchange that the queue is bound to, too.
    foreign: String,
    _connection: Connection,
}

impl<'n> Scene<'n> {
    async fn set(node: &'n TestBroker, prefix: &str, kind: &str) -> Result<Self> {
        Self::set_with(node, prefix, kind, BTreeSet::new()).await
    }

    async fn set_with(
        node: &'n TestBroker,
        prefix: &str,
        kind: &str,
        retries: BTreeSet<Duration>,
    ) -> Result<Self> {
        let names = Names::prefixed(prefix)?;
        let group: Group = GROUP.parse()?;
        let queue = names.queue(&group);
        let mut wish = GroupWish::new(group, ["product.item.*".parse()?]);
        wish.retries = retries;
        let topology = Topology::exchanges(&names).with(&names, &wish);
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
        Ok(Self { node, names, topology, queue, channel, foreign, _connection: connection })
    }

    fn tool(&self) -> Result<Tool> {
        let Place { amqp, management } = place(self.node);
        let mut tool = Tool::new(self.topology.clone(), &amqp, management.as_deref())?;
        tool.settled = SETTLED;
        Ok(tool)
    }

    async fn plan(&self) -> Result<Vec<String>> {
        let (_, difference) = self.tool()?.plan().await?;
        Ok(difference.to_string().lines().map(str::to_owned).collect())
    }

    async fn apply(&self, report: cli::Report<'_>) -> Result<()> {
        let tool = self.tool()?;
        let (live, difference) = tool.plan().await?;
        tool.apply(&live, &difference, report).await
    }

    /// Applies as soon as the broker has noticed the end of the run before.
    async fn apply_once_free(&self) -> Result<()> {
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
    async fn publish(&self, ids: &[String]) -> Result<()> {
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
    async fn ids(&self) -> Result<Vec<String>> {
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

    /// All messages in the queue.
    async fn take_all(&self) -> Result<Vec<Delivery>> {
        let queue = self.queue.as_str();
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        let table = FieldTable::default();
        let count = self.channel.queue_declare(queue.into(), options, table).await?;
        let (options, table) = (BasicConsumeOptions::default(), FieldTable::default());
        let all = self.channel.basic_consume(queue.into(), "all".into(), options, table).await?;
        let count = usize::try_from(count.message_count())?;
        let all: Vec<_> = all.take(count).try_collect().await?;
        for delivery in &all {
            delivery.ack(BasicAckOptions::default()).await?;
        }
        self.channel.basic_cancel("all".into(), BasicCancelOptions::default()).await?;
        // What came after the count.
        self.channel.basic_recover(BasicRecoverOptions { requeue: true }).await?;
        Ok(all)
    }

    /// All of them, in their order, perhaps with some twice.
    async fn assert_arrived(&self, ids: &[String]) -> Result<()> {
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
    async fn assert_finished(&self) -> Result<()> {
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

async fn send(
    channel: &Channel,
    exchange: &str,
    key: &str,
    id: &str,
) -> lapin::Result<PublisherConfirm> {
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let (exchange, key, body) = (exchange.into(), key.into(), id.as_bytes());
    channel.basic_publish(exchange, key, options, body, properties(id)).await
}

/// With one of everything that could get lost.
fn properties(id: &str) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("x-event-version".into(), AMQPValue::LongLongInt(3));
    headers.insert("x-event-source".into(), AMQPValue::LongString("catalog".into()));
    headers.insert("x-flag".into(), AMQPValue::Boolean(true));
    // Would bring a copy elsewhere if a move went through the exchange without a name.
    let elsewhere = vec![AMQPValue::LongString("elsewhere".into())];
    headers.insert("CC".into(), AMQPValue::FieldArray(elsewhere.into()));
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(2)
        .with_priority(4)
        .with_correlation_id(format!("correlation-{id}").into())
        .with_message_id(id.into())
        .with_timestamp(1_700_000_000)
        .with_type(KEY.into())
        .with_app_id("czo".into())
        .with_headers(headers)
}

async fn bind(
    channel: &Channel,
    queue: &str,
    exchange: &str,
    key: &str,
    arguments: FieldTable,
) -> Result<()> {
    let options = QueueBindOptions::default();
    Ok(channel.queue_bind(queue.into(), exchange.into(), key.into(), options, arguments).await?)
}

async fn connect(node: &TestBroker) -> Result<Connection> {
    Ok(Connection::connect(&node.url(), ConnectionProperties::default()).await?)
}

/// A channel on which the broker confirms.
async fn sender(node: &TestBroker) -> Result<(Connection, Channel)> {
    let connection = connect(node).await?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok((connection, channel))
}

fn place(node: &TestBroker) -> Place {
    Place { amqp: node.url(), management: Some(node.management_url()) }
}

async fn run(node: &TestBroker, arguments: &str) -> Result<(u8, String)> {
    run_at(&place(node), arguments).await
}

/// The exit status and what was printed.
async fn run_at(place: &Place, arguments: &str) -> Result<(u8, String)> {
    let words = std::iter::once("topology").chain(arguments.split(' '));
    let command = Command::try_parse_from(words)?;
    let mut out = Vec::new();
    let status = cli::run(&command, Some(place), &mut out, &|_| Ok(())).await?;
    Ok((status, String::from_utf8(out)?))
}
