//! The configuration of modules, in memory.

mod defaults;
mod schema;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use czo_core::ShopId;
use czo_module_package::{ModuleManifest, ModuleName};
use serde_json::Value;

use self::defaults::filled;
pub(crate) use self::schema::check;
use crate::{CallScope, ConfigRecord, ConfigSource};

/// The configuration of all modules that serve in this process, each shop's as the text that modules
/// are given.
#[derive(Clone, Default)]
pub(crate) struct ConfigBook {
    modules: Arc<ArcSwap<HashMap<ModuleName, Arc<ModuleConfigs>>>>,
}

struct ModuleConfigs {
    /// Of a shop that has none of its own, and of what belongs to no shop.
    common: String,
    shops: HashMap<ShopId, String>,
}

impl ConfigBook {
    /// Holds the configuration of a module from now on.
    pub(crate) fn put(
        &self,
        manifest: &ModuleManifest,
        records: Vec<(Option<ShopId>, ConfigRecord)>,
    ) {
        let schema = manifest.config.as_ref();
        let mut configs = ModuleConfigs { common: text(schema, None), shops: HashMap::new() };
        for (shop, record) in records {
            let text = text(schema, Some(record.config));
            match shop {
                Some(shop) => drop(configs.shops.insert(shop, text)),
                None => configs.common = text,
            }
        }
        let configs = Arc::new(configs);
        self.modules.rcu(|modules| {
            let mut modules = HashMap::clone(modules);
            modules.insert(manifest.name.clone(), configs.clone());
            modules
        });
    }

    /// Forgets the configuration of a module that serves no more.
    pub(crate) fn forget(&self, name: &ModuleName) {
        self.modules.rcu(|modules| {
            let mut modules = HashMap::clone(modules);
            modules.remove(name);
            modules
        });
    }
}

impl ConfigSource for ConfigBook {
    fn config(&self, scope: &CallScope) -> String {
        let modules = self.modules.load();
        let Some(configs) = modules.get(&scope.module) else { return "{}".to_owned() };
        let own = scope.context.shop_id.and_then(|shop| configs.shops.get(&shop));
        own.unwrap_or(&configs.common).clone()
    }
}

/// What a module is given: what somebody set, with the defaults of the schema.
pub(crate) fn shown(schema: Option<&Value>, config: Option<Value>) -> Value {
    filled(schema, config.unwrap_or_else(|| Value::Object(serde_json::Map::new())))
}

fn text(schema: Option<&Value>, config: Option<Value>) -> String {
    shown(schema, config).to_string()
}
