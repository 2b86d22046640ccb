//! An app comes into a shop.

use chrono::TimeDelta;
use czo_core::{RequestContext, ShopId};
use czo_repo::{RepoError, UnitOfWork};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};

use super::handshake::Credentials;
use super::options::Patience;
use super::rows::installation::{self, Column, Grants, InstallationStatus, KeptManifest};
use super::{AppRegistry, Consent, INSTALLATIONS, Installation, ManifestSource, WRITE};
use crate::{AppError, AppGrant, AppInstalled, AppManifest, InstallationId};

/// Which app is to be installed, and where.
#[derive(Clone, Debug)]
pub struct InstallRequest {
    /// The shop.
    pub shop: ShopId,
    /// Where the manifest comes from.
    pub manifest: ManifestSource,
    /// What whoever installs it consents to.
    pub consent: Consent,
}

impl AppRegistry {
    /// What an app says of itself and asks for, before it is installed: for whoever is to consent.
    ///
    /// # Errors
    ///
    /// Those of the manifest; without `app:write` in the shop of the context.
    pub async fn preview(
        &self,
        ctx: &RequestContext,
        manifest: &ManifestSource,
    ) -> Result<AppManifest, AppError> {
        self.allow(ctx, &WRITE).await?;
        self.read_manifest(manifest, self.shared.options.patience()).await
    }

    /// Installs an app in a shop.
    ///
    /// First the app is asked to repeat a challenge at its `handshakeUrl`: nothing secret is sent to
    /// a place that does not know how to. Then it is sent its token and what messages to it are signed
    /// with, once and never again, in a message that is signed with that. When it has answered with
    /// 2xx, token, secrets, webhooks and the event `app.installation.created` are written at once,
    /// and the token begins to count. Otherwise nothing is left of it all. The manifest and both
    /// messages share the [`total_deadline`](super::RegistryOptions::total_deadline).
    ///
    /// A process that dies in between leaves an installation with the status `installing`, without
    /// token and secrets. It stands in the way of no other after
    /// [`give_up`](super::RegistryOptions::give_up), and [`sweep`](Self::sweep) removes it.
    ///
    /// # Errors
    ///
    /// Those of the manifest, of which all violations are named; [`AppError::NotYours`] and
    /// [`AppError::NotConsented`], which name everything that is missing;
    /// [`AppError::AlreadyInstalled`]; [`AppError::Handshake`], which says what the app answered;
    /// without `app:write` in the shop, and when the database fails.
    pub async fn install(
        &self,
        ctx: &RequestContext,
        request: InstallRequest,
    ) -> Result<Installation, AppError> {
        let ctx = ctx.clone().for_shop(request.shop);
        self.allow(&ctx, &WRITE).await?;
        let patience = self.shared.options.patience();
        let manifest = self.read_manifest(&request.manifest, patience).await?;
        let asked = AppGrant::asked_by(&manifest);
        self.check_consent(&ctx, &asked, &request.consent).await?;
        let row = self.begin(&ctx, request.shop, &manifest, asked).await?;
        match Box::pin(self.complete(&ctx, &row, patience)).await {
            Ok(row) => Ok(Installation::of(row)),
            Err(error) => {
                self.undo(row.id).await;
                Err(error)
            }
        }
    }

    /// Takes the place of the app in the shop.
    async fn begin(
        &self,
        ctx: &RequestContext,
        shop: ShopId,
        manifest: &AppManifest,
        asked: Vec<AppGrant>,
    ) -> Result<installation::Model, AppError> {
        let row = installation::ActiveModel {
            identifier: Set(manifest.id.to_string()),
            status: Set(InstallationStatus::Installing),
            manifest: Set(KeptManifest(manifest.clone())),
            granted: Set(Grants(asked)),
            pending: Set(None),
            offered: Set(None),
            config: Set(None),
            installed_by: Set(ctx.actor.id()),
            ..Default::default()
        };
        let work = async |tx: &UnitOfWork| {
            let unfinished = self.given_up().filter(Column::ShopId.eq(shop));
            let unfinished = unfinished.filter(Column::Identifier.eq(manifest.id.as_str()));
            unfinished.exec(&**tx).await?;
            let created = INSTALLATIONS.for_shop(shop).create(tx, row.clone()).await;
            created.map_err(|error| match error {
                RepoError::Taken { .. } => {
                    AppError::AlreadyInstalled { identifier: manifest.id.clone() }
                }
                error => error.into(),
            })
        };
        self.transaction(work).await
    }

    /// The handshake, and everything that counts from then on.
    async fn complete(
        &self,
        ctx: &RequestContext,
        row: &installation::Model,
        patience: Patience,
    ) -> Result<installation::Model, AppError> {
        self.challenge(row, patience).await?;
        let credentials = Credentials::generate(self.token_end())?;
        self.hand_over(row, &credentials, patience).await?;
        let work = async |tx: &UnitOfWork| self.finish(tx, ctx, row, &credentials).await;
        self.transaction(work).await
    }

    async fn finish(
        &self,
        tx: &UnitOfWork,
        ctx: &RequestContext,
        before: &installation::Model,
        credentials: &Credentials,
    ) -> Result<installation::Model, AppError> {
        let status = Set(InstallationStatus::Enabled);
        let changes = installation::ActiveModel { status, ..Default::default() };
        let row = self.change(tx, before, changes).await.map_err(|error| match error {
            AppError::NotFound { id } => AppError::Removed { id },
            error => error,
        })?;
        self.insert_token(tx, row.id, &credentials.token, credentials.token_end).await?;
        self.insert_secrets(tx, row.id, &credentials.secret, &credentials.key).await?;
        self.sync_webhooks(tx, &row).await?;
        let manifest = &row.manifest.0;
        let event = AppInstalled {
            installation_id: row.id,
            identifier: manifest.id.clone(),
            app_version: manifest.version.to_string(),
            granted: row.granted.0.clone(),
        };
        self.tell(tx, ctx, &event)?;
        Ok(row)
    }

    /// Removes an installation that was not finished. Where that fails, [`sweep`](Self::sweep) does it.
    async fn undo(&self, id: InstallationId) {
        let work = async |tx: &UnitOfWork| {
            let unfinished = installation::Entity::delete_many()
                .filter(Column::Id.eq(id))
                .filter(Column::Status.eq(InstallationStatus::Installing));
            unfinished.exec(&**tx).await?;
            Ok::<_, AppError>(())
        };
        if let Err(error) = self.transaction(work).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(app.installation = %id, error, "an installation could not be undone");
        }
    }

    /// Removes the installations that were begun so long ago that nobody is at them any more.
    pub(super) fn given_up(&self) -> sea_orm::DeleteMany<installation::Entity> {
        let give_up = TimeDelta::from_std(self.shared.options.give_up_after());
        let since = self.db().now().checked_sub_signed(give_up.unwrap_or(TimeDelta::MAX));
        installation::Entity::delete_many()
            .filter(Column::Status.eq(InstallationStatus::Installing))
            .filter(Column::CreatedAt.lt(since.unwrap_or_default()))
    }
}
