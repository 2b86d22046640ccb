//! A module is taken out.

use std::path::PathBuf;
use std::sync::Arc;

use czo_core::RequestContext;
use czo_module_package::ModuleName;
use czo_repo::UnitOfWork;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::held::Held;
use super::shared::Shared;
use super::{DataFate, RemoveOptions, Removed};
use crate::{ModuleError, ModuleStatus, OperationKind, OperationOutcome};

impl Shared {
    /// Takes a module out. Each step leaves it as a whole: it serves no more, then what it keeps is
    /// exported, then all of it goes in one transaction.
    pub(crate) async fn remove(
        self: &Arc<Self>,
        ctx: &RequestContext,
        name: &ModuleName,
        options: RemoveOptions,
    ) -> Result<Removed, ModuleError> {
        self.record(name).await?;
        let dependants = self.dependants(name).await?;
        if !dependants.is_empty() && !options.force {
            return Err(ModuleError::Dependants { name: name.clone(), dependants });
        }
        let mut disabled = Vec::new();
        for dependant in dependants {
            disabled.extend(self.disable(ctx, &dependant, true).await?);
            disabled.push(dependant);
        }
        let data = json!({ "delete": options.data == DataFate::Delete });
        let held = self.hold(name, OperationKind::Remove, &data).await?;
        match self.remove_held(ctx, name, options.data, &held).await {
            Ok(exported_to) => {
                tracing::info!(module = %name, exported_to, "a module was removed");
                Ok(Removed { name: name.clone(), exported_to, disabled })
            }
            Err(error) => Err(self.give_up(&held, error).await),
        }
    }

    async fn remove_held(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
        data: DataFate,
        held: &Held,
    ) -> Result<Option<String>, ModuleError> {
        let mut record = self.record(name).await?;
        if record.status == ModuleStatus::Enabled {
            let (status, change) = (ModuleStatus::Disabled, "disabled");
            record = self.stop_serving(ctx, held, status, change, |it| it, false).await?;
            if data == DataFate::Delete {
                // Or others write while it is exported.
                tokio::time::sleep(self.until_others_followed()).await;
            }
        }
        let exported_to = match data {
            DataFate::Keep => None,
            DataFate::Delete => Some(self.export(name).await?),
        };
        let store = &self.store;
        store
            .database()
            .transaction(async |tx: &UnitOfWork| {
                store.hold(tx, held).await?;
                if data == DataFate::Delete {
                    self.migrations.drop_tables(tx, held, name).await?;
                    self.kv.delete_all(tx, name).await?;
                    store.delete_configs(tx, name).await?;
                }
                store.remove(tx, &record).await?;
                self.tell(tx, ctx, name, "removed", None)?;
                store.finish(tx, held, OperationOutcome::Done, None).await
            })
            .await?;
        self.logs.forget(name);
        Ok(exported_to)
    }

    /// Writes all that a module keeps into a file, which is on the disk when this returns.
    async fn export(&self, name: &ModuleName) -> Result<String, ModuleError> {
        let failed = |source| ModuleError::Export { module: name.clone(), source };
        let folder: PathBuf = self.options.data_dir.join("exports");
        tokio::fs::create_dir_all(&folder).await.map_err(failed)?;
        let at = self.parts.clock.now().format("%Y%m%dT%H%M%S%3fZ");
        let path = folder.join(format!("{name}-{at}.jsonl"));
        let file = tokio::fs::OpenOptions::new().write(true).create_new(true).open(&path).await;
        let mut writer = tokio::io::BufWriter::new(file.map_err(failed)?);
        self.archive.export(name, &mut writer).await?;
        writer.flush().await.map_err(failed)?;
        writer.get_ref().sync_all().await.map_err(failed)?;
        Ok(path.display().to_string())
    }
}
