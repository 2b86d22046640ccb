//! Which events webhooks are for.

use std::collections::{BTreeMap, BTreeSet};

use czo_core::EventType;
use czo_repo::UnitOfWork;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use super::rows::{installation, topic, webhook};
use super::{AppRegistry, READ};
use crate::{AppError, AppGrant, AppWebhookId, Webhook};

/// How many webhooks are looked at in one transaction.
const AT_ONCE: usize = 200;
/// How many topics are inserted by one statement.
const INSERTED: usize = 500;

/// A webhook, and the types of events that its patterns match.
pub(super) type Topics = (AppWebhookId, BTreeSet<String>);

/// The types of events that the patterns of a webhook match, of those that the app may read: who is
/// not allowed `product:read` is told nothing of products.
pub(super) fn matching<'a>(
    webhook: &Webhook,
    known: impl IntoIterator<Item = &'a EventType>,
    granted: &[AppGrant],
) -> BTreeSet<String> {
    let is_wanted =
        |known: &&EventType| webhook.events.iter().any(|pattern| pattern.matches(known));
    let may_read = |known: &&EventType| {
        let is_read = |AppGrant { permission, .. }: &AppGrant| {
            permission.resource() == known.domain() && permission.action() == READ.action()
        };
        granted.iter().any(is_read)
    };
    known.into_iter().filter(is_wanted).filter(may_read).map(ToString::to_string).collect()
}

impl AppRegistry {
    /// Notes for every webhook which of these types its patterns match, and says for how many
    /// webhooks that has changed: for the start of a program, whose events may be others than
    /// before.
    ///
    /// Where several programs with different events start, the last one counts.
    ///
    /// # Errors
    ///
    /// When the database fails; what was noted by then stays.
    pub async fn expand_topics(
        &self,
        event_types: impl IntoIterator<Item = EventType>,
    ) -> Result<u64, AppError> {
        let known: Vec<_> = event_types.into_iter().collect();
        let (mut last, mut changed) = (None, 0);
        loop {
            let work = async |tx: &UnitOfWork| self.expand_some(tx, &known, last).await;
            let portion = self.transaction(work).await?;
            changed += portion.changed;
            last = portion.last;
            if last.is_none() {
                return Ok(changed);
            }
        }
    }

    async fn expand_some(
        &self,
        tx: &UnitOfWork,
        known: &[EventType],
        after: Option<AppWebhookId>,
    ) -> Result<Portion, AppError> {
        let mut webhooks = webhook::Entity::find()
            .order_by_asc(webhook::Column::Id)
            .limit(u64::try_from(AT_ONCE).unwrap_or(u64::MAX))
            .lock_exclusive();
        if let Some(after) = after {
            webhooks = webhooks.filter(webhook::Column::Id.gt(after));
        }
        let webhooks = webhooks.all(&**tx).await?;
        let ids = webhooks.iter().map(|webhook| webhook.id);
        let noted = topic::Entity::find().filter(topic::Column::WebhookId.is_in(ids));
        let mut before = BTreeMap::<AppWebhookId, BTreeSet<String>>::new();
        for row in noted.all(&**tx).await? {
            before.entry(row.webhook_id).or_default().insert(row.event_type);
        }
        let apps = webhooks.iter().map(|webhook| webhook.app_id);
        let apps = installation::Entity::find().filter(installation::Column::Id.is_in(apps));
        let granted: BTreeMap<_, _> =
            apps.all(&**tx).await?.into_iter().map(|app| (app.id, app.granted.0)).collect();
        let mut different = Vec::new();
        for webhook in &webhooks {
            let granted = granted.get(&webhook.app_id).map_or(&[][..], Vec::as_slice);
            let topics = matching(&webhook.definition.0, known, granted);
            if before.remove(&webhook.id).unwrap_or_default() != topics {
                different.push((webhook.id, topics));
            }
        }
        let changed = u64::try_from(different.len()).unwrap_or(u64::MAX);
        self.set_topics(tx, different).await?;
        let is_last = webhooks.len() < AT_ONCE;
        let last = webhooks.last().filter(|_| !is_last).map(|webhook| webhook.id);
        Ok(Portion { changed, last })
    }

    /// Notes which events these webhooks are for.
    pub(super) async fn set_topics(
        &self,
        tx: &UnitOfWork,
        topics: Vec<Topics>,
    ) -> Result<(), AppError> {
        if topics.is_empty() {
            return Ok(());
        }
        let ids = topics.iter().map(|(webhook, _)| *webhook);
        let gone = topic::Entity::delete_many().filter(topic::Column::WebhookId.is_in(ids));
        gone.exec(&**tx).await?;
        let rows: Vec<_> = topics
            .into_iter()
            .flat_map(|(webhook, types)| {
                types.into_iter().map(move |event_type| (webhook, event_type))
            })
            .map(|(webhook, event_type)| topic::ActiveModel {
                webhook_id: Set(webhook),
                event_type: Set(event_type),
            })
            .collect();
        for portion in rows.chunks(INSERTED) {
            let insert = topic::Entity::insert_many(portion.to_vec());
            insert.exec_without_returning(&**tx).await?;
        }
        Ok(())
    }
}

struct Portion {
    changed: u64,
    /// Behind which the next one begins, if there is one.
    last: Option<AppWebhookId>,
}
