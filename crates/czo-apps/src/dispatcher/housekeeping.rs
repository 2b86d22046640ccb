//! Forgetting what is old, and counting what waits.

use std::time::Duration;

use czo_core::describe;
use czo_repo::{Database, DatabaseError};
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use super::DispatcherOptions;
use crate::delivery::dialect::{Dialect, hexadecimal, json, millis};

/// How often.
const INTERVAL: Duration = Duration::from_secs(30);

/// How many rows go at once.
const AT_ONCE: i64 = 500;

/// Keeps house until it is stopped.
pub(super) async fn keep_house(database: Database, options: DispatcherOptions) {
    loop {
        if let Err(error) = once(&database, &options).await {
            let error = describe(&error);
            tracing::warn!(error, "old deliveries could not be forgotten");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

pub(super) async fn once(
    database: &Database,
    options: &DispatcherOptions,
) -> Result<(), DatabaseError> {
    while forget(database, options).await? {}
    free_lanes(database).await?;
    count(database).await
}

/// Forgets one batch, and says whether there may be more.
async fn forget(database: &Database, options: &DispatcherOptions) -> Result<bool, DatabaseError> {
    let dialect = Dialect::of(database);
    let now = dialect.now();
    let old = format!(
        "SELECT id FROM webhook_log WHERE done_at < {now} - $1 AND ((state <> 5 \
         AND done_at < {now} - $2) OR (state = 5 AND done_at < {now} - $3)) LIMIT $4"
    );
    let (log, dead) = (millis(options.keep_log), millis(options.keep_dead));
    let values = [log.min(dead), log, dead, AT_ONCE].map(Value::from);
    let rows = database.query_all_raw(dialect.statement(old, values)).await?;
    let ids = rows.iter().map(|row| row.try_get::<Uuid>("", "id").map(hexadecimal));
    let ids: Vec<_> = ids.collect::<Result<_, _>>()?;
    if ids.is_empty() {
        return Ok(false);
    }
    let statements = ["webhook_attempt WHERE delivery_id", "webhook_log WHERE id"]
        .map(|of| format!("DELETE FROM {of} IN ({})", dialect.ids(1)));
    let forget = dialect.write(database, async |tx| {
        for sql in &statements {
            tx.execute_raw(dialect.statement(sql.as_str(), [json(&ids)])).await?;
        }
        Ok(())
    });
    forget.await?;
    Ok(i64::try_from(ids.len()).is_ok_and(|gone| gone >= AT_ONCE))
}

/// Lets the first of each lane go that is held although it is the first. There is none, unless two
/// processes took a webhook for their own at once, one of which had stood still.
async fn free_lanes(database: &Database) -> Result<(), DatabaseError> {
    let dialect = Dialect::of(database);
    let sql = "UPDATE webhook_delivery SET state = CASE WHEN attempts > 0 THEN 1 ELSE 0 END \
               WHERE state = 2 AND NOT EXISTS (SELECT 1 FROM webhook_delivery b \
               WHERE b.webhook_id = webhook_delivery.webhook_id \
               AND b.lane = webhook_delivery.lane AND b.position < webhook_delivery.position)";
    let free = dialect.write(database, async |tx| {
        Ok(tx.execute_raw(dialect.statement(sql, [])).await?.rows_affected())
    });
    let freed = free.await?;
    if freed > 0 {
        tracing::warn!(freed, "deliveries were held although they were the first of their lanes");
    }
    Ok(())
}

async fn count(database: &Database) -> Result<(), DatabaseError> {
    let dialect = Dialect::of(database);
    let sql = format!(
        "SELECT count(*) AS waiting, max({} - next_at) AS late FROM webhook_delivery",
        dialect.now()
    );
    let Some(row) = database.query_one_raw(dialect.statement(sql, [])).await? else {
        return Ok(());
    };
    let gauge = |number: i64| u32::try_from(number.max(0)).map_or(f64::MAX, f64::from);
    let late: Option<i64> = row.try_get("", "late")?;
    metrics::gauge!("czo_webhook_depth").set(gauge(row.try_get("", "waiting")?));
    metrics::gauge!("czo_webhook_late_seconds").set(gauge(late.unwrap_or_default()) / 1_000.0);
    Ok(())
}
