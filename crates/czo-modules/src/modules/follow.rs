//! A process does what others have written down.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use czo_core::{RequestContext, describe};
use czo_module_package::{ModuleName, ModuleNode, enable_order};
use tokio::time::Instant as Moment;

use super::Started;
use super::shared::Shared;
use crate::activation::FailureHere;
use crate::activation::{Attached, Candidate};
use crate::{Cause, Generation, ModuleError, ModuleRecord, ModuleStatus};

impl Shared {
    /// Brings this process to what is written down, and says what came of each module that was to be
    /// brought up. What another task of it is at is left to that.
    ///
    /// # Errors
    ///
    /// When the database can't be read.
    pub(crate) async fn follow(
        self: &Arc<Self>,
        cause: Cause,
    ) -> Result<Vec<Started>, ModuleError> {
        let records = self.store.modules().await?;
        let is_enabled = |it: &&ModuleRecord| it.status == ModuleStatus::Enabled;
        let enabled: Vec<_> = records.iter().filter(is_enabled).collect();
        let names: BTreeSet<_> = enabled.iter().map(|record| &record.name).collect();
        for name in self.heard_of() {
            if !names.contains(&name) {
                self.leave(&name).await?;
            }
        }
        let mut started = Vec::new();
        for record in self.to_bring_up(&enabled).await? {
            let start = Instant::now();
            let failure = match self.bring_up(record, cause).await {
                Ok(false) => continue,
                Ok(true) => None,
                Err(error) => Some(describe(&error)),
            };
            let (name, took) = (record.name.clone(), start.elapsed());
            tell(&name, took, failure.as_deref());
            started.push(Started { name, took, failure });
        }
        for record in &records {
            if record.status == ModuleStatus::Quarantined {
                self.retry_quarantined(record).await;
            }
        }
        Ok(started)
    }

    /// The modules that this process has not followed yet, each after those it needs. What others
    /// lack is no reason to keep one back that serves on other processes.
    async fn to_bring_up<'r>(
        &self,
        enabled: &[&'r ModuleRecord],
    ) -> Result<Vec<&'r ModuleRecord>, ModuleError> {
        let active = self.active.now();
        let mut late = Vec::new();
        for record in enabled.iter().copied() {
            let serves = active.get(&record.name).map(|it| it.generation);
            let slot = self.slot(&record.name);
            let Ok(attached) = slot.try_lock() else { continue };
            let is_due = attached.failure.as_ref().is_none_or(|failure| {
                failure.generation != record.generation || failure.next_try <= Moment::now()
            });
            let is_new = serves != record.generation || attached.seen != Some(record.revision);
            if is_due && is_new {
                late.push(record);
            }
        }
        if late.len() < 2 {
            return Ok(late);
        }
        let mut nodes = Vec::with_capacity(enabled.len());
        for record in enabled {
            if let Some(version) = record.version_id {
                nodes.push(ModuleNode::from(&self.store.version(version).await?.manifest));
            }
        }
        let order = enable_order(&nodes);
        let refused = order.refused.iter().map(|(name, _)| name);
        let place = |record: &&ModuleRecord| {
            let mut names = order.order.iter().chain(refused.clone());
            names.position(|name| *name == record.name)
        };
        late.sort_by_key(place);
        Ok(late)
    }

    /// Brings up one module here, and says whether there was something to bring up.
    async fn bring_up(
        self: &Arc<Self>,
        record: &ModuleRecord,
        cause: Cause,
    ) -> Result<bool, ModuleError> {
        let name = &record.name;
        let slot = self.slot(name);
        let Ok(mut attached) = slot.try_lock() else { return Ok(false) };
        // It may have changed since the list was read.
        let Some(record) = self.store.module(name).await? else { return Ok(false) };
        if record.status != ModuleStatus::Enabled {
            return Ok(false);
        }
        let serving = self.active.now().get(name).cloned();
        if let Some(serving) = &serving
            && Some(serving.generation) == record.generation
        {
            self.configs.put(&serving.manifest, self.store.configs(name).await?);
            attached.seen = Some(record.revision);
            return Ok(false);
        }
        let cause = match (&serving, cause) {
            (Some(_), _) => Cause::Updated,
            (None, cause) => cause,
        };
        let ctx = self.system();
        match self.put_up(&mut attached, &record, cause, &ctx).await {
            Ok(()) => {
                attached.seen = Some(record.revision);
                Ok(true)
            }
            Err(error) => {
                let reason = describe(&error);
                let before = attached.failure.as_ref();
                let failure = FailureHere::after(before, record.generation, reason);
                attached.failure = Some(failure);
                Err(error)
            }
        }
    }

    async fn put_up(
        &self,
        attached: &mut Attached,
        record: &ModuleRecord,
        cause: Cause,
        ctx: &RequestContext,
    ) -> Result<(), ModuleError> {
        let name = &record.name;
        let missing = || ModuleError::NotFound { name: name.clone() };
        let version = self.store.version(record.version_id.ok_or_else(missing)?).await?;
        for needed in version.manifest.dependencies.keys() {
            if !self.active.now().contains_key(needed) {
                let problems = vec![format!("`{needed}` does not serve in this process")];
                return Err(ModuleError::Dependencies { name: name.clone(), problems });
            }
        }
        let candidate = Candidate::of_version(&self.store, &version).await?;
        let generation = record.generation.unwrap_or(Generation::new(1));
        let failed = |failed: crate::activation::Failed| failed.of_module(name);
        let module = self.stage.prepare(&candidate, generation).await.map_err(failed)?;
        self.configs.put(&module.manifest, self.store.configs(name).await?);
        let old = self.active.now().get(name).cloned();
        let state = self.stage.saved(old.as_ref(), ctx).await;
        self.stage.begin(&module, cause, state, ctx).await.map_err(failed)?;
        match attached.attach(&self.stage, &module.manifest).await {
            Ok(ledger) => {
                self.put_on(attached, &module, ledger, ctx);
                Ok(())
            }
            Err(error) => {
                self.retire(Some(module), ctx);
                Err(failed(error))
            }
        }
    }

    /// Lets nothing serve here any more. What is written down stays.
    pub(crate) async fn leave_all(&self) {
        let ctx = self.system();
        for name in self.heard_of() {
            let slot = self.slot(&name);
            let mut attached = slot.lock().await;
            self.take_off(&mut attached, &name, &ctx).await;
        }
    }

    /// Lets a module serve no more here that is not to.
    async fn leave(&self, name: &ModuleName) -> Result<(), ModuleError> {
        if !self.active.now().contains_key(name) {
            return Ok(());
        }
        let slot = self.slot(name);
        let Ok(mut attached) = slot.try_lock() else { return Ok(()) };
        // It may have been enabled since the list was read.
        let record = self.store.module(name).await?;
        if record.is_none_or(|record| record.status != ModuleStatus::Enabled) {
            self.take_off(&mut attached, name, &self.system()).await;
            tracing::info!(module = %name, "a module serves no more");
        }
        Ok(())
    }
}

fn tell(module: &ModuleName, took: Duration, failure: Option<&str>) {
    let took_ms = took.as_secs_f64() * 1e3;
    match failure {
        None => tracing::info!(%module, took_ms, "a module was brought up"),
        Some(reason) => tracing::error!(%module, took_ms, reason, "a module was not brought up"),
    }
}
