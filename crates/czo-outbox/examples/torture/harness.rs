//! The torture of the outbox: relays, writers and consumers as processes, a broker, a database,
//! and something that harms all of them.
//!
//! The truth is in the database. Each writer changes an aggregate, publishes the event that it
//! did and notes the event's id, in one transaction; so an id in the table is an event that has
//! to arrive, and any other must not.

mod broker;
mod bus;
mod consumer;
mod crew;
mod ledger;
mod part;
mod postgres;
mod tables;
mod wire;
mod writer;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chrono::Utc;
use czo_repo::{Database, DatabaseOptions};
use czo_testkit::torture::Dice;
use tempfile::TempDir;

use self::broker::Broker;
use self::crew::Crew;
pub(crate) use self::ledger::Ledger;
pub(crate) use self::part::play_if_asked;
use self::part::{Part, Role};
use self::postgres::Postgres;

/// How long a relay's beat may stand still: short, so that takeovers are frequent.
const LEASE: Duration = Duration::from_millis(1_500);

/// How long it may take until all has arrived, once nothing is harmed any more.
const PATIENCE: Duration = Duration::from_secs(90);

/// How often is looked what is due.
const TICK: Duration = Duration::from_millis(50);

/// What is tortured, for how long and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) duration: Duration,
    /// What is done to whom; when exactly is up to the machine.
    pub(crate) seed: u64,
    pub(crate) relays: u32,
    pub(crate) writers: u32,
    pub(crate) consumers: u32,
    /// How often the server crashes, where there is one.
    pub(crate) crash_every: Duration,
    /// What this program has to be called with to come to [`play_if_asked`].
    pub(crate) arguments: Vec<String>,
}

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A server of its own, which crashes now and then.
    Postgres,
    /// A file.
    Sqlite,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    pub(crate) elapsed: Duration,
    pub(crate) arrivals: usize,
    pub(crate) kills: u64,
    pub(crate) crashes: u64,
    /// Nothing is harmed any more, and what is left is to arrive.
    pub(crate) is_draining: bool,
}

/// Where the database is.
#[derive(Debug)]
enum Place {
    Server(Postgres),
    Folder(TempDir),
}

impl Place {
    fn new(kind: Kind) -> Result<Self> {
        Ok(match kind {
            Kind::Postgres => Self::Server(Postgres::start()?),
            Kind::Sqlite => Self::Folder(tempfile::tempdir()?),
        })
    }

    fn url(&self) -> String {
        match self {
            Self::Server(server) => server.url(),
            Self::Folder(folder) => format!("sqlite://{}/torture.db", folder.path().display()),
        }
    }

    async fn open(&self) -> Result<Database> {
        let options = DatabaseOptions::new(self.url().parse()?).max_connections(3);
        let deadline = Instant::now() + PATIENCE;
        loop {
            match Database::connect(&options).await {
                Ok(database) => return Ok(database),
                Err(_) if Instant::now() < deadline => tokio::time::sleep(TICK).await,
                Err(error) => {
                    let said = match self {
                        Self::Server(server) => server.last_words(),
                        Self::Folder(_) => String::new(),
                    };
                    return Err(error).context(format!("the database does not start: {said}"));
                }
            }
        }
    }
}

/// Everything that takes part.
struct Torture {
    plan: Plan,
    place: Place,
    database: Database,
    broker: Broker,
    crew: Crew,
    dice: Dice,
    started: Instant,
    crashes: u64,
    outages: u64,
}

/// Tortures by `plan`, and compares what was sent with what arrived.
///
/// # Errors
///
/// When something of the torture itself does not work, and when a relay or a consumer ends by
/// itself. Lost events are no error but in the ledger.
pub(crate) async fn torture(plan: &Plan, progress: impl Fn(Progress)) -> Result<Ledger> {
    let place = Place::new(plan.kind)?;
    let database = place.open().await?;
    tables::create(&database).await?;
    let broker = Broker::start(plan.seed).await?;
    let crew = Crew::new(plan.parts(&place.url(), &broker), plan.arguments.clone());
    let mut torture = Torture {
        plan: plan.clone(),
        place,
        database,
        broker,
        crew,
        dice: Dice::of(plan.seed, 1),
        started: Instant::now(),
        crashes: 0,
        outages: 0,
    };
    torture.harm(&progress).await?;
    torture.calm(&progress).await?;
    torture.ledger().await
}

impl Plan {
    fn parts(&self, database: &str, broker: &Broker) -> Vec<Part> {
        let set_back_at = Utc::now() + self.duration / 2;
        let part = |role, number| Part {
            role,
            number,
            seed: 0,
            database: database.to_owned(),
            broker: broker.address(),
            lease: LEASE,
            set_back_at,
        };
        let kinds = [
            (Role::Relay, self.relays),
            (Role::Writer, self.writers),
            (Role::Consumer, self.consumers),
        ];
        kinds.iter().flat_map(|(role, all)| (0..*all).map(|number| part(*role, number))).collect()
    }
}

impl Torture {
    /// Harms everything until the time is over.
    async fn harm(&mut self, progress: &impl Fn(Progress)) -> Result<()> {
        let end = self.started + self.plan.duration;
        let mut next_strike = self.started + Duration::from_secs(2);
        let mut next_crash = self.started + self.plan.crash_every;
        let mut outage_ends = None;
        loop {
            let now = Instant::now();
            if now >= end {
                return Ok(());
            }
            self.crew.tick(&mut self.dice)?;
            if outage_ends.is_some_and(|ends| ends <= now) {
                self.broker.set_out(false);
                outage_ends = None;
            }
            if next_strike <= now {
                next_strike = now + self.dice.millis(300, 2_000);
                match self.dice.below(100) {
                    0..10 => {
                        // Without a database there is no poison either.
                        let _ = tables::poison(&self.database, &mut self.dice).await;
                    }
                    10..15 if outage_ends.is_none() => {
                        self.broker.set_out(true);
                        self.outages += 1;
                        outage_ends = Some(now + self.dice.millis(200, 2_000));
                    }
                    _ => self.crew.strike(&mut self.dice, LEASE)?,
                }
            }
            if next_crash <= now
                && let Place::Server(server) = &mut self.place
            {
                tokio::task::block_in_place(|| server.crash())?;
                self.crashes += 1;
                next_crash = now
                    + self.plan.crash_every.mul_f64(0.75)
                    + self.plan.crash_every.mul_f64(f64::from(self.dice.below(50)) / 100.0);
            }
            progress(self.progress(false));
            tokio::time::sleep(TICK).await;
        }
    }

    /// Ends the writers, and waits until what is committed has arrived and was handled.
    async fn calm(&mut self, progress: &impl Fn(Progress)) -> Result<()> {
        self.crew.kill_all(Role::Writer)?;
        self.crew.gather();
        self.broker.behave();
        let deadline = Instant::now() + PATIENCE;
        let mut empty = 0;
        // Twice: what the writers had under way as they died may be committed in between.
        while empty < 2 && Instant::now() < deadline {
            self.crew.tick(&mut self.dice)?;
            progress(self.progress(true));
            tokio::time::sleep(TICK * 5).await;
            // The database may still recover.
            let left = tables::left(&self.database).await.unwrap_or(u64::MAX);
            let is_empty = left == 0 && self.broker.unhandled() == 0;
            empty = if is_empty { empty + 1 } else { 0 };
        }
        Ok(())
    }

    async fn ledger(self) -> Result<Ledger> {
        let truth = tables::truth(&self.database).await?;
        let mut ledger = Ledger::of(&self.broker.arrivals(), &truth);
        ensure!(ledger.get("sent") > 0, "the writers have written nothing");
        ledger.set("rolled_back", self.broker.rolled_back());
        ledger.set("kills", self.crew.kills);
        ledger.set("freezes", self.crew.freezes);
        ledger.set("departures", self.crew.departures);
        ledger.set("database_restarts", self.crashes);
        ledger.set("broker_outages", self.outages);
        ledger.set("dropped_connections", self.broker.dropped());
        ledger.set("longest_silence_ms", self.broker.longest_silence().as_millis());
        Ok(ledger)
    }

    fn progress(&self, is_draining: bool) -> Progress {
        Progress {
            elapsed: self.started.elapsed(),
            arrivals: self.broker.count(),
            kills: self.crew.kills,
            crashes: self.crashes,
            is_draining,
        }
    }
}
