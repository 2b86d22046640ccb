//! Modules that do not end by themselves, or end badly.

use std::time::Duration;

use anyhow::Result;
use czo_core::{Classified, ErrorKind};
use czo_module_package::Phase;
use czo_modules::{CallError, HookCall, ModuleFailure, StopReason};

use crate::guest::{context, does, does_to, event, sandbox};
use crate::host::TestHost;

#[tokio::test]
async fn computing_without_end_is_stopped_by_the_cpu_limit() -> Result<()> {
    let sandbox = sandbox(&TestHost::new(), |manifest, _| manifest.limits.wall_ms = 60_000).await?;
    let stopped = CallError::Stopped(StopReason::Cpu { limit_ms: 100 });
    for harm in ["loop", "call-without-end"] {
        assert_eq!(does(&sandbox, harm).await, Err(stopped.clone()), "{harm}");
    }
    assert_eq!(sandbox.on_event(&event("loop")?).await, Err(stopped));
    assert!(does(&sandbox, "none").await.is_ok(), "it serves on");
    assert!(sandbox.usage().total.cpu >= Duration::from_millis(300), "{:?}", sandbox.usage());
    Ok(())
}

#[tokio::test(flavor = "current_thread")]
async fn a_module_that_computes_leaves_the_thread_to_others_meanwhile() -> Result<()> {
    let sandbox = sandbox(&TestHost::new(), |manifest, _| manifest.limits.wall_ms = 60_000).await?;
    let mut turns = 0_u32;
    let others = async {
        loop {
            tokio::task::yield_now().await;
            turns += 1;
        }
    };
    tokio::select! {
        stopped = does(&sandbox, "loop") => assert!(stopped.is_err()),
        () = others => {}
    }
    assert!(turns >= 3, "others had {turns} turns in 100 ms");
    Ok(())
}

#[tokio::test]
async fn memory_beyond_the_limit_stops_the_call() -> Result<()> {
    let sandbox = sandbox(&TestHost::new(), |manifest, _| {
        manifest.limits.memory_mib = 16;
        manifest.limits.cpu_ms = 10_000;
        manifest.limits.wall_ms = 60_000;
    })
    .await?;
    let stopped = CallError::Stopped(StopReason::Memory { limit_mib: 16 });
    assert_eq!(does(&sandbox, "allocate").await, Err(stopped.clone()));
    assert_eq!(does_to(&sandbox, "allocate-once", "", 17).await, Err(stopped));
    assert!(does_to(&sandbox, "allocate-once", "", 8).await.is_ok());
    let peak = sandbox.usage().total.peak_memory;
    assert!((8 << 20..=16 << 20).contains(&peak), "{peak}");
    Ok(())
}

#[tokio::test]
async fn an_answer_too_long_to_be_handed_over_breaks_the_call() -> Result<()> {
    let sandbox = sandbox(&TestHost::new(), |manifest, _| manifest.limits.cpu_ms = 10_000).await?;
    let answer = does_to(&sandbox, "allocate-once", "", 20).await;
    assert!(matches!(answer, Err(CallError::Trapped { .. })), "{:?}", answer.map(|it| it.len()));
    Ok(())
}

#[tokio::test]
async fn calls_without_end_stop_at_the_end_of_the_stack() -> Result<()> {
    let sandbox = sandbox(&TestHost::new(), |manifest, _| manifest.limits.cpu_ms = 5_000).await?;
    let stopped = does(&sandbox, "recurse").await;
    // The guest's own stack is in its memory, and may end first.
    let is_stopped =
        matches!(stopped, Err(CallError::Stopped(StopReason::Stack) | CallError::Trapped { .. }));
    assert!(is_stopped, "{stopped:?}");
    assert!(does(&sandbox, "none").await.is_ok(), "it serves on");
    Ok(())
}

#[tokio::test]
async fn a_panic_says_what_and_where_it_was() -> Result<()> {
    let sandbox = sandbox(&TestHost::new(), |_, _| {}).await?;
    let Err(CallError::Trapped { message }) = does(&sandbox, "panic").await else {
        anyhow::bail!("not trapped");
    };
    assert!(message.contains("the module panics, as it was told to"), "{message}");
    assert!(message.contains("harm.rs:"), "{message}");
    Ok(())
}

#[tokio::test]
async fn a_trap_says_which() -> Result<()> {
    let sandbox = sandbox(&TestHost::new(), |_, _| {}).await?;
    let Err(error @ CallError::Trapped { .. }) = does(&sandbox, "trap").await else {
        anyhow::bail!("not trapped");
    };
    assert!(error.to_string().contains("unreachable"), "{error}");
    assert!(error.counts_against_module() && error.is_retryable());
    assert!(does(&sandbox, "none").await.is_ok(), "it serves on");
    Ok(())
}

#[tokio::test]
async fn waiting_without_end_is_stopped_by_the_wall_limit() -> Result<()> {
    let host = TestHost::new();
    let sandbox = sandbox(&host, |manifest, _| manifest.limits.wall_ms = 200).await?;
    let never = does_to(&sandbox, "ask", "http://127.0.0.1/never", 0).await;
    assert_eq!(never, Err(CallError::Stopped(StopReason::Wall { limit_ms: 200 })));
    assert_eq!(host.waiting.available_permits(), 1, "it did wait");
    Ok(())
}

#[tokio::test]
async fn an_operation_waits_for_a_hook_no_longer_than_it_says() -> Result<()> {
    let sandbox = sandbox(&TestHost::new(), |manifest, _| {
        manifest.limits.cpu_ms = 10_000;
        manifest.limits.wall_ms = 60_000;
    })
    .await?;
    let call = |title: &str| HookCall {
        point: "product.create".to_owned(),
        phase: Phase::Before,
        context: context(),
        value: format!("{{\"title\":\"{title}\"}}"),
        timeout: Duration::from_millis(150),
    };
    let stopped = sandbox.run_hook(call("harm:loop")).await;
    assert_eq!(stopped, Err(CallError::Stopped(StopReason::Wall { limit_ms: 150 })));
    Ok(())
}

#[tokio::test]
async fn what_a_module_says_against_a_call_is_told_apart() -> Result<()> {
    let sandbox = sandbox(&TestHost::new(), |_, _| {}).await?;
    let broken = does(&sandbox, "fail").await.unwrap_err();
    assert!(matches!(broken, CallError::Failed(ModuleFailure::Broken(_))), "{broken:?}");
    assert!(broken.counts_against_module() && !broken.is_retryable());
    let retry = does(&sandbox, "retry").await.unwrap_err();
    assert!(matches!(retry, CallError::Failed(ModuleFailure::Retry(_))), "{retry:?}");
    assert!(!retry.counts_against_module() && retry.is_retryable());
    let invalid = does(&sandbox, "unheard-of").await.unwrap_err();
    assert_eq!(invalid.kind(), ErrorKind::Invalid);
    assert!(!invalid.counts_against_module() && !invalid.is_retryable());
    Ok(())
}
