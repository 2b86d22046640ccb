//! What session tokens are made of.

use chrono::{DateTime, Utc};
use czo_core::{Permission, PermissionServiceExt, RequestContext};
use uuid::Uuid;

use super::{AppRegistry, Installation, InstallationStatus, READ};
use crate::{AppError, HttpUrl, InstallationId, SessionError};

impl AppRegistry {
    /// An installation of the shop that may act. No permission is asked.
    pub(crate) async fn enabled(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
    ) -> Result<Installation, AppError> {
        let row = self.finished(ctx.shop()?, id).await?;
        match row.status {
            InstallationStatus::Enabled => Ok(Installation::of(row)),
            _ => Err(SessionError::Disabled { id }.into()),
        }
    }

    /// Refuses unless the caller may do all of this in the shop of the context. For nothing,
    /// `app:read` is asked.
    pub(crate) async fn require_all(
        &self,
        ctx: &RequestContext,
        permissions: &[Permission],
    ) -> Result<(), AppError> {
        let asked = if permissions.is_empty() { &[READ] } else { permissions };
        for permission in asked {
            self.shared.permissions.require(ctx, permission).await?;
        }
        Ok(())
    }

    /// Now, and an id.
    pub(crate) fn moment(&self) -> (DateTime<Utc>, Uuid) {
        (self.shared.clock.now(), self.shared.ids.uuid_v7())
    }

    pub(crate) fn api_url(&self) -> &HttpUrl {
        &self.shared.options.api_url
    }
}
