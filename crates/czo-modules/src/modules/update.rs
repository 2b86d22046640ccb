//! A module is replaced by another version of it.

use std::sync::Arc;

use czo_core::RequestContext;
use czo_module_package::{GrantsDiff, ModuleManifest, ModuleName, Package};
use czo_repo::UnitOfWork;
use semver::Version;
use serde_json::json;

use super::held::Held;
use super::shared::Shared;
use super::standing::Standing;
use super::switch::Order;
use super::{Consent, UpdateOutcome, Widened};
use crate::activation::{Candidate, Origin};
use crate::{
    ArtifactDigest, Cause, ModuleError, ModuleRecord, ModuleStatus, ModuleVersionId,
    ModuleVersionRecord, OperationKind, OperationOutcome,
};

/// A version that is to replace another one.
struct Replacement<'a> {
    ctx: &'a RequestContext,
    held: &'a Held,
    record: ModuleRecord,
    current: ModuleVersionRecord,
    candidate: Candidate,
    cause: Cause,
    source: Option<&'a str>,
}

impl Shared {
    /// Replaces a module by a package; `is_trial` is one under development.
    pub(crate) async fn update(
        self: &Arc<Self>,
        ctx: &RequestContext,
        package: &Package,
        source: Option<&str>,
        consent: &Consent,
        is_trial: bool,
    ) -> Result<UpdateOutcome, ModuleError> {
        let name = &package.manifest().name;
        self.record(name).await?;
        let held = self.hold(name, OperationKind::Update, &json!({})).await?;
        let updated = self.update_held(ctx, package, source, consent, is_trial, &held).await;
        match updated {
            Ok(outcome) => Ok(outcome),
            Err(error) => Err(self.give_up(&held, error).await),
        }
    }

    async fn update_held(
        &self,
        ctx: &RequestContext,
        package: &Package,
        source: Option<&str>,
        consent: &Consent,
        is_trial: bool,
        held: &Held,
    ) -> Result<UpdateOutcome, ModuleError> {
        let new = package.manifest();
        let record = self.record(&new.name).await?;
        let current = self.current(&record).await?;
        let same = current.package_digest == ArtifactDigest::from(*package.digest().as_bytes());
        if same && !is_trial {
            self.ends(held).await?;
            return Ok(UpdateOutcome::Unchanged);
        }
        if current.manifest.version == new.version && !is_trial {
            let problem = format!(
                "{} is here already with other files: give it another version",
                new.version
            );
            return Err(ModuleError::Refused { problems: vec![problem] });
        }
        self.look_at(package, Some(&current.manifest))?;
        let candidate = Candidate::of_package(&self.store, package).await?;
        let cause = if is_trial { Cause::Reloaded } else { Cause::Updated };
        let replacement = Replacement { ctx, held, record, current, candidate, cause, source };
        match widened(&replacement.current.manifest, new) {
            Some(widened) if !consents(consent, &widened, &new.name)? => {
                self.park(replacement, widened).await
            }
            _ => self.replace(replacement).await,
        }
    }

    /// Lets the version that waits take over.
    pub(crate) async fn accept(
        self: &Arc<Self>,
        ctx: &RequestContext,
        name: &ModuleName,
        consent: &Consent,
    ) -> Result<UpdateOutcome, ModuleError> {
        self.record(name).await?;
        let held = self.hold(name, OperationKind::Update, &json!({})).await?;
        match self.accept_held(ctx, name, consent, &held).await {
            Ok(outcome) => Ok(outcome),
            Err(error) => Err(self.give_up(&held, error).await),
        }
    }

    async fn accept_held(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
        consent: &Consent,
        held: &Held,
    ) -> Result<UpdateOutcome, ModuleError> {
        let record = self.record(name).await?;
        let current = self.current(&record).await?;
        let waits = Standing::of(&record).waits;
        let waits = waits.ok_or_else(|| ModuleError::NothingWaits { name: name.clone() })?;
        let version = self.store.version(waits).await?;
        if let Some(widened) = widened(&current.manifest, &version.manifest)
            && !consents(consent, &widened, name)?
        {
            return Err(ModuleError::ConsentDiffers { name: name.clone(), digest: widened.digest });
        }
        let candidate = Candidate::of_version(&self.store, &version).await?;
        let (cause, source) = (Cause::Updated, None);
        self.replace(Replacement { ctx, held, record, current, candidate, cause, source }).await
    }

    /// Keeps a version that asks for more, until somebody consents; the one that serves still does.
    async fn park(
        &self,
        replacement: Replacement<'_>,
        widened: Widened,
    ) -> Result<UpdateOutcome, ModuleError> {
        let Replacement { ctx, held, record, candidate, .. } = replacement;
        let (name, store) = (&record.name, &self.store);
        let version = &candidate.manifest.version;
        store
            .database()
            .transaction(async |tx: &UnitOfWork| {
                store.hold(tx, held).await?;
                let waits = kept(store, tx, &candidate).await?;
                let note = Standing { waits: Some(waits), ..Standing::of(&record) }.note();
                store.set_status(tx, &record, record.status, Some(&note)).await?;
                self.tell(tx, ctx, name, "waits", Some((version, record.generation)))?;
                store.finish(tx, held, OperationOutcome::Done, None).await
            })
            .await?;
        tracing::info!(module = %name, %version, "a version waits for a consent");
        Ok(UpdateOutcome::WaitsForConsent(widened))
    }

    async fn replace(&self, replacement: Replacement<'_>) -> Result<UpdateOutcome, ModuleError> {
        let Replacement { ctx, held, record, current, candidate, cause, source } = replacement;
        let (from, to) = (current.manifest.version.clone(), candidate.manifest.version.clone());
        let standing = Standing::of(&record);
        let serves = matches!(record.status, ModuleStatus::Enabled | ModuleStatus::Quarantined);
        if !serves {
            self.replace_quietly(ctx, held, &record, &candidate, source).await?;
            return Ok(UpdateOutcome::Replaced { from, to });
        }
        let watched_until = self.parts.clock.now()
            + chrono::TimeDelta::from_std(self.options.probation)
                .unwrap_or(chrono::TimeDelta::zero());
        // One under development has nothing to go back to that would be better.
        let before = (cause == Cause::Updated).then_some(record.version_id).flatten();
        let standing =
            Standing { watched_until: before.map(|_| watched_until), ..standing.replaced(before) };
        let (operation, ends) = (held, true);
        let (record, candidate) = (&record, &candidate);
        let order = Order { ctx, operation, record, candidate, cause, standing, source, ends };
        let activated = self.switch(order).await?;
        Ok(UpdateOutcome::Updated { from, activated })
    }

    /// Makes a version the one that is enabled next.
    async fn replace_quietly(
        &self,
        ctx: &RequestContext,
        held: &Held,
        record: &ModuleRecord,
        candidate: &Candidate,
        source: Option<&str>,
    ) -> Result<(), ModuleError> {
        let (name, store) = (&record.name, &self.store);
        let generation = record.generation.unwrap_or(crate::Generation::new(1));
        let tried = self.stage.prepare(candidate, generation).await;
        drop(tried.map_err(|failed| failed.of_module(name))?);
        self.migrations.rehearse(&candidate.plan).await?;
        let version = &candidate.manifest.version;
        store
            .database()
            .transaction(async |tx: &UnitOfWork| {
                store.hold(tx, held).await?;
                let next = Some(kept(store, tx, candidate).await?);
                let note = Standing { next, waits: None, ..Standing::of(record) }.note();
                let record = store.set_status(tx, record, record.status, Some(&note)).await?;
                if let Some(source) = source {
                    store.set_source(tx, &record, source).await?;
                }
                self.tell(tx, ctx, name, "updated", Some((version, None)))?;
                store.finish(tx, held, OperationOutcome::Done, None).await
            })
            .await
    }

    /// The version of a module that serves, or is enabled next.
    pub(crate) async fn current(
        &self,
        record: &ModuleRecord,
    ) -> Result<ModuleVersionRecord, ModuleError> {
        match Standing::of(record).current(record) {
            Some(id) => self.store.version(id).await,
            None => {
                let versions = self.store.versions(&record.name).await?;
                let name = record.name.clone();
                versions.into_iter().next().ok_or(ModuleError::NotFound { name })
            }
        }
    }

    /// Ends an operation that had nothing to do.
    async fn ends(&self, held: &Held) -> Result<(), ModuleError> {
        let end =
            async |tx: &UnitOfWork| self.store.finish(tx, held, OperationOutcome::Done, None).await;
        self.store.database().transaction(end).await
    }
}

/// The id of a version, which is kept now where it was not.
async fn kept(
    store: &crate::ModuleStore,
    tx: &UnitOfWork,
    candidate: &Candidate,
) -> Result<ModuleVersionId, ModuleError> {
    Ok(match &candidate.origin {
        Origin::New(new) => store.add_version(tx, new).await?.id,
        Origin::Kept(id) => *id,
    })
}

/// What `new` asks for that `old` had not; none where that is nothing.
pub(crate) fn widened(old: &ModuleManifest, new: &ModuleManifest) -> Option<Widened> {
    let diff = GrantsDiff::between(old, new);
    if !diff.widens() {
        return None;
    }
    let version: Version = new.version.clone();
    let grants: Vec<_> = diff.added.iter().map(ToString::to_string).collect();
    // Of the version too: who agrees to one has not seen another.
    let text = format!("{version}\n{}", grants.join("\n"));
    let digest = ArtifactDigest::of(text.as_bytes()).to_string();
    Some(Widened { version, grants, digest })
}

fn consents(consent: &Consent, widened: &Widened, name: &ModuleName) -> Result<bool, ModuleError> {
    match consent {
        Consent::Nothing => Ok(false),
        Consent::Everything => Ok(true),
        Consent::Exactly(digest) if *digest == widened.digest => Ok(true),
        Consent::Exactly(_) => {
            let (name, digest) = (name.clone(), widened.digest.clone());
            Err(ModuleError::ConsentDiffers { name, digest })
        }
    }
}
