//! A module that keeps its instance.

use anyhow::Result;
use czo_modules::{CallError, Cause, ModuleFailure, Sandbox, StopReason};

use crate::guest::{context, does, does_to, sandbox};
use crate::host::TestHost;

async fn kept(host: &std::sync::Arc<TestHost>) -> Result<Sandbox> {
    sandbox(host, |manifest, _| {
        manifest.limits.wall_ms = 2_000;
        if let Some(backend) = &mut manifest.backend {
            backend.keep_instance = true;
        }
    })
    .await
}

async fn remembered(sandbox: &Sandbox) -> Result<u32, CallError> {
    let bytes = does(sandbox, "remember").await?;
    Ok(bytes.try_into().map_or(0, u32::from_le_bytes))
}

#[tokio::test]
async fn a_kept_instance_remembers_from_call_to_call() -> Result<()> {
    let sandbox = kept(&TestHost::new()).await?;
    sandbox.init(Cause::Enabled, context()).await?;
    assert_eq!(remembered(&sandbox).await?, 1);
    let failed = does(&sandbox, "fail").await;
    assert!(matches!(failed, Err(CallError::Failed(ModuleFailure::Broken(_)))));
    assert_eq!(remembered(&sandbox).await?, 2, "a failure is no trap");
    Ok(())
}

#[tokio::test]
async fn a_kept_instance_is_made_anew_after_it_broke() -> Result<()> {
    let host = TestHost::new();
    let sandbox = kept(&host).await?;
    for harm in ["panic", "loop", "allocate"] {
        remembered(&sandbox).await?;
        assert!(remembered(&sandbox).await? > 1);
        let error = does(&sandbox, harm).await.unwrap_err();
        assert!(error.counts_against_module(), "{harm}: {error}");
        assert_eq!(remembered(&sandbox).await?, 1, "{harm}");
    }
    let never = does_to(&sandbox, "ask", "http://127.0.0.1/never", 0).await;
    assert_eq!(never, Err(CallError::Stopped(StopReason::Wall { limit_ms: 2_000 })));
    assert_eq!(remembered(&sandbox).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_kept_instance_made_anew_is_told_so() -> Result<()> {
    let host = TestHost::new();
    let sandbox = kept(&host).await?;
    host.configure(r#"{ "harmAtInit": "fail" }"#);
    assert_eq!(remembered(&sandbox).await?, 1, "the first is told by whoever enables it");
    assert!(does(&sandbox, "panic").await.is_err());
    let refused = remembered(&sandbox).await;
    assert!(matches!(refused, Err(CallError::Failed(ModuleFailure::Broken(_)))), "{refused:?}");
    host.configure("{}");
    assert_eq!(remembered(&sandbox).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_kept_instance_has_its_limits_anew_in_every_call() -> Result<()> {
    let host = TestHost::new();
    let sandbox = kept(&host).await?;
    for _ in 0..3 {
        does_to(&sandbox, "ask-flood", "http://harmless.example/", 5).await?;
        does_to(&sandbox, "log-flood", "", 100).await?;
    }
    assert_eq!(host.lines().len(), 300);
    assert_eq!(host.requests.lock().unwrap().len(), 15);
    Ok(())
}

#[tokio::test]
async fn destroying_drops_a_kept_instance() -> Result<()> {
    let sandbox = kept(&TestHost::new()).await?;
    assert_eq!(remembered(&sandbox).await?, 1);
    sandbox.destroy(context()).await?;
    assert_eq!(remembered(&sandbox).await?, 1);
    Ok(())
}
