//! The torture of the bus: a broker behind networks that break, one who publishes, consumers as
//! processes, and something that harms all of them.
//!
//! The truth is in the book of the conductor: what the bus has confirmed, and in which order the
//! handlers of which group had it. A handler waits until it is written down.

mod book;
mod crew;
mod harm;
mod hostile;
mod ledger;
mod part;
mod publish;
mod records;
mod stage;
mod watch;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use czo_core::{DeadContent, DeadLetterFilter, DeadLetters, EventBus};
use czo_eventbus_amqp::{AmqpBus, AmqpDeadLetters};
use czo_testkit::torture::Dice;
use tokio::sync::Mutex;

use self::book::{Book, GROUPS};
use self::crew::Crew;
use self::harm::Deck;
pub(crate) use self::harm::Harm;
pub(crate) use self::ledger::Ledger;
use self::ledger::{Letter, Sights};
use self::part::Part;
pub(crate) use self::part::play_if_asked;
use self::publish::Publishers;
use self::stage::Stage;
pub(crate) use self::watch::Progress;
use self::watch::{Phase, Watch};

/// How long it may take until what is confirmed was handled, once nothing is harmed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// How often connections are cut in the first part.
const CUT_EVERY: Duration = Duration::from_secs(2);

/// Messages of 50 MB that are done with fill the dead letters, which are looked at in the end.
const MOST_HUGE: u64 = 3;

/// What is tortured, for how long and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) duration: Duration,
    /// What is done to whom; when exactly is up to the machine.
    pub(crate) seed: u64,
    /// How many events a second are published, if the machine can.
    pub(crate) rate: u32,
    pub(crate) keys: u32,
    pub(crate) consumers: u32,
    /// For how long at first all connections are cut every two seconds.
    pub(crate) cuts: Duration,
    /// What is done after.
    pub(crate) harms: Vec<Harm>,
    /// What this program has to be called with to come to [`play_if_asked`].
    pub(crate) arguments: Vec<String>,
}

/// Everything that takes part.
struct Torture {
    plan: Plan,
    stage: Stage,
    crew: Arc<Mutex<Crew>>,
    book: Arc<Book>,
    bus: AmqpBus,
    publishers: Publishers,
    phase: Phase,
    dice: Dice,
    sights: Sights,
    started: Instant,
}

/// Tortures by `plan`, and compares what was confirmed with what was handled.
///
/// # Errors
///
/// When something of the torture itself does not work, when a consumer ends by itself, and when the
/// bus refuses an event for good. Lost events are no error but in the ledger.
pub(crate) async fn torture(plan: &Plan, progress: impl Fn(Progress)) -> Result<Ledger> {
    let stage = Stage::start(plan.consumers + 1).await?;
    // The last one is of other programs.
    let book = Arc::new(Book::new(plan.keys + 1));
    let records = records::listen(book.clone()).await?;
    let (own, of_consumers) = stage.proxies.split_first().context("there are networks")?;
    let parts = (0..).zip(of_consumers).map(|(number, proxy)| Part {
        number,
        seed: 0,
        url: stage.url(proxy),
        records,
    });
    let mut crew = Crew::new(parts.collect(), plan.arguments.clone(), &book);
    let mut dice = Dice::of(plan.seed, 1);
    crew.tick(&mut dice)?;
    stage.has_consumers(plan.consumers).await?;
    let sights = Sights { bindings_before: stage.bindings().await?, ..Sights::default() };
    let bus = AmqpBus::new(part::options(&stage.url(own))?);
    let publishers = Publishers::start(&bus, &book, plan.keys, plan.rate, plan.seed);
    let (crew, phase, started) = (Arc::new(Mutex::new(crew)), Phase::default(), Instant::now());
    let mut watch = Watch::new(&crew, &book, &phase, Dice::of(plan.seed, 2), started);
    let plan = plan.clone();
    let mut torture =
        Torture { plan, stage, crew, book, bus, publishers, phase, dice, sights, started };
    tokio::select! {
        ledger = torture.run() => ledger,
        error = watch.attend(&progress) => Err(error),
    }
}

impl Torture {
    async fn run(&mut self) -> Result<Ledger> {
        self.harm().await?;
        self.calm().await?;
        self.look().await?;
        self.leave().await?;
        Ok(Ledger::of(&self.book, &self.sights))
    }

    /// Harms everything until the time is over, and what there was to be time for was done.
    async fn harm(&mut self) -> Result<()> {
        while self.started.elapsed() < self.plan.cuts {
            self.attempt(Harm::Cut).await?;
            self.pause(CUT_EVERY).await?;
        }
        let time = self.plan.duration.saturating_sub(self.plan.cuts);
        let mut deck = Deck::new(&self.plan.harms, time, &mut self.dice);
        while self.started.elapsed() < self.plan.duration || deck.owes() {
            let Some(harm) = deck.next(&mut self.dice) else { break };
            if harm == Harm::Huge && self.times(harm) == MOST_HUGE {
                continue;
            }
            self.attempt(harm).await?;
            // What comes soon after meets what is not well yet.
            if self.dice.happens(600) {
                self.recover(harm).await;
            }
            let pause = self.dice.millis(100, 2_000);
            self.pause(pause).await?;
        }
        let missing = deck.due().iter().copied().filter(|harm| self.times(*harm) == 0);
        self.sights.missing = missing.collect();
        Ok(())
    }

    fn times(&self, harm: Harm) -> u64 {
        self.sights.harms.get(&harm).copied().unwrap_or_default()
    }

    async fn attempt(&mut self, harm: Harm) -> Result<()> {
        self.phase.harming(harm);
        let was_seen = self.inflict(harm).await.with_context(|| harm.name())?;
        if was_seen {
            *self.sights.harms.entry(harm).or_default() += 1;
        } else {
            self.sights.unseen.push(harm);
        }
        self.phase.harmed();
        Ok(())
    }

    /// Does it, and says whether it was seen to have happened.
    async fn inflict(&mut self, harm: Harm) -> Result<bool> {
        let Self { stage, dice, bus, .. } = self;
        match harm {
            Harm::Cut => stage.cut().await,
            Harm::Silence => stage.silence(dice).await,
            Harm::Restart => stage.restart(dice).await,
            Harm::Crash => stage.crash(dice).await,
            Harm::CloseChannels => stage.close_channels().await,
            Harm::MemoryAlarm => stage.alarm(bus, dice).await,
            Harm::WrongPassword => stage.wrong_password(bus, dice).await,
            Harm::FullRetries => stage.fill_retries(dice).await,
            Harm::KillConsumer => self.kill().await,
            Harm::DeleteQueue => self.delete_queue().await,
            Harm::FreezeConsumer => self.freeze().await,
            Harm::Malformed | Harm::WrongEnvelope | Harm::Huge | Harm::Foreign => {
                self.intrude(harm).await
            }
        }
    }

    /// A queue that is deleted takes with it what is in it, and what is published until it is there
    /// again is for nobody. So nobody publishes meanwhile, and all that is confirmed was handled
    /// before: whatever is lost after was lost by the bus.
    async fn delete_queue(&mut self) -> Result<bool> {
        let gate = self.publishers.gate();
        let _nobody = gate.write().await;
        if !self.stage.see(async || Ok(self.book.backlog() == 0)).await? {
            self.is_stuck("with nobody who publishes", &self.book.open());
            return Ok(false);
        }
        self.stage.delete_queue(&mut self.dice).await
    }

    async fn kill(&mut self) -> Result<bool> {
        let deadline = Instant::now() + PATIENCE;
        while !self.crew.lock().await.kill(&mut self.dice)? {
            if Instant::now() > deadline {
                return Ok(false);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(true)
    }

    /// It was seen when others went on, and whoever was frozen had to come back to the broker.
    async fn freeze(&mut self) -> Result<bool> {
        let deadline = Instant::now() + PATIENCE;
        let number = loop {
            match self.crew.lock().await.freeze(&mut self.dice)? {
                Some(number) => break number,
                None if Instant::now() > deadline => return Ok(false),
                None => tokio::time::sleep(PAUSE).await,
            }
        };
        let before = self.crew.lock().await.handled_without(number);
        tokio::time::sleep(stage::too_long(&mut self.dice)).await;
        let went_on = self.crew.lock().await.handled_without(number) > before;
        let network = &self.stage.proxies[usize::try_from(number)? + 1];
        let accepted = network.accepted();
        self.crew.lock().await.thaw(number)?;
        let came_back = self.stage.see(async || Ok(network.accepted() > accepted)).await?;
        Ok(went_on && came_back)
    }

    /// A message of another program was seen when it was a dead letter of each group, or handled.
    async fn intrude(&mut self, harm: Harm) -> Result<bool> {
        let Self { stage, book, plan, dice, .. } = self;
        let connection = stage.connection().await?;
        let exchange = stage.names.events.clone();
        hostile::publish(&connection, &exchange, harm, book, plan.keys, dice).await?;
        let expected = book.hostile();
        stage
            .see(async || {
                for group in GROUPS {
                    let queue = stage.names.dead_queue(&group.name().parse()?);
                    if stage::depth(&connection, &queue).await < expected {
                        return Ok(false);
                    }
                }
                Ok(book.is_handled(plan.keys))
            })
            .await
    }

    /// Waits until everything that is confirmed by now was handled.
    async fn recover(&mut self, harm: Harm) {
        let open = self.book.open();
        let deadline = Instant::now() + PATIENCE;
        while self.book.still_open(&open) > 0 {
            if Instant::now() > deadline {
                return self.is_stuck(&format!("after {}", harm.name()), &open);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn is_stuck(&mut self, when: &str, open: &[HashSet<book::Event>; 2]) {
        let left = self.book.still_open(open);
        let seconds = PATIENCE.as_secs();
        self.sights.stuck.push(format!("{when}: {left} handlings were missing for {seconds} s"));
    }

    /// Waits, unless somebody who publishes fails.
    async fn pause(&mut self, pause: Duration) -> Result<()> {
        tokio::select! {
            error = self.publishers.failed() => Err(error),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }

    /// Lets nobody publish anything new, and waits until what is confirmed was handled.
    async fn calm(&mut self) -> Result<()> {
        self.phase.calm();
        let ended = tokio::time::timeout(PATIENCE, self.publishers.end()).await;
        match ended {
            Ok(ended) => ended?,
            Err(_) => self.sights.stuck.push("who publishes is not confirmed".to_owned()),
        }
        if !self.stage.see(async || Ok(self.book.backlog() == 0)).await? {
            let open = self.book.open();
            self.is_stuck("in the end", &open);
            for (queue, depth) in self.stage.queues().await? {
                self.sights.stuck.push(format!("in the end {depth} messages are in {queue}"));
            }
        }
        Ok(())
    }

    /// Looks at what is on the broker in the end.
    async fn look(&mut self) -> Result<()> {
        self.stage.has_consumers(self.plan.consumers).await?;
        self.sights.bindings_after = self.stage.bindings().await?;
        let options = part::options(&self.stage.direct_url())?;
        for group in GROUPS {
            let letters = AmqpDeadLetters::new(options.clone(), [group.name().parse()?]);
            let found = letters.list(&DeadLetterFilter::all(), 10_000).await?;
            letters.close().await;
            self.sights.letters.extend(found.into_iter().map(|letter| Letter {
                group: group.name(),
                id: letter.event_id().map(|id| id.uuid()),
                is_event: matches!(letter.content, DeadContent::Event(_)),
                reason: letter.reason,
            }));
        }
        Ok(())
    }

    /// Everybody ends in good order.
    async fn leave(&mut self) -> Result<()> {
        self.crew.lock().await.dismiss();
        let crew = self.crew.clone();
        if !self.stage.see(async || Ok(crew.lock().await.is_gone())).await? {
            bail!("a consumer does not end");
        }
        self.bus.shutdown(PATIENCE).await.context("the bus does not end well")?;
        let kills = self.phase.kills();
        *self.sights.harms.entry(Harm::KillConsumer).or_default() += kills;
        Ok(())
    }
}
