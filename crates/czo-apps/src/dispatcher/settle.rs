//! Writes what became of deliveries, many at once.

use std::time::Duration;

use czo_core::describe;
use czo_repo::{Database, DatabaseError, UnitOfWork};
use sea_orm::{ConnectionTrait, Value};
use serde::Serialize;
use tokio::sync::mpsc;

use super::attempt::Log;
use super::gate::Change;
use crate::delivery::dialect::{Dialect, hexadecimal, json, millis};
use crate::{AppWebhookId, DeliveryState, WebhookDeliveryId};

mod statements;

use self::statements::Statements;

/// How many are written at once.
const AT_ONCE: usize = 256;

/// The longest pause before what could not be written is written again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How many of a webhook that is not active are given up at once.
pub(super) const BURIED_AT_ONCE: u64 = 500;

/// What is to be written.
#[derive(Debug)]
pub(super) enum Settlement {
    Ended(Box<Ended>),
    /// A webhook's breaker has changed.
    Breaker {
        webhook: AppWebhookId,
        change: Change,
    },
    /// A webhook wants nothing more.
    Disable {
        webhook: AppWebhookId,
        reason: String,
    },
    /// What waits for a webhook is given up.
    Bury {
        webhook: AppWebhookId,
        reason: String,
    },
}

/// What became of a delivery.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) position: i64,
    pub(super) id: WebhookDeliveryId,
    pub(super) webhook: AppWebhookId,
    pub(super) lane: Option<String>,
    pub(super) end: End,
    pub(super) attempts: u32,
    pub(super) sent: u32,
    pub(super) was_sent: u32,
    pub(super) error: Option<String>,
    pub(super) log: Option<Log>,
}

/// What becomes of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It leaves for the log.
    Done(DeliveryState),
    /// It is tried again.
    Again { after: Duration },
    /// It waits for another of its lane.
    Held,
}

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// How many settlements.
    pub(super) settlements: usize,
    /// Of which webhooks what was written, and whether it is of a lane.
    pub(super) positions: Vec<(AppWebhookId, i64, bool)>,
    /// How many deliveries of webhooks were given up.
    pub(super) buried: Vec<(AppWebhookId, u64)>,
}

/// Writes what it is told until nobody tells it any more.
pub(super) async fn settle(
    database: Database,
    mut settlements: mpsc::UnboundedReceiver<Settlement>,
    written: mpsc::UnboundedSender<Written>,
) {
    let writer = Writer { dialect: Dialect::of(&database), statements: Statements::new(&database) };
    let mut batch = Vec::with_capacity(AT_ONCE);
    while settlements.recv_many(&mut batch, AT_ONCE).await > 0 {
        let mut pause = Duration::from_millis(50);
        let done = loop {
            let write = writer.dialect.write(&database, async |tx| writer.write(tx, &batch).await);
            match write.await {
                Ok(done) => break done,
                Err(error) => {
                    // What was delivered and is not written is delivered again after a crash.
                    let error = describe(&error);
                    tracing::warn!(error, "what became of deliveries could not be written");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        };
        batch.clear();
        if written.send(done).is_err() {
            return;
        }
    }
}

struct Writer {
    dialect: Dialect,
    statements: Statements,
}

#[derive(Serialize)]
struct EndedRow<'a> {
    position: i64,
    state: i16,
    attempts: u32,
    sent: u32,
    was_sent: u32,
    delay: i64,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct LogRow<'a> {
    delivery_id: String,
    number: u32,
    at: i64,
    status: Option<u16>,
    error: Option<&'a str>,
    request_headers: &'a str,
    response_headers: Option<&'a str>,
    response_body: Option<&'a str>,
    is_cut: u8,
    duration_ms: i64,
}

#[derive(Serialize)]
struct LaneRow<'a> {
    webhook_id: String,
    lane: &'a str,
}

impl Ended {
    fn row(&self) -> EndedRow<'_> {
        let (state, delay) = match self.end {
            End::Done(state) => (state.number(), Duration::ZERO),
            End::Again { after } => (0, after),
            End::Held => (DeliveryState::Held.number(), Duration::ZERO),
        };
        EndedRow {
            position: self.position,
            state,
            attempts: self.attempts,
            sent: self.sent,
            was_sent: self.was_sent,
            delay: millis(delay),
            error: self.error.as_deref(),
        }
    }

    fn log_row(&self) -> Option<LogRow<'_>> {
        let log = self.log.as_ref()?;
        Some(LogRow {
            delivery_id: hexadecimal(self.id),
            number: self.sent,
            at: log.at,
            status: log.status,
            error: self.error.as_deref(),
            request_headers: &log.request_headers,
            response_headers: log.response_headers.as_deref(),
            response_body: log.response_body.as_deref(),
            is_cut: log.is_cut.into(),
            duration_ms: millis(log.duration).min(i32::MAX.into()),
        })
    }

    fn lane_row(&self) -> Option<LaneRow<'_>> {
        let lane = self.lane.as_deref()?;
        Some(LaneRow { webhook_id: hexadecimal(self.webhook), lane })
    }
}

impl Writer {
    async fn write(&self, tx: &UnitOfWork, batch: &[Settlement]) -> Result<Written, DatabaseError> {
        let ended = batch.iter().filter_map(|settlement| match settlement {
            Settlement::Ended(ended) => Some(&**ended),
            _ => None,
        });
        let ended: Vec<_> = ended.collect();
        self.write_ended(tx, &ended).await?;
        let positions = ended
            .iter()
            .map(|ended| (ended.webhook, ended.position, ended.lane.is_some()))
            .collect();
        let mut written = Written { settlements: batch.len(), positions, ..Written::default() };
        let sql = &self.statements;
        for settlement in batch {
            match settlement {
                Settlement::Ended(_) => {}
                Settlement::Breaker { webhook, change } => {
                    let failing: Option<i64> = change.failing.map(millis);
                    let values = [
                        webhook.uuid().into(),
                        i64::from(change.failures).into(),
                        i64::from(change.trips).into(),
                        failing.into(),
                        millis(change.open).into(),
                    ];
                    self.run(tx, &sql.breaker, values).await?;
                }
                Settlement::Disable { webhook, reason } => {
                    let values = [webhook.uuid().into(), reason.as_str().into()];
                    self.run(tx, &sql.disable, values).await?;
                }
                Settlement::Bury { webhook, reason } => {
                    let values = [webhook.uuid().into(), reason.as_str().into()];
                    let mut buried = 0;
                    for bury in &sql.bury {
                        buried = self.run(tx, bury, values.clone()).await?;
                    }
                    written.buried.push((*webhook, buried));
                }
            }
        }
        Ok(written)
    }

    async fn write_ended(&self, tx: &UnitOfWork, ended: &[&Ended]) -> Result<(), DatabaseError> {
        let sql = &self.statements;
        let logs: Vec<_> = ended.iter().filter_map(|ended| ended.log_row()).collect();
        if !logs.is_empty() {
            self.run(tx, &sql.log, [json(&logs)]).await?;
        }
        let rows = |wanted: fn(End) -> bool| -> Vec<_> {
            ended.iter().filter(|ended| wanted(ended.end)).map(|ended| ended.row()).collect()
        };
        let done = rows(|end| matches!(end, End::Done(_)));
        if !done.is_empty() {
            for leave in &sql.leave {
                self.run(tx, leave, [json(&done)]).await?;
            }
        }
        let again = rows(|end| matches!(end, End::Again { .. }));
        if !again.is_empty() {
            self.run(tx, &sql.again, [json(&again)]).await?;
        }
        let held: Vec<_> = ended.iter().filter(|ended| ended.end == End::Held).collect();
        if !held.is_empty() {
            let held: Vec<_> = held.iter().map(|ended| ended.position).collect();
            self.run(tx, &sql.hold, [json(&held)]).await?;
        }
        let lanes = ended.iter().filter(|ended| matches!(ended.end, End::Done(_)));
        let lanes: Vec<_> = lanes.filter_map(|ended| ended.lane_row()).collect();
        if !lanes.is_empty() {
            self.run(tx, &sql.promote, [json(&lanes)]).await?;
        }
        Ok(())
    }

    async fn run(
        &self,
        tx: &UnitOfWork,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<u64, DatabaseError> {
        Ok(tx.execute_raw(self.dialect.statement(sql, values)).await?.rows_affected())
    }
}
