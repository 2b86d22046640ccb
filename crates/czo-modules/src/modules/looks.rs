//! What people are shown.

use czo_module_package::ModuleName;
use semver::Version;

use super::shared::Shared;
use super::standing::Standing;
use super::update::widened;
use super::{Asset, ModuleDetails, ModuleSummary, ModuleUsage, VersionInfo};
use crate::{FileKind, ModuleError, ModuleRecord, ModuleStatus, ModuleVersionRecord, UsageCounts};

impl Shared {
    pub(crate) async fn list(&self) -> Result<Vec<ModuleSummary>, ModuleError> {
        let mut list = Vec::new();
        for record in self.store.modules().await? {
            let current = self.current(&record).await?;
            list.push(self.summary(&record, &current).await?);
        }
        Ok(list)
    }

    async fn summary(
        &self,
        record: &ModuleRecord,
        current: &ModuleVersionRecord,
    ) -> Result<ModuleSummary, ModuleError> {
        let standing = Standing::of(record);
        let manifest = &current.manifest;
        let waits_for_consent = match standing.waits {
            // Forgotten, where many came after it.
            Some(waits) => match self.store.version(waits).await {
                Ok(version) => widened(manifest, &version.manifest),
                Err(ModuleError::Store(_)) => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        let compatible = manifest.czo.matches(&self.options.czo);
        let mut warnings = Vec::new();
        if !compatible {
            let (wanted, here) = (&manifest.czo, &self.options.czo);
            warnings.push(format!("it works with czo {wanted}, and this is {here}"));
        }
        warnings.extend(standing.reason);
        if let Some(waits) = &waits_for_consent {
            warnings
                .push(format!("version {} asks for more, and waits for a consent", waits.version));
        }
        if record.status == ModuleStatus::Enabled
            && let Some(failure) = self.failure_here(&record.name).await
        {
            warnings.push(format!("it does not serve in this process: {failure}"));
        }
        Ok(ModuleSummary {
            name: record.name.clone(),
            version: manifest.version.clone(),
            status: record.status,
            source: record.source.clone(),
            waits_for_consent,
            compatible,
            warnings,
        })
    }

    pub(crate) async fn show(&self, name: &ModuleName) -> Result<ModuleDetails, ModuleError> {
        let record = self.record(name).await?;
        let current = self.current(&record).await?;
        let versions = self.store.versions(name).await?;
        let version = |version: &ModuleVersionRecord| VersionInfo {
            version: version.manifest.version.clone(),
            package_digest: version.package_digest.to_string(),
            added_at: version.created_at,
            is_current: version.id == current.id,
        };
        let serving = self.active.now().get(name).cloned();
        Ok(ModuleDetails {
            summary: self.summary(&record, &current).await?,
            generation: record.generation.map_or(0, crate::Generation::number),
            serves_here: serving.is_some(),
            failure_here: self.failure_here(name).await,
            quarantine: Standing::of(&record).quarantine,
            versions: versions.iter().map(version).collect(),
            usage: serving.as_ref().and_then(|it| it.sandbox.as_ref()).map_or(Vec::new(), usage),
            manifest: current.manifest,
        })
    }

    async fn failure_here(&self, name: &ModuleName) -> Option<String> {
        let slot = self.slot(name);
        // One that is being changed has none yet.
        let attached = slot.try_lock().ok()?;
        attached.failure.as_ref().map(|failure| failure.reason.clone())
    }

    pub(crate) async fn asset(
        &self,
        name: &ModuleName,
        version: &Version,
        path: &str,
    ) -> Result<Option<Asset>, ModuleError> {
        let serves = self.active.now().contains_key(name);
        let Some(record) = self.store.module(name).await?.filter(|_| serves) else {
            return Ok(None);
        };
        // Of another version the file may be another: whoever asked keeps it for ever.
        let current = self.current(&record).await?;
        if current.manifest.version != *version {
            return Ok(None);
        }
        let files = self.store.files(current.id).await?;
        let found = files.iter().find(|it| it.kind == FileKind::Asset && it.path == path);
        let Some(file) = found else { return Ok(None) };
        let content = self.store.artifact(file.digest).await?;
        Ok(Some(Asset { content, digest: file.digest.to_string() }))
    }
}

fn usage(sandbox: &crate::Sandbox) -> Vec<ModuleUsage> {
    let of = |shop: Option<String>, counts: UsageCounts| ModuleUsage {
        shop,
        calls: counts.calls,
        failures: counts.failures,
        cpu_ms: counts.cpu.as_secs_f64() * 1e3,
        memory_peak: counts.peak_memory,
    };
    let usage = sandbox.usage();
    let shops = usage.shops.into_iter();
    shops.map(|it| of(it.shop.map(|shop| shop.to_string()), it.counts)).collect()
}
