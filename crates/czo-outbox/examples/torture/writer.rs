//! A writer: changes aggregates and publishes that it did, in transactions of every kind.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use czo_core::{EventError, EventFactory, RequestContext, SystemIds};
use czo_outbox::{Outbox, OutboxOptions, StagedEvent};
use czo_repo::{BeforeCommit, Database, DatabaseError, UnitOfWork};
use czo_testkit::torture::Dice;
use sea_orm::ConnectionTrait;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::part::Part;
use super::tables::{self, AGGREGATES};
use super::wire::{self, Caller, Changed};

/// How many transactions a writer has at once.
const TASKS: u64 = 4;

/// What a transaction does, decided before it begins: an attempt that collides with another is
/// repeated as it was.
#[derive(Debug)]
struct Script {
    steps: Vec<Step>,
    rolls_back: bool,
}

#[derive(Debug)]
enum Step {
    /// Changes an aggregate so many times.
    Change(i32, i64),
    /// The same behind a savepoint, which may be rolled back.
    Savepoint {
        aggregate: i32,
        times: i64,
        rolls_back: bool,
    },
    /// Publishes an event without order.
    Unordered,
    Pause(Duration),
    /// Pauses between the last statement and the commit, when the events are rows already.
    Stall(Duration),
    /// Dies.
    Die,
}

#[derive(Debug, Error)]
enum WriteError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Event(#[from] EventError),
    #[error("rolled back on purpose")]
    OnPurpose,
}

#[derive(Clone, Debug)]
struct Writer {
    database: Database,
    outbox: Outbox,
    events: EventFactory,
    ctx: RequestContext,
    stall: Arc<Stall>,
}

/// Stands still right before the commit, as a machine does that is out of breath.
#[derive(Debug)]
struct Stall;

#[async_trait]
impl BeforeCommit for Stall {
    type Item = Duration;

    async fn flush(
        self: Arc<Self>,
        tx: &UnitOfWork,
        pauses: Vec<Duration>,
    ) -> Result<(), DatabaseError> {
        tokio::time::sleep(pauses.iter().sum()).await;
        tx.execute_unprepared("SELECT 1").await?;
        Ok(())
    }
}

/// Writes until the process ends.
pub(crate) async fn write(part: &Part) -> Result<()> {
    let database = part.database().await?;
    let writer = Writer {
        outbox: Outbox::new(&database, OutboxOptions::default()),
        events: EventFactory::new("torture", part.clock(), Arc::new(SystemIds)),
        ctx: RequestContext::system(&SystemIds),
        stall: Arc::new(Stall),
        database,
    };
    let (tell, told) = mpsc::unbounded_channel();
    for task in 0..TASKS {
        let (writer, tell) = (writer.clone(), tell.clone());
        let mut dice = Dice::of(part.seed, task);
        tokio::spawn(async move {
            loop {
                let script = Script::of(&mut dice, writer.database.is_sqlite());
                let doomed = script.doomed();
                // The database may be away, and a transaction may fail: nothing was written then,
                // or all of it, and the tables say which.
                let written = Box::pin(writer.transaction(&script)).await;
                if matches!(written, Ok(()) | Err(WriteError::OnPurpose)) && doomed > 0 {
                    let _ = tell.send(doomed);
                }
                tokio::time::sleep(dice.millis(0, 15)).await;
            }
        });
    }
    report(part, told).await
}

/// Tells the broker how many events were rolled back on purpose.
async fn report(part: &Part, mut told: mpsc::UnboundedReceiver<u64>) -> Result<()> {
    loop {
        if let Ok(stream) = TcpStream::connect(part.broker).await {
            let (_from, mut to) = stream.into_split();
            let mut is_open = wire::send(&mut to, &Caller::Writer).await.is_ok();
            while is_open {
                let Some(doomed) = told.recv().await else { return Ok(()) };
                is_open = wire::send(&mut to, &doomed).await.is_ok();
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

impl Script {
    fn of(dice: &mut Dice, sqlite: bool) -> Self {
        let mut steps = vec![Step::change(dice)];
        if dice.happens(200) {
            let (aggregate, times) = aggregate(dice);
            steps.push(Step::Savepoint { aggregate, times, rolls_back: dice.happens(600) });
        }
        // Two that lock the same aggregates, in other orders: one has to be repeated.
        if dice.happens(100) {
            steps.push(Step::change(dice));
        }
        if dice.happens(50) {
            steps.push(Step::Unordered);
        }
        if dice.happens(10) {
            // SQLite has one writer at a time.
            steps.push(Step::Pause(dice.millis(10, if sqlite { 100 } else { 1_200 })));
        }
        if dice.happens(4) {
            steps.push(Step::Stall(dice.millis(10, if sqlite { 200 } else { 3_000 })));
        }
        if dice.happens(2) {
            steps.push(Step::Die);
        }
        Self { steps, rolls_back: dice.happens(200) }
    }

    /// How many of its events are never to arrive.
    fn doomed(&self) -> u64 {
        let doomed = self.steps.iter().map(|step| match step {
            Step::Change(_, times) if self.rolls_back => *times,
            Step::Savepoint { times, rolls_back, .. } if self.rolls_back || *rolls_back => *times,
            Step::Unordered if self.rolls_back => 1,
            _ => 0,
        });
        u64::try_from(doomed.sum::<i64>()).unwrap_or_default()
    }
}

impl Step {
    fn change(dice: &mut Dice) -> Self {
        let (aggregate, times) = aggregate(dice);
        Self::Change(aggregate, times)
    }
}

/// Some are hot: half of all changes are to the first four. Most change once.
fn aggregate(dice: &mut Dice) -> (i32, i64) {
    let end = if dice.happens(500) { 4 } else { AGGREGATES.unsigned_abs() };
    let times = if dice.happens(250) { 1 + dice.below(4) } else { 1 };
    (i32::try_from(dice.below(end)).unwrap_or_default(), i64::from(times))
}

impl Writer {
    async fn transaction(&self, script: &Script) -> Result<(), WriteError> {
        self.database.transaction(async |tx| self.play(tx, script).await).await
    }

    async fn play(&self, tx: &UnitOfWork, script: &Script) -> Result<(), WriteError> {
        for step in &script.steps {
            let doomed = script.rolls_back;
            match step {
                Step::Change(aggregate, times) => {
                    self.change(tx, *aggregate, *times, doomed).await?;
                }
                Step::Savepoint { aggregate, times, rolls_back } => {
                    let savepoint = tx.transaction(async |tx| {
                        self.change(tx, *aggregate, *times, doomed || *rolls_back).await?;
                        if *rolls_back { Err(WriteError::OnPurpose) } else { Ok(()) }
                    });
                    match Box::pin(savepoint).await {
                        Ok(()) | Err(WriteError::OnPurpose) => {}
                        Err(error) => return Err(error),
                    }
                }
                Step::Unordered => self.publish(tx, None, 0, doomed).await?,
                Step::Pause(pause) => tokio::time::sleep(*pause).await,
                Step::Stall(pause) => tx.before_commit(&self.stall, *pause),
                Step::Die => std::process::abort(),
            }
        }
        if script.rolls_back { Err(WriteError::OnPurpose) } else { Ok(()) }
    }

    async fn change(
        &self,
        tx: &UnitOfWork,
        aggregate: i32,
        times: i64,
        doomed: bool,
    ) -> Result<(), WriteError> {
        let last = tables::change(tx, aggregate, times).await?;
        for version in last - times + 1..=last {
            self.publish(tx, Some(aggregate), version, doomed).await?;
        }
        Ok(())
    }

    async fn publish(
        &self,
        tx: &UnitOfWork,
        aggregate: Option<i32>,
        version: i64,
        doomed: bool,
    ) -> Result<(), WriteError> {
        let event = self.events.event(&self.ctx, &Changed { aggregate, version, doomed })?;
        tables::note_sent(tx, event.id.uuid(), aggregate).await?;
        self.outbox.publish(
            tx,
            match aggregate {
                Some(aggregate) => StagedEvent::keyed(event, format!("aggregate-{aggregate}")),
                None => StagedEvent::unordered(event),
            },
        );
        Ok(())
    }
}
