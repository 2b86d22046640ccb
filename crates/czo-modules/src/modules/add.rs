//! A module is installed.

use std::sync::Arc;

use czo_core::RequestContext;
use czo_module_package::{
    ManifestRules, ModuleManifest, Package, Report, Severity, ValidationOptions, validate,
};
use czo_repo::UnitOfWork;
use serde_json::json;

use super::held::Held;
use super::shared::Shared;
use super::standing::Standing;
use super::{AddOptions, Added};
use crate::activation::{Candidate, Origin};
use crate::{Generation, ModuleError, ModuleStatus, OperationKind, OperationOutcome};

impl Shared {
    /// What manifests are held to here.
    pub(crate) fn rules(&self) -> ManifestRules {
        ManifestRules::new(self.options.czo.clone())
            .hook_points(self.parts.hooks.names())
            .services(self.parts.services.names())
    }

    /// Looks at a package.
    ///
    /// # Errors
    ///
    /// [`ModuleError::Refused`] with every error of the report.
    pub(crate) fn look_at(
        &self,
        package: &Package,
        previous: Option<&ModuleManifest>,
    ) -> Result<Report, ModuleError> {
        let options =
            ValidationOptions { advisories: self.options.advisories.as_deref(), previous };
        let report = validate(package, &options);
        if !report.blocks() {
            return Ok(report);
        }
        let errors = report.findings.iter().filter(|it| it.severity == Severity::Error);
        let problems = errors.map(|it| format!("{}: {} ({})", it.place, it.message, it.fix));
        Err(ModuleError::Refused { problems: problems.collect() })
    }

    /// Installs a package.
    pub(crate) async fn add(
        self: &Arc<Self>,
        ctx: &RequestContext,
        package: &Package,
        options: &AddOptions,
    ) -> Result<Added, ModuleError> {
        let manifest = package.manifest();
        let report = self.look_at(package, None)?;
        let held = self.hold(&manifest.name, OperationKind::Add, &json!({})).await?;
        if let Err(error) = self.add_held(ctx, package, options, &held).await {
            return Err(self.give_up(&held, error).await);
        }
        drop(held);
        let activated = match options.enable {
            true => Some(self.enable(ctx, &manifest.name).await?),
            false => None,
        };
        Ok(Added {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            activated,
            warnings: warnings(&report),
        })
    }

    async fn add_held(
        &self,
        ctx: &RequestContext,
        package: &Package,
        options: &AddOptions,
        held: &Held,
    ) -> Result<(), ModuleError> {
        let name = &package.manifest().name;
        if self.store.module(name).await?.is_some() {
            return Err(ModuleError::Exists { name: name.clone() });
        }
        let candidate = Candidate::of_package(&self.store, package).await?;
        // Compiled and linked now: so that it is quick when it is enabled, and no surprise.
        let tried = self.stage.prepare(&candidate, Generation::new(1)).await;
        drop(tried.map_err(|failed| failed.of_module(name))?);
        self.migrations.rehearse(&candidate.plan).await?;
        let store = &self.store;
        store
            .database()
            .transaction(async |tx: &UnitOfWork| {
                store.hold(tx, held).await?;
                let record = store.register(tx, name, &options.source).await?;
                let next = match &candidate.origin {
                    Origin::New(new) => store.add_version(tx, new).await?.id,
                    Origin::Kept(id) => *id,
                };
                let note = Standing { next: Some(next), ..Standing::default() }.note();
                store.set_status(tx, &record, ModuleStatus::Installed, Some(&note)).await?;
                let now = Some((&candidate.manifest.version, None));
                self.tell(tx, ctx, name, "added", now)?;
                store.finish(tx, held, OperationOutcome::Done, None).await
            })
            .await
    }
}

/// What of a report somebody should look at.
pub(crate) fn warnings(report: &Report) -> Vec<String> {
    let warnings = report.findings.iter().filter(|it| it.severity == Severity::Warning);
    warnings.map(|it| format!("{}: {}", it.place, it.message)).collect()
}
