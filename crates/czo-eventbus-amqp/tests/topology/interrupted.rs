//! A run that ends half way loses nothing, and the next one finishes it.

use std::collections::BTreeSet;
use std::env;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use czo_eventbus_amqp::Names;
use czo_testkit::{TcpProxy, TestBroker};
use futures_util::future::try_join_all;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::cli::{Place, Step};
use crate::scene::{Scene, apply, tool, wanted};

/// Tells the test binary that it is the child: the URLs of the broker, and what names begin with.
const CHILD: &str = "CZO_TOPOLOGY_TEST_CHILD";

/// What the child says first of each step.
const STEP: &str = "step: ";

/// What the child does: it applies, says each step, and is killed.
#[tokio::test]
async fn a_child_that_applies_until_it_is_killed() -> Result<()> {
    let Ok(what) = env::var(CHILD) else { return Ok(()) };
    let words: Vec<_> = what.split(' ').map(str::to_owned).collect();
    let [amqp, management, prefix] = <[String; 3]>::try_from(words).unwrap();
    let place = Place { amqp, management: Some(management) };
    let wanted = wanted(&Names::prefixed(&prefix)?, BTreeSet::new())?;
    let report = |step: Step<'_>| {
        println!("{STEP}{step}");
        Ok(())
    };
    apply(&tool(&place, wanted)?, &report).await
}

pub(crate) async fn a_run_that_ends_at_any_step_is_finished_by_the_next(
    node: &TestBroker,
) -> Result<()> {
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

/// After which steps: before, in between and after the messages of two queues are moved.
pub(crate) async fn a_process_that_is_killed_is_finished_by_the_next(
    node: &TestBroker,
) -> Result<()> {
    try_join_all([1, 3, 5, 7, 9, 11, 13, 15].map(|steps| is_killed_after(node, steps))).await?;
    Ok(())
}

async fn is_killed_after(node: &TestBroker, steps: usize) -> Result<()> {
    let prefix = format!("killed{steps}.");
    let kind = if steps % 4 == 1 { "quorum" } else { "classic" };
    let scene = Scene::set(node, &prefix, kind).await?;
    let mut ids: Vec<_> = (0..200).map(|number| format!("{number:03}")).collect();
    scene.publish(&ids).await?;
    let Place { amqp, management } = &scene.place;
    let management = management.as_deref().unwrap_or_default();
    let mut child = Command::new(env::current_exe()?)
        .args(["interrupted::a_child_that_applies_until_it_is_killed", "--exact", "--nocapture"])
        .env(CHILD, format!("{amqp} {management} {prefix}"))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
    let mut last = String::new();
    for _ in 0..steps {
        while !last.contains(STEP) {
            last = lines.next_line().await?.context("the child ended by itself")?;
        }
        last = last.split_off(last.find(STEP).unwrap() + STEP.len());
    }
    // SIGKILL: it can do nothing more.
    child.kill().await?;

    let killed = format!("killed after: {last}");
    ids.push("between".to_owned());
    scene.publish(&ids[200..]).await?;
    scene.apply_once_free().await.with_context(|| killed.clone())?;
    scene.assert_arrived(&ids).await.with_context(|| killed.clone())?;
    scene.assert_finished().await.context(killed)
}

pub(crate) async fn a_broker_that_falls_silent_is_named_with_what_it_was_asked(
    node: &TestBroker,
) -> Result<()> {
    let scene = Scene::set(node, "silent.", "classic").await?;
    let ids: Vec<_> = (0..20).map(|number| format!("{number:02}")).collect();
    scene.publish(&ids).await?;
    let proxy = TcpProxy::start(node.port()).await?;
    let port = |port: u16| format!(":{port}/");
    let amqp = scene.place.amqp.replace(&port(node.port()), &port(proxy.port()));
    let mut tool = tool(&Place { amqp, ..scene.place.clone() }, scene.topology.clone())?;
    tool.patience = Duration::from_secs(3);
    let report = |step: Step<'_>| {
        proxy.freeze(step.to_string().ends_with("what is published goes there too"));
        Ok(())
    };
    let error = format!("{:#}", apply(&tool, &report).await.unwrap_err());
    let expected = "cannot unbind queue silent.search.indexing from silent.czo.events \
                    (product.item.*): no answer from the broker within 3s";
    ensure!(error.starts_with(expected), "{error}");

    proxy.cut().await;
    scene.apply_once_free().await?;
    scene.assert_arrived(&ids).await?;
    scene.assert_finished().await
}
