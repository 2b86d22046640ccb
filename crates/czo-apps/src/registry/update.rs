//! An installed app says something else of itself.

use czo_core::RequestContext;
use czo_repo::UnitOfWork;
use sea_orm::Set;

use super::rows::installation::{ActiveModel, Grants, KeptManifest};
use super::{AppRegistry, ManifestSource, WRITE};
use crate::grant::{kept, not_covered};
use crate::manifest::{at_known_hosts, new_hosts};
use crate::{AppError, AppGrant, InstallationId, ManifestDiff, NewHost};

/// What became of an update.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum UpdateOutcome {
    /// All of it is in place.
    Applied(ManifestDiff),
    /// All of it is in place but the permissions, and the hosts, that nobody has consented to; see
    /// [`AppRegistry::consent`].
    NeedsConsent {
        /// What is new.
        diff: ManifestDiff,
        /// What waits for consent, of earlier updates too.
        pending: Vec<AppGrant>,
        /// Where it wants to be, likewise.
        hosts: Vec<NewHost>,
    },
}

impl UpdateOutcome {
    /// What is new.
    #[must_use]
    pub fn diff(&self) -> &ManifestDiff {
        match self {
            Self::Applied(diff) | Self::NeedsConsent { diff, .. } => diff,
        }
    }
}

impl AppRegistry {
    /// Updates an installed app to another manifest: the one that is handed in, or the one where the
    /// app says that its newest is.
    ///
    /// It is done in place and at once: the installation, its tokens, its secrets and what is set up
    /// stay, webhooks are known by their identifiers. What the app is allowed becomes less at once
    /// where it asks for less; where it asks for more, it keeps what it has until somebody
    /// [consents](Self::consent). So it is with hosts: what the new manifest has at a host that
    /// nobody has consented to (webhooks, extensions, `appUrl`, `manifestUrl`, `handshakeUrl`) stays
    /// where it was until then, or is not there yet. When the manifest says the same as before,
    /// nothing happens.
    ///
    /// # Errors
    ///
    /// Those of the manifest, of which all violations are named; [`AppError::OtherApp`],
    /// [`AppError::NoManifestUrl`], [`AppError::NotFound`], [`AppError::Installing`], and a conflict
    /// when the app was changed at the same time; without `app:write`, and when the database fails.
    pub async fn update(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
        manifest: Option<ManifestSource>,
    ) -> Result<UpdateOutcome, AppError> {
        let shop = self.allow(ctx, &WRITE).await?;
        let before = self.finished(shop, id).await?;
        let old = &before.manifest.0;
        let source = match manifest {
            Some(source) => source,
            None => ManifestSource::Url(old.manifest_url.clone().ok_or(AppError::NoManifestUrl)?),
        };
        let mut new = self.read_manifest(&source, self.shared.options.patience()).await?;
        if new.id != old.id {
            return Err(AppError::OtherApp { expected: old.id.clone(), found: new.id });
        }
        new.manifest_url = new.manifest_url.or_else(|| old.manifest_url.clone());
        let diff = ManifestDiff::between(before.newest(), &new);
        let hosts = new_hosts(old, &new);
        let asked = AppGrant::asked_by(&new);
        let granted = kept(&asked, &before.granted.0);
        let pending = not_covered(&asked, &granted);
        if new != *before.newest() {
            let (manifest, offered) = match hosts.is_empty() {
                true => (new, None),
                false => (at_known_hosts(old, &new), Some(KeptManifest(new))),
            };
            let manifest = KeptManifest(manifest);
            let after = After { manifest, offered, granted, pending: pending.clone() };
            let work = async |tx: &UnitOfWork| {
                let changes = after.changes();
                let row = self.change(tx, &before, changes).await?;
                self.sync_webhooks(tx, &row).await?;
                self.tell_updated(tx, ctx, &row, &after.changed(&before))
            };
            self.transaction(work).await?;
        }
        Ok(match pending.is_empty() && hosts.is_empty() {
            true => UpdateOutcome::Applied(diff),
            false => UpdateOutcome::NeedsConsent { diff, pending, hosts },
        })
    }
}

/// An installation after its update.
struct After {
    manifest: KeptManifest,
    offered: Option<KeptManifest>,
    granted: Vec<AppGrant>,
    pending: Vec<AppGrant>,
}

impl After {
    fn changes(&self) -> ActiveModel {
        let pending = (!self.pending.is_empty()).then(|| Grants(self.pending.clone()));
        ActiveModel {
            manifest: Set(self.manifest.clone()),
            offered: Set(self.offered.clone()),
            granted: Set(Grants(self.granted.clone())),
            pending: Set(pending),
            ..Default::default()
        }
    }

    /// What is different from before, by name.
    fn changed(&self, before: &super::rows::installation::Model) -> Vec<&'static str> {
        let mut changed = vec!["manifest"];
        if before.granted.0 != self.granted {
            changed.push("granted");
        }
        let pending = before.pending.as_ref().map_or(&[][..], |pending| &pending.0);
        if pending != self.pending || before.offered != self.offered {
            changed.push("pending");
        }
        changed
    }
}
