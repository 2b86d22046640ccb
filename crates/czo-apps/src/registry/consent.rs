//! What an app may be allowed.

use czo_core::{Permission, RequestContext};
use czo_repo::UnitOfWork;
use sea_orm::Set;

use super::rows::installation::{ActiveModel, Grants, KeptManifest};
use super::{AppRegistry, Installation, WRITE};
use crate::grant::not_covered;
use crate::{AppError, AppGrant, InstallationId, NewHost, PermissionScope};

/// What somebody consents to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Consent {
    /// All that the app asks for, whatever that is.
    ToAll,
    /// This and no more: what was read before it was agreed to. When the app has come to ask for
    /// something else meanwhile, nothing is done.
    To(Vec<AppGrant>),
    /// The same, where an update has the app at hosts that it was not at before: these, as
    /// [`NewHost::host`] has them, and no others. An installation has no such hosts.
    ToUpdate {
        /// What it is allowed.
        grants: Vec<AppGrant>,
        /// Where it may be.
        hosts: Vec<String>,
    },
}

impl Consent {
    fn grants(&self) -> Option<&[AppGrant]> {
        match self {
            Self::ToAll => None,
            Self::To(grants) | Self::ToUpdate { grants, .. } => Some(grants),
        }
    }

    fn includes(&self, host: &NewHost) -> bool {
        match self {
            Self::ToAll => true,
            Self::To(_) => false,
            Self::ToUpdate { hosts, .. } => hosts.contains(&host.host),
        }
    }
}

impl AppRegistry {
    /// Gives an app what its last update asks for, and lets it be where that has it.
    ///
    /// Whoever lets it be at another host lets others have what it is told and may do, so he must be
    /// allowed all of that himself.
    ///
    /// # Errors
    ///
    /// [`AppError::NotYours`], [`AppError::NotConsented`] and [`AppError::HostsNotConsented`], which
    /// name everything that is missing;
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
        let (pending, hosts) = (row.pending.as_ref(), row.pending_hosts());
        if pending.is_none() && hosts.is_empty() {
            return Ok(Installation::of(row));
        }
        if let Some(Grants(pending)) = pending {
            self.check_consent(ctx, pending, consent).await?;
        }
        let missing: Vec<_> = hosts.iter().filter(|host| !consent.includes(host)).collect();
        if !missing.is_empty() {
            let missing = missing.into_iter().cloned().collect();
            return Err(AppError::HostsNotConsented { missing });
        }
        let manifest = row.newest().clone();
        let granted = AppGrant::asked_by(&manifest);
        if !hosts.is_empty() {
            self.check_consent(ctx, &granted, &Consent::ToAll).await?;
        }
        let work = async |tx: &UnitOfWork| {
            let changes = ActiveModel {
                manifest: Set(KeptManifest(manifest.clone())),
                granted: Set(Grants(granted.clone())),
                pending: Set(None),
                offered: Set(None),
                ..Default::default()
            };
            let row = self.change(tx, &row, changes).await?;
            self.sync_webhooks(tx, &row).await?;
            let changed: &[_] = match hosts.is_empty() {
                true => &["granted", "pending"],
                false => &["manifest", "granted", "pending"],
            };
            self.tell_updated(tx, ctx, &row, changed)?;
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
        let Some(consented) = consent.grants() else { return Ok(()) };
        let missing = not_covered(asked, consented);
        if missing.is_empty() { Ok(()) } else { Err(AppError::NotConsented { missing }) }
    }
}
