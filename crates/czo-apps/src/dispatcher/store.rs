//! What a dispatcher reads of the tables, and which webhooks are its own.

use bytes::Bytes;
use czo_repo::{Database, DatabaseError};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use serde::Serialize;
use std::time::Duration;
use uuid::Uuid;

use super::attempt::Delivery;
use super::gate::Known;
use crate::delivery::dialect::{Dialect, Kind, hexadecimal, json, millis};
use crate::{AppWebhookId, InstallationId};

/// The tables of one database, for one dispatcher.
#[derive(Debug)]
pub(super) struct Store {
    database: Database,
    dialect: Dialect,
    /// Who the dispatcher is.
    owner: Uuid,
    take: String,
    read: String,
}

/// A webhook as its app has it.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) webhook: AppWebhookId,
    pub(super) definition: String,
    pub(super) is_active: bool,
}

/// How many deliveries of a webhook are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) webhook: AppWebhookId,
    pub(super) firsts: usize,
    pub(super) retries: usize,
}

#[derive(Serialize)]
struct WantedRow {
    webhook_id: String,
    firsts: usize,
    retries: usize,
}

const COLUMNS: &str = "d.position, d.id, d.webhook_id, d.app_id, d.event_type, d.correlation_id, \
    d.body, d.lane, d.attempts, d.sent, d.created_at, (d.lane IS NOT NULL AND EXISTS \
    (SELECT 1 FROM webhook_delivery b WHERE b.webhook_id = d.webhook_id AND b.lane = d.lane \
    AND b.position < d.position)) AS is_behind";

impl Store {
    pub(super) fn new(database: &Database) -> Self {
        let dialect = Dialect::of(database);
        let (take, read) = (take(dialect), read(dialect));
        Self { database: database.clone(), dialect, owner: Uuid::now_v7(), take, read }
    }

    /// Makes webhooks its own that have something due and are nobody's, `limit` at most.
    pub(super) async fn take(
        &self,
        own: &[AppWebhookId],
        lease: Duration,
        limit: usize,
    ) -> Result<Vec<(AppWebhookId, Known)>, DatabaseError> {
        let own: Vec<_> = own.iter().map(|webhook| hexadecimal(*webhook)).collect();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = [json(&own), self.owner.into(), millis(lease).into(), limit.into()];
        let rows = self.write(self.take.clone(), values.to_vec()).await?;
        rows.iter().map(known).collect()
    }

    /// Says once more that its webhooks are its own, and which ones still are.
    pub(super) async fn renew(&self, lease: Duration) -> Result<Vec<AppWebhookId>, DatabaseError> {
        let sql = format!(
            "UPDATE webhook_endpoint_state SET lease_until = {} + $2 WHERE owner = $1 \
             RETURNING webhook_id",
            self.dialect.now()
        );
        let rows = self.write(sql, vec![self.owner.into(), millis(lease).into()]).await?;
        rows.iter().map(webhook).collect()
    }

    /// Gives webhooks back.
    pub(super) async fn release(&self, webhooks: &[AppWebhookId]) -> Result<(), DatabaseError> {
        if webhooks.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = webhooks.iter().map(|webhook| hexadecimal(*webhook)).collect();
        let sql = format!(
            "UPDATE webhook_endpoint_state SET owner = NULL, lease_until = 0 \
             WHERE owner = $2 AND webhook_id IN ({})",
            self.dialect.ids(1)
        );
        self.write(sql, vec![json(&ids), self.owner.into()]).await.map(drop)
    }

    /// Webhooks as their apps have them; those that are not there any more are not answered.
    pub(super) async fn find(
        &self,
        webhooks: &[AppWebhookId],
    ) -> Result<Vec<Found>, DatabaseError> {
        let ids: Vec<_> = webhooks.iter().map(|webhook| hexadecimal(*webhook)).collect();
        let sql = format!(
            "SELECT id AS webhook_id, CAST(definition AS text) AS definition, is_active \
             FROM app_webhook WHERE id IN ({})",
            self.dialect.ids(1)
        );
        let query = self.dialect.statement(sql, [json(&ids)]);
        let rows = self.database.query_all_raw(query).await?;
        let found = |row: &QueryResult| {
            let definition = row.try_get("", "definition")?;
            let is_active = row.try_get("", "is_active")?;
            Ok(Found { webhook: webhook(row)?, definition, is_active })
        };
        rows.iter().map(found).collect()
    }

    /// Deliveries that are due, without those that it has already.
    pub(super) async fn read(
        &self,
        wanted: &[Wanted],
        except: &[i64],
    ) -> Result<Vec<Delivery>, DatabaseError> {
        let row = |wanted: &Wanted| WantedRow {
            webhook_id: hexadecimal(wanted.webhook),
            firsts: wanted.firsts,
            retries: wanted.retries,
        };
        let rows = match self.dialect {
            Dialect::Postgres => {
                let wanted: Vec<_> = wanted.iter().map(row).collect();
                let query = self.dialect.statement(&self.read, [json(&wanted), json(&except)]);
                self.dialect.read(&self.database, query).await?
            }
            // It has no lateral joins; a query is a call of a function here.
            Dialect::Sqlite => {
                let mut rows = Vec::new();
                for wanted in wanted {
                    let number = |number| i64::try_from(number).unwrap_or(i64::MAX).into();
                    let (firsts, retries) = (number(wanted.firsts), number(wanted.retries));
                    let values: [Value; 4] =
                        [wanted.webhook.uuid().into(), json(&except), firsts, retries];
                    let query = self.dialect.statement(&self.read, values);
                    rows.extend(self.dialect.read(&self.database, query).await?);
                }
                rows
            }
        };
        rows.iter().map(delivery).collect()
    }

    async fn write(
        &self,
        sql: String,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, DatabaseError> {
        let statement = self.dialect.statement(sql, values);
        let write = self
            .dialect
            .write(&self.database, async |tx| Ok(tx.query_all_raw(statement.clone()).await?));
        write.await
    }
}

/// Its own in `$1`, itself in `$2`, the lease in `$3`, how many in `$4`. Each webhook that has
/// something is looked up by itself, so that the number of deliveries is in nobody's way.
fn take(dialect: Dialect) -> String {
    let now = dialect.now();
    let next = |behind: &str| {
        format!(
            "(SELECT n.webhook_id FROM webhook_delivery n WHERE n.state < 2 {behind} \
             ORDER BY n.webhook_id LIMIT 1)"
        )
    };
    // Not EXISTS: a plan that is made while the table is nearly empty, and kept, answers that from a
    // hash table of all that is due, for every webhook, and makes it anew each time.
    let due = |state: u8| {
        format!(
            "(SELECT d.position FROM webhook_delivery d WHERE d.webhook_id = busy.webhook_id \
             AND d.state = {state} AND d.next_at <= {now} ORDER BY d.next_at LIMIT 1) IS NOT NULL"
        )
    };
    format!(
        "WITH RECURSIVE busy AS (SELECT {first} AS webhook_id UNION ALL \
         SELECT {next} FROM busy WHERE busy.webhook_id IS NOT NULL) \
         INSERT INTO webhook_endpoint_state (webhook_id, owner, lease_until) \
         SELECT busy.webhook_id, $2, {now} + $3 FROM busy WHERE busy.webhook_id IS NOT NULL \
         AND busy.webhook_id NOT IN ({own}) AND NOT EXISTS (SELECT 1 FROM webhook_endpoint_state s \
         WHERE s.webhook_id = busy.webhook_id AND (s.lease_until > {now} OR s.open_until > {now})) \
         AND ({firsts} OR {retries}) ORDER BY busy.webhook_id LIMIT $4 \
         ON CONFLICT (webhook_id) DO UPDATE SET owner = excluded.owner, \
         lease_until = excluded.lease_until WHERE webhook_endpoint_state.lease_until <= {now} \
         RETURNING webhook_id, failures, trips, rate, {now} - failing_since AS failing, \
         open_until - {now} AS open",
        first = next(""),
        next = next("AND n.webhook_id > busy.webhook_id"),
        own = dialect.ids(1),
        firsts = due(0),
        retries = due(1),
    )
}

fn read(dialect: Dialect) -> String {
    let now = dialect.now();
    let some = |state: u8, webhook: &str, limit: &str| {
        format!(
            "SELECT * FROM (SELECT * FROM webhook_delivery WHERE webhook_id = {webhook} \
             AND state = {state} AND next_at <= {now} AND position NOT IN ({}) \
             ORDER BY next_at, position LIMIT {limit}) AS of_{state}",
            dialect.numbers(2)
        )
    };
    match dialect {
        Dialect::Postgres => format!(
            "SELECT {COLUMNS} FROM {} CROSS JOIN LATERAL ({} UNION ALL {}) AS d",
            dialect.records(
                "w",
                &[("webhook_id", Kind::Id), ("firsts", Kind::Integer), ("retries", Kind::Integer),],
            ),
            some(0, "w.webhook_id", "w.firsts"),
            some(1, "w.webhook_id", "w.retries"),
        ),
        Dialect::Sqlite => format!(
            "SELECT {COLUMNS} FROM ({} UNION ALL {}) AS d",
            some(0, "$1", "$3"),
            some(1, "$1", "$4"),
        ),
    }
}

fn webhook(row: &QueryResult) -> Result<AppWebhookId, DatabaseError> {
    Ok(row.try_get::<Uuid>("", "webhook_id")?.into())
}

fn known(row: &QueryResult) -> Result<(AppWebhookId, Known), DatabaseError> {
    let count = |name| row.try_get::<i32>("", name).map(|n| u32::try_from(n).unwrap_or_default());
    let span = |millis: i64| Duration::from_millis(u64::try_from(millis).unwrap_or_default());
    let rate: Option<i32> = row.try_get("", "rate")?;
    let failing: Option<i64> = row.try_get("", "failing")?;
    let known = Known {
        failures: count("failures")?,
        trips: count("trips")?,
        failing: failing.map(span),
        open: span(row.try_get("", "open")?),
        rate: rate.and_then(|rate| u32::try_from(rate).ok()),
    };
    Ok((webhook(row)?, known))
}

fn delivery(row: &QueryResult) -> Result<Delivery, DatabaseError> {
    let count = |name| row.try_get::<i32>("", name).map(|n| u32::try_from(n).unwrap_or_default());
    let app: InstallationId = row.try_get::<Uuid>("", "app_id")?.into();
    Ok(Delivery {
        position: row.try_get("", "position")?,
        id: row.try_get::<Uuid>("", "id")?.into(),
        webhook: webhook(row)?,
        app,
        event_type: row.try_get("", "event_type")?,
        correlation_id: row.try_get("", "correlation_id")?,
        body: Bytes::from(row.try_get::<String>("", "body")?),
        lane: row.try_get("", "lane")?,
        attempts: count("attempts")?,
        sent: count("sent")?,
        created_at: row.try_get("", "created_at")?,
        is_behind: row.try_get("", "is_behind")?,
    })
}
