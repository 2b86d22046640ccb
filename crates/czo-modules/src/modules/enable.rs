//! A module begins to serve, or serves no more.

use std::sync::Arc;

use czo_core::RequestContext;
use czo_module_package::ModuleName;
use czo_repo::UnitOfWork;
use serde_json::json;

use super::Activated;
use super::held::Held;
use super::shared::Shared;
use super::standing::Standing;
use super::switch::Order;
use crate::activation::Candidate;
use crate::{Cause, ModuleError, ModuleRecord, ModuleStatus, OperationKind, OperationOutcome};

impl Shared {
    /// Lets a module serve.
    pub(crate) async fn enable(
        self: &Arc<Self>,
        ctx: &RequestContext,
        name: &ModuleName,
    ) -> Result<Activated, ModuleError> {
        self.record(name).await?;
        let held = self.hold(name, OperationKind::Enable, &json!({})).await?;
        let enabled = self.enable_held(ctx, name, &held).await;
        match enabled {
            Ok(activated) => Ok(activated),
            Err(error) => Err(self.give_up(&held, error).await),
        }
    }

    async fn enable_held(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
        held: &Held,
    ) -> Result<Activated, ModuleError> {
        let record = self.record(name).await?;
        let standing = Standing::of(&record);
        let versions = self.store.versions(name).await?;
        let current = standing.current(&record);
        // Of one that never served, the newest that nobody has to consent to first.
        let version = versions.iter().find(|version| match current {
            Some(current) => version.id == current,
            None => standing.waits != Some(version.id),
        });
        let version = version.ok_or_else(|| ModuleError::NotFound { name: name.clone() })?;
        let candidate = Candidate::of_version(&self.store, version).await?;
        let (is_by_itself, is_first) = (standing.quarantine.is_some(), record.version_id.is_none());
        let cause = if is_by_itself && !is_first { Cause::Restarted } else { Cause::Enabled };
        let standing = match record.version_id.filter(|old| *old != version.id) {
            Some(old) => {
                let waits = standing.waits;
                Standing { waits, ..standing.replaced(Some(old)) }
            }
            None => self.healed(standing),
        };
        self.switch(Order {
            ctx,
            operation: held,
            record: &record,
            candidate: &candidate,
            cause,
            standing,
            source: None,
            ends: true,
        })
        .await
    }

    /// Lets a module serve no more. `force` disables those that need it too, and says which.
    pub(crate) async fn disable(
        self: &Arc<Self>,
        ctx: &RequestContext,
        name: &ModuleName,
        force: bool,
    ) -> Result<Vec<ModuleName>, ModuleError> {
        let record = self.record(name).await?;
        if record.status == ModuleStatus::Disabled || record.status == ModuleStatus::Installed {
            return Ok(Vec::new());
        }
        let dependants = self.dependants(name).await?;
        if !dependants.is_empty() && !force {
            return Err(ModuleError::Dependants { name: name.clone(), dependants });
        }
        let mut disabled = Vec::new();
        for dependant in dependants {
            disabled.extend(Box::pin(self.disable(ctx, &dependant, true)).await?);
            disabled.push(dependant);
        }
        let held = self.hold(name, OperationKind::Disable, &json!({})).await?;
        let standing = |standing: Standing| Standing {
            reason: None,
            quarantine: None,
            relapse: None,
            watched_until: None,
            ..standing
        };
        match self
            .stop_serving(ctx, &held, ModuleStatus::Disabled, "disabled", standing, true)
            .await
        {
            Ok(_) => Ok(disabled),
            Err(error) => Err(self.give_up(&held, error).await),
        }
    }

    /// Writes down that a module does not serve, and takes it off here.
    pub(crate) async fn stop_serving(
        &self,
        ctx: &RequestContext,
        held: &Held,
        status: ModuleStatus,
        change: &str,
        standing: impl FnOnce(Standing) -> Standing,
        ends: bool,
    ) -> Result<ModuleRecord, ModuleError> {
        let name = &held.module;
        let slot = self.slot(name);
        let mut attached = slot.lock().await;
        let record = self.record(name).await?;
        let note = standing(Standing::of(&record)).note();
        let store = &self.store;
        let record = store
            .database()
            .transaction(async |tx: &UnitOfWork| {
                store.hold(tx, held).await?;
                let record = store.set_status(tx, &record, status, Some(&note)).await?;
                self.tell(tx, ctx, name, change, None)?;
                if ends {
                    store.finish(tx, held, OperationOutcome::Done, None).await?;
                }
                Ok::<_, ModuleError>(record)
            })
            .await?;
        self.take_off(&mut attached, name, ctx).await;
        attached.seen = Some(record.revision);
        tracing::info!(module = %name, %status, "a module serves no more");
        Ok(record)
    }
}
