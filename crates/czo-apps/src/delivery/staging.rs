//! Deliveries become rows of the write they tell of.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use czo_outbox::{StagedEvent, WithStaged};
use czo_repo::{Database, DatabaseError, UnitOfWork};
use sea_orm::ConnectionTrait;
use serde::Serialize;

use super::body;
use super::deliveries::WebhookDeliveries;
use super::dialect::{Dialect, Kind, hexadecimal, id_prefix, json, without_nul};
use super::wake::Wake;

/// Writes a delivery for each event and each webhook that wants events of its type, in the
/// transaction of the event. Register it with [`Outbox::also`](czo_outbox::Outbox::also) in every
/// process that publishes. Cheap to clone; clones are the same.
///
/// **Promise.** There is a delivery if and only if the write is committed, and from then on a
/// [`WebhookDispatcher`](crate::WebhookDispatcher) of any process sends it, at least once.
///
/// **For whom.** Active `async` webhooks of the shop in which the event happened. An event of no
/// shop goes to nobody: an app is installed in a shop, and knows of no other. What a webhook's
/// filter says is looked at when it is sent.
///
/// **Cost.** One statement for each unit of work that publishes, which is one insert of as many
/// rows as there are deliveries.
#[derive(Clone)]
pub struct WebhookStaging {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) database: Database,
    pub(crate) dialect: Dialect,
    pub(crate) wake: Wake,
    insert: String,
}

#[derive(Serialize)]
struct Staged<'a> {
    ordinal: usize,
    event_id: String,
    event_type: &'a str,
    shop_id: String,
    correlation_id: String,
    key: Option<&'a str>,
    body: String,
}

impl WebhookStaging {
    /// The deliveries of `database`, whose tables `czo_migrations::webhooks()` makes.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        let dialect = Dialect::of(database);
        let (database, wake, insert) = (database.clone(), Wake::default(), insert(dialect));
        Self { shared: Arc::new(Shared { database, dialect, wake, insert }) }
    }

    /// What people see of deliveries, and do with them.
    #[must_use]
    pub fn deliveries(&self) -> WebhookDeliveries {
        WebhookDeliveries::new(self.shared.clone())
    }

    /// The database they are in.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.shared.database
    }

    /// Tells dispatchers that there is something to deliver. They notice by themselves too, a
    /// little later.
    pub fn wake(&self) {
        self.shared.wake.wake(&self.shared.database);
    }
}

/// Events in `$1`, what ids begin with in `$2`.
fn insert(dialect: Dialect) -> String {
    let now = dialect.now();
    let staged = dialect.records(
        "e",
        &[
            ("ordinal", Kind::Integer),
            ("event_id", Kind::Id),
            ("event_type", Kind::Text),
            ("shop_id", Kind::Id),
            ("correlation_id", Kind::Text),
            ("key", Kind::Text),
            ("body", Kind::Text),
        ],
    );
    format!(
        "INSERT INTO webhook_delivery (id, webhook_id, app_id, shop_id, event_id, event_type, \
         correlation_id, body, lane, state, attempts, sent, created_at, next_at) \
         SELECT {id}, w.id, w.app_id, w.shop_id, e.event_id, e.event_type, e.correlation_id, \
         e.body, CASE WHEN {order} = 'key' THEN e.key END, 0, 0, 0, {now}, {now} \
         FROM {staged} JOIN app_webhook_topic t ON t.event_type = e.event_type \
         JOIN app_webhook w ON w.id = t.webhook_id AND w.shop_id = e.shop_id \
         WHERE w.is_active AND {mode} = 'async' ORDER BY e.ordinal, w.id",
        id = dialect.new_id(2),
        order = dialect.field("w.definition", &["order", "by"]),
        mode = dialect.field("w.definition", &["mode"]),
    )
}

#[async_trait]
impl WithStaged for WebhookStaging {
    async fn staged(&self, tx: &UnitOfWork, events: &[&StagedEvent]) -> Result<(), DatabaseError> {
        let staged = events.iter().enumerate().filter_map(|(ordinal, staged)| {
            let event = staged.event();
            Some(Staged {
                ordinal,
                event_id: hexadecimal(event.id),
                event_type: event.event_type.as_str(),
                shop_id: hexadecimal(event.metadata.shop_id?),
                correlation_id: without_nul(event.correlation_id.as_str()),
                key: staged.key(),
                body: body::of(event),
            })
        });
        let staged: Vec<_> = staged.collect();
        if staged.is_empty() {
            return Ok(());
        }
        let shared = &self.shared;
        let values = [json(&staged), id_prefix(shared.database.now()).into()];
        let insert = shared.dialect.statement(shared.insert.clone(), values);
        if tx.execute_raw(insert).await?.rows_affected() > 0 {
            let shared = shared.clone();
            tx.after_commit(async move { shared.wake.wake(&shared.database) });
        }
        Ok(())
    }
}

impl fmt::Debug for WebhookStaging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookStaging").field("database", self.shared.database.url()).finish()
    }
}
