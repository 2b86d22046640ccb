//! The torture of the cache: nodes that read and write, a Redis, networks between them, and something
//! that harms all of them.

mod ledger;
mod node;
mod proxy;
mod server;
mod truth;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use czo_testkit::torture::Dice;
use tokio::task::{JoinSet, block_in_place};

pub(crate) use self::ledger::Figures;
use self::ledger::Ledger;
use self::node::Node;
use self::server::Server;
use self::truth::Truth;

/// How long a read may take: what it waits for Redis, for another node that loads, and for its own
/// load, on a machine that does much else.
const BUDGET: Duration = Duration::from_millis(2_500);

/// How long a writer may take from its commit until Redis is told.
const TELLING: Duration = Duration::from_millis(250);

/// How long it may take until all nodes are linked again.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is tortured, for how long and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) duration: Duration,
    /// What is done to whom; when exactly is up to the machine.
    pub(crate) seed: u64,
    pub(crate) nodes: usize,
    /// How many read at once at each node.
    pub(crate) readers: usize,
    /// How many write at once at each node.
    pub(crate) writers: usize,
    /// For how long memory may show what another node has invalidated.
    pub(crate) bound: Duration,
}

/// How it went.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) figures: Figures,
    /// Some of what was wrong.
    pub(crate) examples: Vec<String>,
}

/// What is done to Redis or to a network.
#[derive(Clone, Copy, Debug)]
enum Harm {
    /// Redis answers nothing for a while.
    Freeze,
    /// Redis is killed, and starts with what it had saved: older than what it had last.
    Crash,
    Empty,
    /// Those who hear notices lose their connections.
    CutListeners,
    /// A node's connections end, in the middle of an answer.
    Reset,
    /// A node can't reach Redis for a while.
    Cut,
    /// A node's network takes two seconds each way.
    Slow,
    /// A node hears late of what others invalidate, and is answered in time whatever it asks.
    SlowNotices,
}

impl Harm {
    /// Whether a node can't tell the others in time: then these can't know.
    fn keeps_from_telling(self) -> bool {
        !matches!(self, Self::SlowNotices)
    }
}

const HARMS: [Harm; 8] = [
    Harm::Freeze,
    Harm::Crash,
    Harm::Empty,
    Harm::CutListeners,
    Harm::Reset,
    Harm::Cut,
    Harm::Slow,
    Harm::SlowNotices,
];

/// Tortures by `plan`, and says what the reads saw.
///
/// # Errors
///
/// When something of the torture itself does not work. Reads that see what they must not are no error
/// but in the figures.
pub(crate) async fn torture(plan: &Plan, progress: impl Fn(Duration, &Figures)) -> Result<Outcome> {
    let mut server = block_in_place(Server::start)?;
    let truth = Arc::new(Truth::new());
    let ledger = Arc::new(Ledger::new(plan.bound + TELLING, BUDGET));
    let mut nodes = Vec::new();
    for number in 0..plan.nodes {
        let (truth, ledger) = (truth.clone(), ledger.clone());
        nodes.push(Node::start(number, server.port(), plan.bound, truth, ledger).await?);
    }
    all_linked(&nodes).await?;
    let mut at_work = JoinSet::new();
    for (number, node) in nodes.iter().enumerate() {
        for reader in 0..plan.readers {
            let mut dice = Dice::of(plan.seed, u64::try_from(number * 1_000 + reader)?);
            let node = node.clone();
            at_work.spawn(async move {
                loop {
                    node.read(&mut dice).await;
                    tokio::time::sleep(dice.millis(0, 4)).await;
                }
            });
        }
        for writer in 0..plan.writers {
            let mut dice = Dice::of(plan.seed, u64::try_from(number * 1_000 + 999 - writer)?);
            let node = node.clone();
            at_work.spawn(async move {
                loop {
                    node.write(&mut dice).await;
                    tokio::time::sleep(dice.millis(0, 60)).await;
                }
            });
        }
    }
    let mut dice = Dice::of(plan.seed, u64::MAX);
    let began = Instant::now();
    while began.elapsed() < plan.duration {
        pause(dice.millis(500, 3_000), began, &ledger, &progress).await;
        let harm = *dice.pick(&HARMS).context("there is something to do")?;
        let node = usize::try_from(dice.below(u32::try_from(nodes.len())?))?;
        ledger.harmed(harm.keeps_from_telling());
        harm_one(harm, &mut server, &nodes[node], &mut dice).await?;
        all_linked(&nodes).await.with_context(|| format!("after {harm:?}"))?;
        ledger.mended();
    }
    // Calm at last: what is still stale now stays so.
    pause(plan.bound.mul_f64(1.5), began, &ledger, &progress).await;
    ensure!(!at_work.is_empty(), "nobody reads");
    // They never end by themselves.
    if let Some(ended) = at_work.try_join_next() {
        ended.context("a reader or a writer panicked")?;
    }
    at_work.shutdown().await;
    Ok(Outcome { figures: ledger.figures(), examples: ledger.examples() })
}

async fn harm_one(harm: Harm, server: &mut Server, node: &Node, dice: &mut Dice) -> Result<()> {
    match harm {
        Harm::Freeze => {
            server.freeze(true)?;
            tokio::time::sleep(dice.millis(50, 3_000)).await;
            server.freeze(false)?;
        }
        Harm::Crash => {
            block_in_place(|| server.save())?;
            // What comes now is lost.
            tokio::time::sleep(dice.millis(0, 500)).await;
            block_in_place(|| server.crash())?;
        }
        Harm::Empty => block_in_place(|| server.empty())?,
        Harm::CutListeners => block_in_place(|| server.cut_listeners())?,
        Harm::Reset => node.proxy.cut(false),
        Harm::Cut => {
            node.proxy.cut(true);
            tokio::time::sleep(dice.millis(50, 3_000)).await;
            node.proxy.mend();
        }
        Harm::Slow => {
            node.proxy.delay(Duration::from_secs(2));
            tokio::time::sleep(dice.millis(500, 5_000)).await;
            node.proxy.mend();
        }
        Harm::SlowNotices => {
            node.proxy.delay_notices(dice.millis(50, 5_000));
            tokio::time::sleep(dice.millis(500, 5_000)).await;
            node.proxy.mend();
        }
    }
    Ok(())
}

async fn all_linked(nodes: &[Node]) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    // A session whose connection was cut just now does not know it yet.
    let mut linked_since = None;
    while linked_since.is_none_or(|since: Instant| since.elapsed() < Duration::from_millis(300)) {
        ensure!(Instant::now() < deadline, "not all nodes are linked again");
        match nodes.iter().all(Node::is_linked) {
            true => linked_since = linked_since.or_else(|| Some(Instant::now())),
            false => linked_since = None,
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

async fn pause(
    duration: Duration,
    began: Instant,
    ledger: &Ledger,
    progress: &impl Fn(Duration, &Figures),
) {
    let until = Instant::now() + duration;
    while Instant::now() < until {
        progress(began.elapsed(), &ledger.figures());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
