//! What the commands say, and what they leave alone.

use anyhow::{Context, Result};
use czo_eventbus_amqp::{Names, Topology};
use czo_testkit::TestBroker;
use futures_util::future::try_join_all;
use lapin::ExchangeKind;
use lapin::options::{BasicConsumeOptions, ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};

use crate::cli::Place;
use crate::messages::{KEY, bind, sender};
use crate::scene::{Scene, place, run, run_at};

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

pub(crate) async fn those_who_ask_first_and_at_once_are_answered(node: &TestBroker) -> Result<()> {
    let plans = try_join_all((0..8).map(|_| run(node, "plan --prefix first."))).await?;
    assert!(plans.iter().all(|(status, _)| *status == 2), "{plans:?}");
    Ok(())
}

pub(crate) async fn an_empty_broker_gets_everything_and_then_nothing_differs(
    node: &TestBroker,
) -> Result<()> {
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

pub(crate) async fn what_is_exported_can_be_imported(node: &TestBroker) -> Result<()> {
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

pub(crate) async fn a_pattern_that_was_given_up_is_unbound_and_nothing_else_touched(
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

pub(crate) async fn a_queue_that_is_listened_to_is_left_alone(node: &TestBroker) -> Result<()> {
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

pub(crate) async fn an_exchange_of_another_kind_is_left_alone(node: &TestBroker) -> Result<()> {
    let names = Names::prefixed("odd.")?;
    let (_connection, channel) = sender(node).await?;
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

pub(crate) async fn a_wrong_password_is_not_repeated(node: &TestBroker) -> Result<()> {
    let amqp = node.url().replace("guest:guest", "guest:hush");
    let management = Some(node.management_url().replace("guest:guest@", ""));
    let place = Place { amqp, management };
    let error = format!("{:#}", run_at(&place, "plan").await.unwrap_err());
    assert!(error.contains("does not let `guest` in"), "{error}");
    assert!(!error.contains("hush"), "{error}");
    Ok(())
}

pub(crate) async fn the_login_of_the_management_api_may_be_escaped(
    node: &TestBroker,
) -> Result<()> {
    let management = Some(node.management_url().replace("guest:guest", "gu%65st:%67uest"));
    let place = Place { amqp: node.url(), management };
    assert_eq!(run_at(&place, "plan --prefix escaped.").await?.0, 2);
    Ok(())
}
