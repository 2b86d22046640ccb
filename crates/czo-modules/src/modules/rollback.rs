//! A module goes back to the version before.

use std::sync::Arc;
use std::time::Duration;

use czo_core::RequestContext;
use czo_module_package::ModuleName;
use czo_repo::UnitOfWork;
use serde_json::json;

use super::RolledBack;
use super::held::Held;
use super::recover::TAKE_BACK;
use super::shared::Shared;
use super::standing::Standing;
use super::switch::Order;
use crate::activation::Candidate;
use crate::{
    Cause, Generation, ModuleError, ModuleRecord, ModuleStatus, ModuleVersionRecord, OperationKind,
    OperationOutcome, StoreError,
};

impl Shared {
    /// Goes back to the version before; `failing` is the generation that is gone back from, and why,
    /// where nobody asked for it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Changed`] when another generation serves by now.
    pub(crate) async fn roll_back(
        self: &Arc<Self>,
        ctx: &RequestContext,
        name: &ModuleName,
        failing: Option<(Generation, &str)>,
    ) -> Result<RolledBack, ModuleError> {
        self.record(name).await?;
        let data = json!({ "reason": failing.map(|(_, reason)| reason) });
        let held = self.hold(name, OperationKind::Rollback, &data).await?;
        match self.roll_back_held(ctx, name, failing, &held).await {
            Ok(rolled_back) => Ok(rolled_back),
            Err(error) => Err(self.give_up(&held, error).await),
        }
    }

    async fn roll_back_held(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
        failing: Option<(Generation, &str)>,
        held: &Held,
    ) -> Result<RolledBack, ModuleError> {
        let record = self.record(name).await?;
        if failing.is_some_and(|(generation, _)| record.generation != Some(generation)) {
            return Err(StoreError::Changed { name: name.clone() }.into());
        }
        let reason = failing.map(|(_, reason)| reason);
        let from = self.current(&record).await?.manifest.version;
        let mut standing = Standing::of(&record);
        let target = self.version_before(&record, &mut standing).await?;
        let candidate = Candidate::of_version(&self.store, &target).await?;
        let standing = Standing {
            reason: reason.map(|reason| format!("back from {from}: {reason}")),
            next: None,
            waits: None,
            watched_until: None,
            quarantine: None,
            ..standing
        };
        let serves = matches!(record.status, ModuleStatus::Enabled | ModuleStatus::Quarantined);
        // Whoever takes the operation over sees by the version whether it has happened.
        let step = json!({ "to": candidate.plan.last(), "version": target.id });
        self.store.step(held, TAKE_BACK, &step).await?;
        let activated = if serves {
            let (operation, cause, source, ends) = (held, Cause::RolledBack, None, false);
            let (record, candidate) = (&record, &candidate);
            let order = Order { ctx, operation, record, candidate, cause, standing, source, ends };
            Some(self.switch(order).await?)
        } else {
            self.go_back_quietly(ctx, held, &record, &target, standing).await?;
            None
        };
        // From here on it has happened. What is left is finished by whoever takes the operation over.
        let taken_back = self.take_back(held, name, candidate.plan.last(), serves).await;
        let migrations_taken_back = taken_back.unwrap_or_else(|error| {
            let error = czo_core::describe(&error);
            tracing::error!(module = %name, error, "migrations are not taken back yet");
            0
        });
        let to = target.manifest.version;
        tracing::info!(module = %name, %from, %to, reason, "a module went back");
        Ok(RolledBack { from, to, migrations_taken_back, activated })
    }

    /// The version to go back to, which is taken out of what is written down of those before.
    async fn version_before(
        &self,
        record: &ModuleRecord,
        standing: &mut Standing,
    ) -> Result<ModuleVersionRecord, ModuleError> {
        let versions = self.store.versions(&record.name).await?;
        // One that was to be enabled next and never served goes back to the one that did.
        let next = standing.next.filter(|next| Some(*next) != record.version_id);
        let mut candidates = standing.before.clone();
        candidates.extend(next.and(record.version_id));
        while let Some(id) = candidates.pop() {
            // Only the last few are kept.
            if let Some(version) = versions.iter().find(|version| version.id == id) {
                standing.before = candidates;
                return Ok(version.clone());
            }
        }
        Err(ModuleError::NoVersionBefore { name: record.name.clone() })
    }

    async fn go_back_quietly(
        &self,
        ctx: &RequestContext,
        held: &Held,
        record: &ModuleRecord,
        target: &ModuleVersionRecord,
        standing: Standing,
    ) -> Result<(), ModuleError> {
        let (store, name) = (&self.store, &record.name);
        let note = Standing { next: Some(target.id), ..standing }.note();
        store
            .database()
            .transaction(async |tx: &UnitOfWork| {
                store.hold(tx, held).await?;
                store.set_status(tx, record, record.status, Some(&note)).await?;
                let now = Some((&target.manifest.version, None));
                self.tell(tx, ctx, name, "rolled-back", now)
            })
            .await
    }

    /// Takes back the migrations that a version lacks, once no newer one serves, and ends the
    /// operation.
    async fn take_back(
        &self,
        held: &Held,
        name: &ModuleName,
        to: u32,
        serves: bool,
    ) -> Result<usize, ModuleError> {
        let applied = self.migrations.applied(name).await?;
        let beyond = applied.iter().any(|it| it.number > to);
        let mut taken_back = 0;
        if beyond {
            if serves {
                tokio::time::sleep(self.until_others_followed()).await;
            }
            taken_back = self.migrations.down_to(held, name, to).await?;
        }
        let finish =
            async |tx: &UnitOfWork| self.store.finish(tx, held, OperationOutcome::Done, None).await;
        self.store.database().transaction(finish).await?;
        Ok(taken_back)
    }

    /// How long it takes until the other processes, as far as they live, have done the same.
    pub(crate) fn until_others_followed(&self) -> Duration {
        self.options.follow_every * 2
    }
}
