//! The configuration of modules is set.

use czo_core::RequestContext;
use czo_module_package::ModuleName;
use czo_repo::UnitOfWork;
use serde_json::Value;

use super::shared::Shared;
use crate::configs::{check, shown};
use crate::{ModuleError, ModuleRecord};

impl Shared {
    pub(crate) async fn config(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
    ) -> Result<Value, ModuleError> {
        let record = self.record(name).await?;
        let manifest = self.current(&record).await?.manifest;
        let mut found = self.store.config(name, ctx.shop_id).await?;
        if found.is_none() && ctx.shop_id.is_some() {
            found = self.store.config(name, None).await?;
        }
        Ok(shown(manifest.config.as_ref(), found.map(|it| it.config)))
    }

    pub(crate) async fn configure(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
        config: &Value,
    ) -> Result<(), ModuleError> {
        let record = self.record(name).await?;
        let current = self.current(&record).await?;
        let fields = check(current.manifest.config.as_ref(), config);
        if !fields.is_empty() {
            return Err(ModuleError::Config { fields });
        }
        let store = &self.store;
        let before = store.config(name, ctx.shop_id).await?.map(|it| it.revision);
        let record: ModuleRecord = store
            .database()
            .transaction(async |tx: &UnitOfWork| {
                store.set_config(tx, name, ctx.shop_id, before, config).await?;
                // The record changes with it: by that others see that there is something to follow.
                let record = store.set_source(tx, &record, &record.source).await?;
                let now = Some((&current.manifest.version, record.generation));
                self.tell(tx, ctx, name, "configured", now)?;
                Ok::<_, ModuleError>(record)
            })
            .await?;
        let slot = self.slot(name);
        let mut attached = slot.lock().await;
        if let Some(serving) = self.active.now().get(name) {
            self.configs.put(&serving.manifest, store.configs(name).await?);
            if serving.generation.number() == record.generation.map_or(0, |it| it.number()) {
                attached.seen = Some(record.revision);
            }
        }
        Ok(())
    }
}
