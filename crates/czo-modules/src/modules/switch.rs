//! A version of a module begins to serve, for the whole cluster.

use std::sync::Arc;
use std::time::Instant;

use czo_core::RequestContext;
use czo_repo::UnitOfWork;
use serde_json::json;

use super::Activated;
use super::held::Held;
use super::shared::Shared;
use super::standing::Standing;
use crate::activation::{Attached, Candidate, Failed, Ledger, Origin};
use crate::active::ActiveModule;
use crate::{Cause, Generation, ModuleError, ModuleRecord, ModuleStatus, OperationOutcome};

/// The step that applies migrations; what undoes it takes them back to `from`.
pub(crate) const MIGRATE: &str = "migrate";

/// What is to serve, and in whose place.
pub(crate) struct Order<'a> {
    pub(crate) ctx: &'a RequestContext,
    pub(crate) operation: &'a Held,
    /// As it was looked at after the operation began.
    pub(crate) record: &'a ModuleRecord,
    pub(crate) candidate: &'a Candidate,
    pub(crate) cause: Cause,
    /// What is written down with it.
    pub(crate) standing: Standing,
    /// Where it comes from, if that is another place now.
    pub(crate) source: Option<&'a str>,
    /// Whether the operation is over then.
    pub(crate) ends: bool,
}

/// A version that is ready, and is not seen yet.
struct Ready {
    module: Arc<ActiveModule>,
    ledger: Ledger,
}

impl Shared {
    /// Lets a version serve: it is made ready, its migrations are rehearsed and applied, it begins;
    /// then it is written down that it serves, and it is published here. What fails before that is
    /// undone, its migrations when the operation is [given up](Self::give_up), and what served before
    /// never stopped.
    ///
    /// # Errors
    ///
    /// [`ModuleError::Activation`] and [`ModuleError::Dependencies`]; nothing has changed then.
    pub(crate) async fn switch(&self, order: Order<'_>) -> Result<Activated, ModuleError> {
        let start = Instant::now();
        let manifest = order.candidate.manifest.clone();
        self.check_dependencies(&manifest).await?;
        let slot = self.slot(&manifest.name);
        let mut attached = slot.lock().await;
        let ready = self.make_ready(&order, &attached).await?;
        let record = match self.write_down(&order, ready.module.generation).await {
            Ok(record) => record,
            Err(error) => match self.has_happened(&order, ready.module.generation).await {
                Some(record) => record,
                None => {
                    self.forget(&order, ready).await;
                    return Err(error);
                }
            },
        };
        let Ready { module, ledger } = ready;
        self.put_on(&mut attached, &module, ledger, order.ctx);
        attached.seen = Some(record.revision);
        let took = start.elapsed();
        let (name, version, generation) = (&manifest.name, &manifest.version, module.generation);
        let took_ms = took.as_secs_f64() * 1e3;
        tracing::info!(module = %name, %version, %generation, took_ms, "a module serves");
        Ok(Activated { version: version.clone(), generation: generation.number(), took_ms })
    }

    async fn make_ready(
        &self,
        order: &Order<'_>,
        attached: &Attached,
    ) -> Result<Ready, ModuleError> {
        let manifest = &order.candidate.manifest;
        let name = &manifest.name;
        let generation = Generation::new(self.store.last_generation(name).await? + 1);
        let module = self.stage.prepare(order.candidate, generation).await;
        let module = module.map_err(|failed| failed.of_module(name))?;
        self.configs.put(manifest, self.store.configs(name).await?);
        let applied = self.migrations.applied(name).await?;
        let from = applied.last().map_or(0, |it| it.number);
        let begun = async {
            self.migrate(order, from).await?;
            let old = self.active.now().get(name).cloned();
            let state = self.stage.saved(old.as_ref(), order.ctx).await;
            self.stage.begin(&module, order.cause, state, order.ctx).await?;
            attached.attach(&self.stage, manifest).await
        };
        match begun.await {
            Ok(ledger) => Ok(Ready { module, ledger }),
            Err(failed) => {
                let ledger = Ledger::default();
                self.forget(order, Ready { module, ledger }).await;
                Err(failed.of_module(name))
            }
        }
    }

    /// Rehearses and applies migrations. A version that is gone back to has none that are not
    /// applied.
    async fn migrate(&self, order: &Order<'_>, from: u32) -> Result<(), Failed> {
        let plan = &order.candidate.plan;
        if plan.last() <= from {
            return Ok(());
        }
        let rehearsed = self.migrations.rehearse(plan).await;
        rehearsed.map_err(Failed::of("rehearsing migrations"))?;
        let data = json!({ "from": from });
        let noted = self.store.step(order.operation, MIGRATE, &data).await;
        noted.map_err(Failed::of("applying migrations"))?;
        let applied = self.migrations.up(order.operation, plan).await;
        applied.map(drop).map_err(Failed::of("applying migrations"))
    }

    /// Takes out again what of a version was here. Its migrations are in the journal of the operation,
    /// and taken back when that is given up.
    async fn forget(&self, order: &Order<'_>, ready: Ready) {
        let Ready { module, ledger } = ready;
        drop(ledger);
        let name = module.name();
        // What serves is given its configuration by its own schema again.
        match self.active.now().get(name) {
            Some(serving) => match self.store.configs(name).await {
                Ok(configs) => self.configs.put(&serving.manifest, configs),
                Err(error) => {
                    let error = czo_core::describe(&error);
                    tracing::warn!(module = %name, error, "its configuration can't be read again");
                }
            },
            None => self.configs.forget(name),
        }
        self.retire(Some(module), order.ctx);
    }

    async fn write_down(
        &self,
        order: &Order<'_>,
        generation: Generation,
    ) -> Result<ModuleRecord, ModuleError> {
        let manifest = &order.candidate.manifest;
        let note = order.standing.note();
        let change = match order.cause {
            Cause::Updated | Cause::Reloaded => "updated",
            Cause::RolledBack => "rolled-back",
            Cause::Enabled | Cause::Restarted => "enabled",
        };
        let store = &self.store;
        store
            .database()
            .transaction(async |tx: &UnitOfWork| {
                store.hold(tx, order.operation).await?;
                let version = match &order.candidate.origin {
                    Origin::Kept(id) => *id,
                    Origin::New(new) => store.add_version(tx, new).await?.id,
                };
                let record = store.activate(tx, order.record, version).await?;
                let record =
                    store.set_status(tx, &record, ModuleStatus::Enabled, Some(&note)).await?;
                let record = match order.source {
                    Some(source) => store.set_source(tx, &record, source).await?,
                    None => record,
                };
                if record.generation != Some(generation) {
                    // Only who holds the operation gives numbers, so that it was lost.
                    return Err(crate::StoreError::Changed { name: record.name }.into());
                }
                let now = Some((&manifest.version, Some(generation)));
                self.tell(tx, order.ctx, &manifest.name, change, now)?;
                if order.ends {
                    store.finish(tx, order.operation, OperationOutcome::Done, None).await?;
                }
                Ok::<_, ModuleError>(record)
            })
            .await
    }

    /// The record, if a commit that answered with an error was one all the same. While nothing can be
    /// read, it was none: whoever takes over the operation finds out.
    async fn has_happened(
        &self,
        order: &Order<'_>,
        generation: Generation,
    ) -> Option<ModuleRecord> {
        let record = self.store.module(&order.record.name).await.ok()??;
        (record.generation == Some(generation)).then_some(record)
    }

    /// Publishes a version here in place of the one before.
    pub(crate) fn put_on(
        &self,
        attached: &mut Attached,
        module: &Arc<ActiveModule>,
        ledger: Ledger,
        ctx: &RequestContext,
    ) {
        let old = self.active.publish(module);
        attached.keep(ledger, &module.manifest);
        attached.failure = None;
        self.retire(old, ctx);
    }

    /// Lets a module serve no more here, once calls under way are finished.
    pub(crate) async fn take_off(
        &self,
        attached: &mut Attached,
        name: &czo_module_package::ModuleName,
        ctx: &RequestContext,
    ) {
        let old = self.active.withdraw(name);
        attached.detach();
        attached.failure = None;
        if let Some(old) = old {
            old.retire(ctx.clone(), self.options.drain).await;
        }
        self.configs.forget(name);
    }
}
