//! A writer: changes aggregates and publishes that it did, in transactions of every kind.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use czo_apps::WebhookStaging;
use czo_core::{Event, EventError, EventFactory, RequestContext, SystemClock, SystemIds};
use czo_outbox::{Outbox, OutboxOptions, StagedEvent};
use czo_repo::{Database, DatabaseError, UnitOfWork};
use czo_testkit::torture::Dice;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::part::Part;
use super::tables::{self, AGGREGATES};

/// How many transactions a writer has at once.
const TASKS: u64 = 3;

/// Something changed for the nth time.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("torture.aggregate.changed", version = 1)]
pub(crate) struct Changed {
    pub(crate) aggregate: i32,
    /// For the how manieth time.
    pub(crate) version: i64,
    /// It is going to be rolled back, and must never arrive.
    pub(crate) doomed: bool,
}

/// What a transaction does, decided before it begins: an attempt that collides with another is
/// repeated as it was.
#[derive(Debug)]
struct Script {
    /// Aggregates, and how many times each changes.
    changes: Vec<(i32, i64)>,
    pause: Duration,
    /// Dies in the middle.
    dies: bool,
    rolls_back: bool,
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
}

/// Writes until the process ends.
pub(crate) async fn write(part: &Part) -> Result<()> {
    let database = part.database().await?;
    let outbox = Outbox::new(&database, OutboxOptions::default());
    outbox.also(Arc::new(WebhookStaging::new(&database)));
    let writer = Writer {
        outbox,
        events: EventFactory::new("torture", Arc::new(SystemClock), Arc::new(SystemIds)),
        ctx: RequestContext::system(&SystemIds).for_shop(part.shop),
        database,
    };
    for task in 0..TASKS {
        let writer = writer.clone();
        let mut dice = Dice::of(part.seed, task);
        tokio::spawn(async move {
            loop {
                let script = Script::of(&mut dice);
                // The database may be away, and a transaction may fail: nothing was written then,
                // or all of it, and the tables say which.
                let _ = writer.transaction(&script).await;
                tokio::time::sleep(dice.millis(50, 400)).await;
            }
        });
    }
    std::future::pending().await
}

impl Script {
    fn of(dice: &mut Dice) -> Self {
        let mut changes = vec![change(dice)];
        // Two that lock the same aggregates, in other orders: one has to be repeated.
        if dice.happens(150) {
            changes.push(change(dice));
        }
        Self {
            changes,
            pause: if dice.happens(20) { dice.millis(10, 1_200) } else { Duration::ZERO },
            dies: dice.happens(3),
            rolls_back: dice.happens(200),
        }
    }
}

/// Some are hot: half of all changes are to the first four. Most change once.
fn change(dice: &mut Dice) -> (i32, i64) {
    let end = if dice.happens(500) { 4 } else { AGGREGATES.unsigned_abs() };
    let times = if dice.happens(250) { 1 + dice.below(4) } else { 1 };
    (i32::try_from(dice.below(end)).unwrap_or_default(), i64::from(times))
}

impl Writer {
    async fn transaction(&self, script: &Script) -> Result<(), WriteError> {
        self.database.transaction(async |tx| self.play(tx, script).await).await
    }

    async fn play(&self, tx: &UnitOfWork, script: &Script) -> Result<(), WriteError> {
        for (aggregate, times) in &script.changes {
            let last = tables::change(tx, *aggregate, *times).await?;
            for version in last - times + 1..=last {
                self.publish(tx, *aggregate, version, script.rolls_back).await?;
            }
        }
        tokio::time::sleep(script.pause).await;
        if script.dies {
            std::process::abort();
        }
        if script.rolls_back { Err(WriteError::OnPurpose) } else { Ok(()) }
    }

    async fn publish(
        &self,
        tx: &UnitOfWork,
        aggregate: i32,
        version: i64,
        doomed: bool,
    ) -> Result<(), WriteError> {
        let event = self.events.event(&self.ctx, &Changed { aggregate, version, doomed })?;
        tables::note_sent(tx, event.id.uuid()).await?;
        self.outbox.publish(tx, StagedEvent::keyed(event, format!("aggregate-{aggregate}")));
        Ok(())
    }
}
