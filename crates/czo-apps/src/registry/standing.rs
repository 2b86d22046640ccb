//! Whether an app may act, and its end.

use czo_core::RequestContext;
use czo_repo::UnitOfWork;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};

use super::rows::installation::{ActiveModel, InstallationStatus};
use super::rows::secret;
use super::{AppRegistry, INSTALLATIONS, Installation, WRITE};
use crate::delivery::dialect::Dialect;
use crate::delivery::uninstalled;
use crate::{AppError, AppUninstalled, InstallationId};

impl AppRegistry {
    /// Lets an app act again: its tokens count, its webhooks are active. Of an app that may act,
    /// nothing changes.
    ///
    /// # Errors
    ///
    /// [`AppError::NotFound`], [`AppError::Installing`]; without `app:write`, and when the database
    /// fails.
    pub async fn enable(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
    ) -> Result<Installation, AppError> {
        self.switch(ctx, id, InstallationStatus::Enabled).await
    }

    /// Keeps an app from acting, from the next request on: its tokens do not count, its webhooks
    /// are not active. What it has and what is set up stays.
    ///
    /// # Errors
    ///
    /// [`AppError::NotFound`], [`AppError::Installing`]; without `app:write`, and when the database
    /// fails.
    pub async fn disable(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
    ) -> Result<Installation, AppError> {
        self.switch(ctx, id, InstallationStatus::Disabled).await
    }

    async fn switch(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
        status: InstallationStatus,
    ) -> Result<Installation, AppError> {
        let shop = self.allow(ctx, &WRITE).await?;
        let work = async |tx: &UnitOfWork| {
            let row = self.locked(tx, shop, id).await?;
            if row.status == status {
                return Ok(row);
            }
            let changes = ActiveModel { status: Set(status), ..Default::default() };
            let row = self.change(tx, &row, changes).await?;
            self.switch_webhooks(tx, id, status == InstallationStatus::Enabled).await?;
            self.tell_updated(tx, ctx, &row, &["status"])?;
            Ok::<_, AppError>(row)
        };
        Ok(Installation::of(self.transaction(work).await?))
    }

    /// Removes an app from its shop: its tokens are revoked, its secrets, its webhooks and what was set
    /// up are deleted. What waits to be sent to it is given up, and [`sweep`](Self::sweep) deletes what
    /// it was sent. That it was there stays known, and it can be installed again.
    ///
    /// Of an installation that is under way nothing is left, and it does not finish.
    ///
    /// # Errors
    ///
    /// [`AppError::NotFound`]; without `app:write`, and when the database fails.
    pub async fn uninstall(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
    ) -> Result<(), AppError> {
        let shop = self.allow(ctx, &WRITE).await?;
        let work = async |tx: &UnitOfWork| {
            let row = self.locked_whatever(tx, shop, id).await?;
            let rows = INSTALLATIONS.for_shop(shop);
            if row.status == InstallationStatus::Installing {
                rows.hard_delete(tx, id).await?;
                return Ok(());
            }
            self.revoke_all(tx, id).await?;
            let secrets = secret::Entity::delete_many().filter(secret::Column::AppId.eq(id));
            secrets.exec(&**tx).await?;
            uninstalled::give_up(tx, Dialect::of(self.db()), id).await?;
            self.delete_webhooks(tx, id).await?;
            let changes = ActiveModel {
                status: Set(InstallationStatus::Disabled),
                pending: Set(None),
                offered: Set(None),
                config: Set(None),
                ..Default::default()
            };
            let row = self.change(tx, &row, changes).await?;
            rows.delete(tx, id, row.version).await?;
            let identifier = row.manifest.0.id.clone();
            self.tell(tx, ctx, &AppUninstalled { installation_id: id, identifier })
        };
        self.transaction(work).await
    }
}
