//! Who is asked.

use czo_core::{EventType, ShopId};
use czo_repo::{Database, DatabaseError};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use crate::delivery::dialect::Dialect;
use crate::{AppId, AppIdError, AppWebhookId, InstallationId};

/// A webhook that is to be asked.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) webhook: AppWebhookId,
    pub(super) installation: InstallationId,
    pub(super) app: AppId,
    pub(super) identifier: String,
    pub(super) definition: String,
}

/// A type in `$1`, a shop in `$2`.
pub(super) fn find(dialect: Dialect) -> String {
    format!(
        "SELECT w.id, w.app_id, w.identifier AS webhook, i.identifier AS app, \
         CAST(w.definition AS text) AS definition \
         FROM app_webhook_topic t JOIN app_webhook w ON w.id = t.webhook_id \
         JOIN app_installation i ON i.id = w.app_id \
         WHERE t.event_type = $1 AND w.shop_id = $2 AND w.is_active AND {mode} = 'sync' \
         AND i.status = 'enabled' AND i.deleted_at IS NULL",
        mode = dialect.field("w.definition", &["mode"]),
    )
}

/// The active `sync` webhooks of a shop that want to be asked this: in the order in which their
/// apps were installed, those of one app by their identifiers.
pub(super) async fn found(
    database: &Database,
    find: &str,
    question: &EventType,
    shop: ShopId,
) -> Result<Vec<Found>, DatabaseError> {
    let values = [question.as_str().into(), shop.uuid().into()];
    let query = Dialect::of(database).statement(find, values);
    let found = |row: &QueryResult| {
        let app: String = row.try_get("", "app")?;
        Ok(Found {
            webhook: row.try_get("", "id")?,
            installation: row.try_get("", "app_id")?,
            app: app.parse().map_err(|error: AppIdError| DbErr::Type(error.to_string()))?,
            identifier: row.try_get("", "webhook")?,
            definition: row.try_get("", "definition")?,
        })
    };
    let rows = database.query_all_raw(query).await?;
    let mut found = rows.iter().map(found).collect::<Result<Vec<_>, DbErr>>()?;
    // Here, so that both databases sort texts alike.
    found.sort_by(|a, b| (a.installation, &a.identifier).cmp(&(b.installation, &b.identifier)));
    Ok(found)
}
