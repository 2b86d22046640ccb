//! A typed point, as JSON.

use std::marker::PhantomData;
use std::sync::Arc;

use czo_core::{Classified, ErrorKind, RequestContext};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{HookVerdict, JsonHook, JsonHookOptions};
use crate::{
    BeforeError, BoxError, HookHandle, HookPhase, HookPoint, HookRegistry, OnFailure, Refusal,
    RegisterError,
};

/// A point that is open, without its types.
pub(super) trait TypedPoint: Send + Sync {
    /// Registers a hook there.
    fn register(
        &self,
        registry: &HookRegistry,
        name: &str,
        options: &JsonHookOptions,
        hook: Arc<dyn JsonHook>,
    ) -> Result<HookHandle, RegisterError>;
}

/// A point that is open.
pub(super) struct JsonPoint<P>(PhantomData<fn() -> P>);

impl<P> JsonPoint<P> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<P> TypedPoint for JsonPoint<P>
where
    P: HookPoint,
    P::Input: Serialize + DeserializeOwned + Clone + Sync,
    P::Output: Serialize + DeserializeOwned + Clone + Sync,
    P::Error: Classified,
{
    fn register(
        &self,
        registry: &HookRegistry,
        name: &str,
        options: &JsonHookOptions,
        hook: Arc<dyn JsonHook>,
    ) -> Result<HookHandle, RegisterError> {
        let JsonHookOptions { phase, priority, timeout, on_failure } = *options;
        let open = on_failure == OnFailure::Open;
        match phase {
            HookPhase::Before => {
                let builder = registry.before::<P>(name);
                let builder = builder.priority(priority).timeout(timeout);
                let builder = if open { builder.fail_open() } else { builder };
                builder.register_async_with(hook, before::<P>)
            }
            HookPhase::After => {
                let builder = registry.after::<P>(name);
                let builder = builder.priority(priority).timeout(timeout);
                let builder = if open { builder.fail_open() } else { builder };
                builder.register_async_with(hook, after::<P>)
            }
            HookPhase::OnError => {
                let builder = registry.on_error::<P>(name);
                let builder = builder.priority(priority).timeout(timeout);
                builder.register_async_with(hook, on_error::<P>)
            }
        }
    }
}

async fn before<P>(
    hook: &Arc<dyn JsonHook>,
    ctx: &RequestContext,
    input: &mut P::Input,
) -> Result<(), BeforeError>
where
    P: HookPoint,
    P::Input: Serialize + DeserializeOwned,
{
    if !hook.is_served() {
        return Ok(());
    }
    let value = serde_json::to_string(input)?;
    match hook.run(ctx, value).await.map_err(BeforeError::Failed)? {
        HookVerdict::Unchanged => {}
        HookVerdict::Changed(value) => *input = serde_json::from_str(&value)?,
        HookVerdict::Refused { code, message } => return Err(refusal(&code, message).into()),
    }
    Ok(())
}

async fn after<P>(
    hook: &Arc<dyn JsonHook>,
    ctx: &RequestContext,
    output: &mut P::Output,
) -> Result<(), BoxError>
where
    P: HookPoint,
    P::Output: Serialize + DeserializeOwned,
{
    if !hook.is_served() {
        return Ok(());
    }
    let value = serde_json::to_string(output)?;
    match hook.run(ctx, value).await? {
        HookVerdict::Unchanged => Ok(()),
        HookVerdict::Changed(value) => {
            *output = serde_json::from_str(&value)?;
            Ok(())
        }
        // What was done stands, so there is nothing that could be refused.
        HookVerdict::Refused { message, .. } => Err(message.into()),
    }
}

async fn on_error<P>(
    hook: &Arc<dyn JsonHook>,
    ctx: &RequestContext,
    error: &P::Error,
) -> Option<P::Output>
where
    P: HookPoint,
    P::Output: DeserializeOwned,
    P::Error: Classified,
{
    if !hook.is_served() {
        return None;
    }
    let value = json!({ "code": error.kind().code(), "message": error.to_string() });
    match hook.run(ctx, value.to_string()).await {
        Ok(HookVerdict::Changed(value)) => match serde_json::from_str(&value) {
            Ok(output) => Some(output),
            Err(error) => {
                tracing::warn!(%error, "a hook answered in another form; the error stays");
                None
            }
        },
        Ok(HookVerdict::Unchanged | HookVerdict::Refused { .. }) => None,
        Err(error) => {
            let error = czo_core::describe(&*error);
            tracing::warn!(error, "a hook failed; the first error stays");
            None
        }
    }
}

/// What the caller of the operation is told. A code that is a kind of czo's is that kind; any other
/// stands behind the message.
fn refusal(code: &str, message: String) -> Refusal {
    let kinds =
        [ErrorKind::Invalid, ErrorKind::Forbidden, ErrorKind::NotFound, ErrorKind::Conflict];
    let kind = kinds.into_iter().find(|kind| kind.code().eq_ignore_ascii_case(code));
    match kind {
        Some(kind) => Refusal::new(message).of_kind(kind),
        None if code.is_empty() => Refusal::new(message),
        None => Refusal::new(format!("{message} ({code})")),
    }
}
