//! What is made anew keeps its messages, also those that come meanwhile.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use czo_eventbus_amqp::{Argument, QueueArguments};
use czo_testkit::TestBroker;
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Confirmation};
use tokio::join;

use crate::messages::{KEY, send, sender};
use crate::scene::{GROUP, Scene};

pub(crate) async fn a_queue_is_made_anew_with_its_messages_in_order(
    node: &TestBroker,
) -> Result<()> {
    const COUNT: usize = 1_000;
    let scene = Scene::set(node, "anew.", "quorum").await?;
    let ids: Vec<_> = (0..COUNT).map(|number| format!("{number:04}")).collect();
    scene.publish(&ids).await?;

    let (_connection, channel) = sender(node).await?;
    let meanwhile = apply_and_send(&scene, &channel, &scene.names.events, KEY).await?;

    let arrived = scene.ids().await?;
    let (later, before): (Vec<_>, Vec<_>) =
        arrived.into_iter().partition(|id| id.starts_with("meanwhile"));
    assert_eq!(before, ids);
    assert_eq!(later.into_iter().collect::<BTreeSet<_>>(), meanwhile);
    scene.assert_finished().await
}

pub(crate) async fn what_waits_for_its_next_attempt_meanwhile_is_not_lost(
    node: &TestBroker,
) -> Result<()> {
    let delay = Duration::from_millis(20);
    let scene = Scene::set_with(node, "retries.", "quorum", BTreeSet::from([delay])).await?;
    let retries = scene.names.retry_queue(&GROUP.parse()?, delay);
    let options = QueueDeclareOptions { durable: true, ..Default::default() };
    let table = table(&scene.topology.queues[&retries]);
    scene.channel.queue_declare(retries.as_str().into(), options, table).await?;

    let sent = apply_and_send(&scene, &scene.channel, "", &retries).await?;

    let mut arrived = BTreeSet::new();
    let deadline = Instant::now() + Duration::from_secs(20);
    while arrived.len() < sent.len() {
        let missing = sent.len() - arrived.len();
        ensure!(Instant::now() < deadline, "{missing} of {} did not come back", sent.len());
        for delivery in scene.take_all().await? {
            arrived.insert(String::from_utf8(delivery.data)?);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(arrived, sent);
    scene.assert_finished().await
}

/// Sends messages, one after the other, while the topology is applied. Returns what was sent.
async fn apply_and_send(
    scene: &Scene,
    channel: &Channel,
    exchange: &str,
    key: &str,
) -> Result<BTreeSet<String>> {
    let is_over = AtomicBool::new(false);
    let sending = async {
        let mut ids = BTreeSet::new();
        while !is_over.load(Ordering::Relaxed) {
            let id = format!("meanwhile-{:05}", ids.len());
            let word = send(channel, exchange, key, &id).await?.await?;
            ensure!(word == Confirmation::Ack(None), "{id}: {word:?}");
            ids.insert(id);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(ids)
    };
    let applying = async {
        let applied = scene.apply(&|_| Ok(())).await;
        is_over.store(true, Ordering::Relaxed);
        applied
    };
    let (sent, applied) = join!(sending, applying);
    applied?;
    let sent = sent.context("somebody who sends meanwhile fails")?;
    ensure!(sent.len() > 10, "only {} messages were sent meanwhile", sent.len());
    Ok(sent)
}

fn table(arguments: &QueueArguments) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        let value = match value {
            Argument::Flag(flag) => AMQPValue::Boolean(*flag),
            Argument::Number(number) => AMQPValue::LongLongInt(*number),
            Argument::Text(text) => AMQPValue::LongString(text.as_str().into()),
        };
        table.insert(name.as_str().into(), value);
    }
    table
}
