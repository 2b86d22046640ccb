//! A hook of a module, whichever generation of it serves.

use std::time::Duration;

use async_trait::async_trait;
use czo_core::RequestContext;
use czo_hooks::{BoxError, HookVerdict, JsonHook};
use czo_module_package::{HookSubscription, ModuleName};

use crate::active::Active;
use crate::{Export, HookAnswer, HookCall};

/// A hook of a module. It stays registered while generations change, so that each run of an operation
/// calls exactly one of them.
pub(crate) struct ServedHook {
    pub(crate) module: ModuleName,
    pub(crate) hook: HookSubscription,
    pub(crate) active: Active,
}

#[async_trait]
impl JsonHook for ServedHook {
    fn is_served(&self) -> bool {
        let modules = self.active.now();
        modules.get(&self.module).is_some_and(|it| it.manifest.hooks.contains(&self.hook))
    }

    async fn run(&self, ctx: &RequestContext, value: String) -> Result<HookVerdict, BoxError> {
        let Some(entered) = self.active.enter(&self.module) else {
            return Ok(HookVerdict::Unchanged);
        };
        if !entered.manifest.hooks.contains(&self.hook) {
            return Ok(HookVerdict::Unchanged);
        }
        let call = HookCall {
            point: self.hook.point.clone(),
            phase: self.hook.phase,
            context: ctx.clone(),
            value,
            timeout: Duration::from_millis(self.hook.timeout_ms.into()),
        };
        let answer = match entered.sandbox(Export::HookHandler.interface()) {
            Ok(sandbox) => sandbox.run_hook(call).await,
            Err(error) => Err(error),
        };
        Ok(match entered.judged("a hook", answer)? {
            HookAnswer::Unchanged => HookVerdict::Unchanged,
            HookAnswer::Changed(value) => HookVerdict::Changed(value),
            HookAnswer::Refused { code, message } => HookVerdict::Refused { code, message },
        })
    }
}
