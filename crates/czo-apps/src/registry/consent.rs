//! What an app may be allowed.

use czo_core::{Permission, RequestContext};
use czo_repo::UnitOfWork;
use sea_orm::Set;

use super::rows::installation::{ActiveModel, Grants};
use super::{AppRegistry, Installation, WRITE};
use crate::grant::not_covered;
use crate::{AppError, AppGrant, InstallationId, PermissionScope};

/// What somebody consents to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Consent {
    /// All that the app asks for, whatever that is.
    ToAll,
    /// This and no more: what was read before it was agreed to. When the app has come to ask for
    /// something else meanwhile, nothing is done.
    To(Vec<AppGrant>),
}

impl AppRegistry {
    /// Gives an app what its last update asks for.
    ///
    /// # Errors
    ///
    /// [`AppError::NotYours`] and [`AppError::NotConsented`], which name everything that is missing;
    /// [`AppError::NotFound`], [`AppError::Installing`], and a conflict when the app was changed at
    /// the same time; without `app:write`, and when the database fails.
    pub async fn consent(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
        consent: &Consent,
    ) -> Result<Installation, AppError> {
        let shop = self.allow(ctx, &WRITE).await?;
        let row = self.finished(shop, id).await?;
        let Some(Grants(pending)) = &row.pending else { return Ok(Installation::of(row)) };
        self.check_consent(ctx, pending, consent).await?;
        let granted = AppGrant::asked_by(&row.manifest.0);
        let work = async |tx: &UnitOfWork| {
            let granted = Set(Grants(granted.clone()));
            let changes = ActiveModel { granted, pending: Set(None), ..Default::default() };
            let row = self.change(tx, &row, changes).await?;
            self.sync_webhooks(tx, &row).await?;
            self.tell_updated(tx, ctx, &row, &["granted", "pending"])?;
            Ok::<_, AppError>(row)
        };
        Ok(Installation::of(self.transaction(work).await?))
    }

    /// Refuses unless whoever asks may do all of this, and has consented to it.
    pub(super) async fn check_consent(
        &self,
        ctx: &RequestContext,
        asked: &[AppGrant],
        consent: &Consent,
    ) -> Result<(), AppError> {
        let mut missing = Vec::<Permission>::new();
        for AppGrant { permission, scope } in asked {
            // Whoever lets an app into every shop must be allowed there, too.
            let shop = ctx.shop_id.filter(|_| *scope != PermissionScope::Global);
            if !self.shared.permissions.allows(&ctx.actor, permission, shop).await? {
                missing.push(permission.clone());
            }
        }
        if !missing.is_empty() {
            return Err(AppError::NotYours { missing });
        }
        let Consent::To(consented) = consent else { return Ok(()) };
        let missing = not_covered(asked, consented);
        if missing.is_empty() { Ok(()) } else { Err(AppError::NotConsented { missing }) }
    }
}
