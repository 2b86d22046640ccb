//! The torture of webhooks: dispatchers and writers as processes, receivers, a database, and
//! something that harms all of them.
//!
//! The truth is in the database. Each writer changes an aggregate, publishes the event that it did
//! and notes the event's id, in one transaction; so an id in the table is an event that each
//! webhook has to get, and any other must not come.

// This and the database are the same as under the outbox.
#[path = "../../../czo-outbox/examples/torture/crew.rs"]
mod crew;
mod ledger;
mod manner;
mod part;
#[path = "../../../czo-outbox/examples/torture/postgres.rs"]
mod postgres;
mod receiver;
mod tables;
mod writer;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use czo_apps::SigningSecret;
use czo_core::{ShopId, SystemIds};
use czo_repo::{Database, DatabaseOptions};
use czo_testkit::torture::Dice;
use secrecy::ExposeSecret;

use self::crew::Crew;
pub(crate) use self::ledger::Ledger;
use self::manner::Manner;
pub(crate) use self::part::play_if_asked;
use self::part::{Part, Role};
use self::postgres::Postgres;
use self::receiver::Receiver;

/// For how long a webhook is a dispatcher's: short, so that takeovers are frequent.
const LEASE: Duration = Duration::from_millis(1_500);

/// How long it may take until all has arrived, once nothing is harmed any more.
const PATIENCE: Duration = Duration::from_secs(90);

/// How often is looked what is due.
const TICK: Duration = Duration::from_millis(50);

/// What is tortured, for how long and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) duration: Duration,
    /// What is done to whom; when exactly is up to the machine.
    pub(crate) seed: u64,
    pub(crate) dispatchers: u32,
    pub(crate) writers: u32,
    /// How often the database crashes.
    pub(crate) crash_every: Duration,
    /// What this program has to be called with to come to [`play_if_asked`].
    pub(crate) arguments: Vec<String>,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    pub(crate) elapsed: Duration,
    pub(crate) arrivals: usize,
    pub(crate) kills: u64,
    pub(crate) crashes: u64,
    /// How many are to arrive yet; something once nothing is harmed any more.
    pub(crate) left: Option<u64>,
}

/// Everything that takes part.
struct Torture {
    plan: Plan,
    server: Postgres,
    database: Database,
    receiver: Receiver,
    crew: Crew,
    dice: Dice,
    started: Instant,
    crashes: u64,
}

/// Tortures by `plan`, and compares what was due with what arrived.
///
/// # Errors
///
/// When something of the torture itself does not work, and when a dispatcher ends by itself. Lost
/// messages are no error but in the ledger.
pub(crate) async fn torture(plan: &Plan, progress: impl Fn(Progress)) -> Result<Ledger> {
    let server = Postgres::start()?;
    let database = open(&server).await?;
    let secret = SigningSecret::generate()?;
    let receiver = Receiver::start(plan.seed, secret.clone()).await?;
    let shop = ShopId::generate(&SystemIds);
    tables::create(&database, shop, |manner| receiver.url(manner)).await?;
    let part = |role, number| Part {
        role,
        number,
        seed: 0,
        database: server.url(),
        shop,
        receiver: receiver.port(),
        secret: secret.expose().expose_secret().to_owned(),
        lease: LEASE,
    };
    let kinds = [(Role::Dispatcher, plan.dispatchers), (Role::Writer, plan.writers)];
    let parts = kinds.iter().flat_map(|(role, all)| (0..*all).map(|number| part(*role, number)));
    let crew = Crew::new(parts.collect(), plan.arguments.clone());
    let mut torture = Torture {
        plan: plan.clone(),
        server,
        database,
        receiver,
        crew,
        dice: Dice::of(plan.seed, 1),
        started: Instant::now(),
        crashes: 0,
    };
    torture.harm(&progress).await?;
    torture.calm(&progress).await?;
    torture.ledger().await
}

async fn open(server: &Postgres) -> Result<Database> {
    let options = DatabaseOptions::new(server.url().parse()?).max_connections(3);
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Database::connect(&options).await {
            Ok(database) => return Ok(database),
            Err(_) if Instant::now() < deadline => tokio::time::sleep(TICK).await,
            Err(error) => {
                let said = server.last_words();
                return Err(error).context(format!("the database does not start: {said}"));
            }
        }
    }
}

impl Torture {
    /// Harms everything until the time is over.
    async fn harm(&mut self, progress: &impl Fn(Progress)) -> Result<()> {
        let end = self.started + self.plan.duration;
        let mut next_strike = self.started + Duration::from_secs(2);
        let mut next_crash = self.started + self.plan.crash_every;
        loop {
            let now = Instant::now();
            if now >= end {
                return Ok(());
            }
            self.crew.tick(&mut self.dice)?;
            if next_strike <= now {
                next_strike = now + self.dice.millis(300, 2_000);
                self.crew.strike(&mut self.dice, LEASE)?;
            }
            if next_crash <= now {
                tokio::task::block_in_place(|| self.server.crash())?;
                self.crashes += 1;
                next_crash = now
                    + self.plan.crash_every.mul_f64(0.75)
                    + self.plan.crash_every.mul_f64(f64::from(self.dice.below(50)) / 100.0);
            }
            progress(self.progress(None));
            tokio::time::sleep(TICK).await;
        }
    }

    /// Ends the writers, and waits until what is committed has arrived.
    async fn calm(&mut self, progress: &impl Fn(Progress)) -> Result<()> {
        self.crew.kill_all(Role::Writer)?;
        self.crew.gather();
        self.receiver.behave();
        let deadline = Instant::now() + PATIENCE;
        let mut empty = 0;
        // Twice: what the writers had under way as they died may be committed in between.
        while empty < 2 && Instant::now() < deadline {
            self.crew.tick(&mut self.dice)?;
            tokio::time::sleep(TICK * 5).await;
            // The database may still recover.
            let left = tables::left(&self.database).await.unwrap_or(u64::MAX);
            progress(self.progress(Some(left)));
            empty = if left == 0 { empty + 1 } else { 0 };
        }
        Ok(())
    }

    async fn ledger(self) -> Result<Ledger> {
        let truth = tables::truth(&self.database).await?;
        let mut ledger = Ledger::of(&self.receiver.arrivals(), &truth);
        ensure!(ledger.get("due") > 0, "the writers have written nothing");
        ledger.set("bad_signatures", self.receiver.unsigned());
        ledger.set("redirects_followed", self.receiver.strays());
        ledger.set("kills", self.crew.kills);
        ledger.set("freezes", self.crew.freezes);
        ledger.set("departures", self.crew.departures);
        ledger.set("database_restarts", self.crashes);
        for manner in Manner::ALL {
            ledger.set(manner.figure(), self.receiver.bad_answers(manner));
        }
        Ok(ledger)
    }

    fn progress(&self, left: Option<u64>) -> Progress {
        Progress {
            elapsed: self.started.elapsed(),
            arrivals: self.receiver.count(),
            kills: self.crew.kills,
            crashes: self.crashes,
            left,
        }
    }
}
