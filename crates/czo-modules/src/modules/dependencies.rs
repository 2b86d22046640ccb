//! Which modules need which.

use czo_module_package::{ModuleManifest, ModuleName, ModuleNode, enable_order};

use super::shared::Shared;
use crate::{ModuleError, ModuleRecord, ModuleStatus, ModuleVersionRecord};

impl Shared {
    /// The modules that serve, or would if they could, with their versions.
    pub(crate) async fn enabled(
        &self,
    ) -> Result<Vec<(ModuleRecord, ModuleVersionRecord)>, ModuleError> {
        let mut enabled = Vec::new();
        for record in self.store.modules().await? {
            if record.status != ModuleStatus::Enabled {
                continue;
            }
            if let Some(version) = record.version_id {
                let version = self.store.version(version).await?;
                enabled.push((record, version));
            }
        }
        Ok(enabled)
    }

    /// Whether all that `manifest` needs is enabled, in the right versions, and all that needs it may
    /// have it in this version.
    ///
    /// # Errors
    ///
    /// [`ModuleError::Dependencies`] with everything that is wrong.
    pub(crate) async fn check_dependencies(
        &self,
        manifest: &ModuleManifest,
    ) -> Result<(), ModuleError> {
        let others = self.enabled().await?;
        let others = others.iter().filter(|(record, _)| record.name != manifest.name);
        let mut nodes: Vec<_> =
            others.map(|(_, version)| ModuleNode::from(&version.manifest)).collect();
        let before = enable_order(&nodes).refused;
        nodes.push(ModuleNode::from(manifest));
        // What was wrong before is not this module's fault: others may wait for the very one that is
        // enabled now. But an update may break those that need it, which are wrong without it too.
        let is_new = |name: &ModuleName| {
            let needs_it = nodes
                .iter()
                .any(|node| node.name == *name && node.dependencies.contains_key(&manifest.name));
            *name == manifest.name || needs_it || !before.iter().any(|(it, _)| it == name)
        };
        let mut after = enable_order(&nodes).refused;
        after.retain(|(name, _)| is_new(name));
        if after.is_empty() {
            return Ok(());
        }
        let problems = after.into_iter().map(|(_, error)| error.to_string()).collect();
        Err(ModuleError::Dependencies { name: manifest.name.clone(), problems })
    }

    /// The enabled modules that need `name`.
    pub(crate) async fn dependants(
        &self,
        name: &ModuleName,
    ) -> Result<Vec<ModuleName>, ModuleError> {
        let enabled = self.enabled().await?;
        let needs =
            |version: &ModuleVersionRecord| version.manifest.dependencies.contains_key(name);
        let dependants = enabled.into_iter().filter(|(_, version)| needs(version));
        Ok(dependants.map(|(record, _)| record.name).collect())
    }

    /// The record of a module.
    ///
    /// # Errors
    ///
    /// [`ModuleError::NotFound`].
    pub(crate) async fn record(&self, name: &ModuleName) -> Result<ModuleRecord, ModuleError> {
        let found = self.store.module(name).await?;
        found.ok_or_else(|| ModuleError::NotFound { name: name.clone() })
    }
}
