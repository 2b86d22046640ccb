//! What becomes of the deliveries of an app that is removed from its shop.

use czo_repo::{Database, DatabaseError, UnitOfWork};
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use super::dialect::{Dialect, hexadecimal, json};
use crate::InstallationId;

/// How many deliveries are forgotten by one transaction.
const AT_ONCE: i64 = 500;

/// For how long what was given up stays, in milliseconds: an attempt that was under way when the app
/// was removed still writes down what became of it, and is forgotten with the rest.
const GRACE: i64 = 600_000;

const KEPT: &str = "position, id, webhook_id, app_id, shop_id, event_id, event_type, \
                    correlation_id, body, lane, attempts, sent, created_at";

/// Gives up all that waits for an app, before its webhooks are deleted: nothing of it is sent any
/// more, once `tx` is committed, but what is under way.
pub(crate) async fn give_up(
    tx: &UnitOfWork,
    dialect: Dialect,
    app: InstallationId,
) -> Result<(), DatabaseError> {
    let log = format!(
        "INSERT INTO webhook_log ({KEPT}, state, error, done_at) SELECT {KEPT}, 5, \
         'the app was uninstalled', {} FROM webhook_delivery WHERE app_id = $1 \
         ON CONFLICT (id) DO NOTHING",
        dialect.now()
    );
    let statements = [
        log.as_str(),
        "DELETE FROM webhook_delivery WHERE app_id = $1",
        "DELETE FROM webhook_endpoint_state WHERE webhook_id IN \
         (SELECT id FROM app_webhook WHERE app_id = $1)",
    ];
    for sql in statements {
        tx.execute_raw(dialect.statement(sql, [app.uuid().into()])).await?;
    }
    Ok(())
}

/// Forgets what apps were sent that are removed, and says how many deliveries that were.
pub(crate) async fn forget(database: &Database) -> Result<u64, DatabaseError> {
    let dialect = Dialect::of(database);
    // The few that were removed first: for each the index of the log has its own.
    let old = format!(
        "SELECT l.id FROM app_installation i JOIN webhook_log l ON l.app_id = i.id \
         WHERE i.deleted_at IS NOT NULL AND l.done_at < {} - $1 LIMIT $2",
        dialect.now()
    );
    let statements = ["webhook_attempt WHERE delivery_id", "webhook_log WHERE id"]
        .map(|of| format!("DELETE FROM {of} IN ({})", dialect.ids(1)));
    let mut forgotten = 0;
    loop {
        let values = [GRACE, AT_ONCE].map(Value::from);
        let rows = database.query_all_raw(dialect.statement(old.as_str(), values)).await?;
        let ids = rows.iter().map(|row| row.try_get::<Uuid>("", "id").map(hexadecimal));
        let ids: Vec<_> = ids.collect::<Result<_, _>>()?;
        if ids.is_empty() {
            return Ok(forgotten);
        }
        let forget = dialect.write(database, async |tx| {
            for sql in &statements {
                tx.execute_raw(dialect.statement(sql.as_str(), [json(&ids)])).await?;
            }
            Ok(())
        });
        forget.await?;
        forgotten += ids.len() as u64;
    }
}
