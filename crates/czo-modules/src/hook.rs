//! Modules around the operations of domains.

mod served;

use std::sync::Arc;
use std::time::Duration;

use czo_hooks::{
    HookHandle, HookPhase, JsonHook, JsonHookOptions, OnFailure, OpenHooks, RegisterError,
};
use czo_module_package::{HookSubscription, OnHookFailure, Phase};

pub(crate) use self::served::ServedHook;

/// How much later than a hook's own time its operation goes on without it.
const LATE: Duration = Duration::from_millis(50);

/// Registers `hook` as `name`, as the manifest says. `None` when the point is not open.
pub(crate) fn register(
    open: &OpenHooks,
    name: &str,
    subscription: &HookSubscription,
    hook: Arc<dyn JsonHook>,
) -> Option<Result<HookHandle, RegisterError>> {
    let mut options = JsonHookOptions::new(match subscription.phase {
        Phase::Before => HookPhase::Before,
        Phase::After => HookPhase::After,
        Phase::OnError => HookPhase::OnError,
    });
    options.priority = subscription.priority;
    // The sandbox stops it in time, and knows why; this is for what it can't stop.
    options.timeout = Duration::from_millis(subscription.timeout_ms.into()) + LATE;
    options.on_failure = match subscription.on_failure {
        OnHookFailure::Open => OnFailure::Open,
        OnHookFailure::Closed => OnFailure::Closed,
    };
    open.register(&subscription.point, name, &options, hook)
}
