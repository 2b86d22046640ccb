//! The webhooks of installations, as their manifests have them.

use std::collections::BTreeMap;

use czo_core::RequestContext;
use czo_repo::UnitOfWork;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};

use super::rows::installation::{self, InstallationStatus};
use super::rows::webhook::{self, Column, KeptWebhook};
use super::topics::matching;
use super::{AppRegistry, AppWebhook, READ};
use crate::{AppError, AppWebhookId, InstallationId};

/// Why the webhooks of an app that is switched off are not active.
const APP_DISABLED: &str = "app_disabled";

impl AppRegistry {
    /// The webhooks of an app, by their identifiers.
    ///
    /// # Errors
    ///
    /// [`AppError::NotFound`]; without `app:read`, and when the database fails.
    pub async fn webhooks(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
    ) -> Result<Vec<AppWebhook>, AppError> {
        let shop = self.allow(ctx, &READ).await?;
        self.row(shop, id).await?;
        let rows = webhook::Entity::find()
            .filter(Column::AppId.eq(id))
            .order_by_asc(Column::Identifier)
            .all(&**self.db())
            .await?;
        Ok(rows.into_iter().map(AppWebhook::of).collect())
    }

    /// Makes the webhooks of an installation those of its manifest. Which is which is known by their
    /// identifiers.
    ///
    /// One that was switched off because of its answers stays so, unless it is somewhere else now.
    pub(super) async fn sync_webhooks(
        &self,
        tx: &UnitOfWork,
        row: &installation::Model,
    ) -> Result<(), AppError> {
        let before = webhook::Entity::find().filter(Column::AppId.eq(row.id)).all(&**tx).await?;
        let mut before: BTreeMap<_, _> =
            before.into_iter().map(|webhook| (webhook.identifier.clone(), webhook)).collect();
        let is_enabled = row.status == InstallationStatus::Enabled;
        let reason = (!is_enabled).then(|| APP_DISABLED.to_owned());
        let (mut created, mut topics) = (Vec::new(), Vec::new());
        for wanted in &row.manifest.0.webhooks {
            let old = before.remove(wanted.identifier.as_str());
            let known = self.shared.rules.known_event_types();
            let wants = matching(wanted, known, &row.granted.0);
            if let Some(old) = old.as_ref().filter(|old| old.definition.0 == *wanted) {
                // What the app may read may have changed.
                topics.push((old.id, wants));
                continue;
            }
            let mut new = webhook::ActiveModel {
                definition: Set(KeptWebhook(wanted.clone())),
                ..Default::default()
            };
            if old.as_ref().is_none_or(|old| old.definition.0.target_url != wanted.target_url) {
                new.is_active = Set(is_enabled);
                new.disabled_reason = Set(reason.clone());
            }
            let id = match old {
                Some(old) => {
                    new.id = Set(old.id);
                    new.update(&**tx).await?;
                    old.id
                }
                None => {
                    let id = AppWebhookId::generate(&*self.shared.ids);
                    new.id = Set(id);
                    new.app_id = Set(row.id);
                    new.shop_id = Set(row.shop_id);
                    new.identifier = Set(wanted.identifier.to_string());
                    created.push(new);
                    id
                }
            };
            topics.push((id, wants));
        }
        let gone: Vec<_> = before.into_values().map(|webhook| webhook.id).collect();
        if !gone.is_empty() {
            webhook::Entity::delete_many().filter(Column::Id.is_in(gone)).exec(&**tx).await?;
        }
        if !created.is_empty() {
            webhook::Entity::insert_many(created).exec_without_returning(&**tx).await?;
        }
        self.set_topics(tx, topics).await
    }

    /// Switches the webhooks of an app off and on with it. Those that were off before stay off.
    pub(super) async fn switch_webhooks(
        &self,
        tx: &UnitOfWork,
        app: InstallationId,
        on: bool,
    ) -> Result<(), AppError> {
        let (reason, those) = if on {
            (None, Column::DisabledReason.eq(APP_DISABLED))
        } else {
            (Some(APP_DISABLED), Column::IsActive.eq(true))
        };
        webhook::Entity::update_many()
            .col_expr(Column::IsActive, Expr::value(on))
            .col_expr(Column::DisabledReason, Expr::value(reason))
            .filter(Column::AppId.eq(app))
            .filter(those)
            .exec(&**tx)
            .await?;
        Ok(())
    }

    pub(super) async fn delete_webhooks(
        &self,
        tx: &UnitOfWork,
        app: InstallationId,
    ) -> Result<(), AppError> {
        webhook::Entity::delete_many().filter(Column::AppId.eq(app)).exec(&**tx).await?;
        Ok(())
    }
}
